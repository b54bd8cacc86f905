"""Whether the database is fit to be worked with: for everything that starts and then runs for long."""

from flask import current_app
from sqlalchemy.exc import DBAPIError

from scheduler.extensions import db
from scheduler.usecases.clinic.first_setup import is_set_up, setup_code
from scheduler.usecases.doctor import missing_guards, newest_revision, stamps_are_renewed, stored_revision

SETUP_PATH = "/setup"
SET_UP = "CLINIC_IS_SET_UP"


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


def clinic_is_set_up() -> bool:
    """Whether there is a clinic; each process asks until there is one, then never again."""
    if not current_app.config.get(SET_UP):
        current_app.config[SET_UP] = is_set_up()
    return bool(current_app.config[SET_UP])


def setup_announcement(base_url: str, secret_key: str) -> str:
    """What to print where the service is started while there is no clinic, else "". Leaves no connection behind."""
    try:
        if is_set_up():
            return ""
    finally:
        db.session.remove()
        db.engine.dispose()
    lines = (
        "The clinic is not set up yet.",
        f"Open    {base_url}{SETUP_PATH}",
        f"Code    {setup_code(secret_key)}",
    )
    return "\n" + "".join(f"  {line}\n" for line in lines) + "\n"
