"""``jobs``: the recurring work, for as long as the command runs or once."""

import click
from flask import Flask, current_app

from scheduler.cli.plainly import PlainGroup
from scheduler.jobs import JOBS, run_clock, run_job
from scheduler.readiness import refuse_unfit_database

commands = PlainGroup("jobs", help="Recurring work: sending mails and reminders, tidying up.")


@commands.command("run")
def run() -> None:
    """Do the recurring work until Ctrl-C or SIGTERM.

    Web processes started with RUN_CLOCK=1 do the same beside serving. Any number of either may run: nothing is sent
    twice.
    """
    refuse_unfit_database()
    run_clock(_app())


@commands.command("once")
@click.argument("name", required=False, type=click.Choice(list(JOBS)))
def once(name: str | None) -> None:
    """Run one job, or all of them, once.

    NAME is the job; without it all are run. For cron, and to try things out.
    """
    for each in [name] if name is not None else JOBS:
        click.echo(f"{each}: {run_job(_app(), each)}")


def _app() -> Flask:
    """The application itself, as the clock's threads need it."""
    application: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return application
