"""What is done from a terminal: ``flask --app wsgi …``."""

from flask import Flask

from scheduler.cli import clinic, demo, doctor, jobs, messages, people, practitioners, transfer


def register(app: Flask) -> None:
    """Add all commands."""
    for command in (
        clinic.commands,
        demo.commands,
        practitioners.commands,
        people.staff,
        people.api_key,
        people.feed,
        jobs.commands,
        messages.commands,
        doctor.doctor,
        transfer.patients,
        transfer.appointments,
        transfer.practitioners,
        transfer.export,
    ):
        app.cli.add_command(command)
