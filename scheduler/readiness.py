"""Whether the database is fit to be worked with: for everything that starts and then runs for long."""

from sqlalchemy.exc import DBAPIError

from scheduler.extensions import db
from scheduler.usecases.doctor import missing_guards, newest_revision, stamps_are_renewed, stored_revision


class NotReady(Exception):
    """The database is not fit; one sentence for the person who starts the service."""


def refuse_unfit_database() -> None:
    """Raise NotReady unless the database is reached, its schema is the newest and it refuses double bookings.

    Needs an application context; leaves no connection behind, so that a server may fork afterwards.
    """
    try:
        if stored_revision() != newest_revision():
            raise NotReady("Not started: the database needs migrations: run flask --app wsgi db upgrade.")
        if unguarded := missing_guards():
            raise NotReady(
                f"Not started: the database would accept double bookings ({', '.join(unguarded)}): "
                "its overlap guards are missing. Restore it from a backup, or ask for help."
            )
        if not stamps_are_renewed():
            raise NotReady(
                "Not started: the database no longer tells which weeks of the diary changed: "
                "its diary_weeks triggers are missing. Restore it from a backup, or ask for help."
            )
    except DBAPIError as error:
        reason = str(error.orig).strip().split("\n")[0]
        raise NotReady(f"Not started: the database cannot be used: {reason}") from error
    finally:
        db.session.remove()
        db.engine.dispose()
