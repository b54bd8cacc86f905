"""Command groups that say what went wrong in a sentence, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError, ProgrammingError

from scheduler.errors import SchedulerError
from scheduler.readiness import NotReady


class PlainGroup(AppGroup):
    """A group of commands whose refusals are one sentence and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with said_plainly():
            return super().invoke(ctx)


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn the errors that a person can act on into what click prints."""
    try:
        yield
    except (SchedulerError, NotReady) as error:
        raise click.ClickException(str(error)) from error
    except (OperationalError, ProgrammingError) as error:
        raise click.ClickException(
            "The database cannot be used: is it running, and are its tables there? "
            "flask --app wsgi doctor says more; flask --app wsgi db upgrade makes the tables."
        ) from error
