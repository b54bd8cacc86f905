"""What is done from a terminal: ``flask --app wsgi …``."""

from flask import Flask

from scheduler.cli import clinic, demo, people


def register(app: Flask) -> None:
    """Add all commands."""
    for command in (clinic.commands, demo.commands, people.staff, people.api_key, people.feed):
        app.cli.add_command(command)
