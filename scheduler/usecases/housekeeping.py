"""What the recurring jobs keep of themselves, and clearing away what nobody needs any more."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scheduler.models.audit import IdempotencyKey, JobRun
from scheduler.models.staff import BrowserSession, SignInFailure
from scheduler.transaction import writing
from scheduler.usecases.booking.held_slots import clear_expired
from scheduler.usecases.tries import KEPT_FOR

KEYS_KEPT = timedelta(hours=48)
"""How long a repeated request still finds its result."""


@writing
def start_job(session: Session, name: str, *, now: datetime) -> None:
    """Keep that a job began."""
    _keep(session, name, {"started_at": now}, {"started_at": now})


@writing
def finish_job(session: Session, name: str, *, error: str, now: datetime) -> None:
    """Keep that a job ended, and with which error; "" for none."""
    ended = {"finished_at": now, "error": error}
    _keep(session, name, ended | {"started_at": now}, ended)


@writing
def tidy_up(session: Session, *, now: datetime) -> int:
    """Delete ended browser sessions, old idempotency keys, forgotten sign-in failures; how many. And ended holds."""
    clear_expired(session, now=now)
    gone = [
        delete(BrowserSession).where(BrowserSession.expires_at <= now),
        delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - KEYS_KEPT),
        delete(SignInFailure).where(SignInFailure.blocked_until <= now - KEPT_FOR),
    ]
    return sum(session.execute(statement).rowcount for statement in gone)  # type: ignore[attr-defined]


def _keep(session: Session, name: str, first: dict[str, object], later: dict[str, object]) -> None:
    """One statement, because several clocks may write the first row of a job at once."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(JobRun).values(name=name, **first).on_conflict_do_update(index_elements=["name"], set_=later)
    )
