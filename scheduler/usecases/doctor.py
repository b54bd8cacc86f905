"""Looking whether the installation is sound: the guards, the schema, the recurring jobs."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    DiaryWeek,
    JobRun,
    Location,
    Patient,
    Practitioner,
    Room,
)
from scheduler.models.overlap_guard import RESOURCES
from scheduler.transaction import constraint_name, reading, writing

PROBE_AT = datetime(2190, 1, 1, 12, tzinfo=UTC)
FIRST, SECOND = -1, -2
"""Identities that no real row has."""


@writing
def missing_guards(session: Session) -> list[str]:
    """The resources whose double booking the database would accept; empty when all is well.

    Really tries it, with rows of its own far in the future, and leaves nothing behind.
    """
    with session.begin_nested() as trial:
        _insert_parents(session)
        session.execute(insert(Appointment).values(_probe_row(FIRST, shared=None)))
        accepted = [resource for resource in RESOURCES if not _is_refused(session, resource)]
        trial.rollback()
    return accepted


@reading
def stored_revision(session: Session) -> str | None:
    """The revision of the database's schema; None where nothing was ever migrated. Raises OperationalError if it
    cannot be reached."""
    session.connection()
    try:
        revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    except (OperationalError, ProgrammingError):
        session.rollback()
        return None
    return revision


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """The revision that the code's newest migration leads to."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    return ScriptDirectory.from_config(config).get_current_head()


@reading
def job_runs(session: Session) -> list[JobRun]:
    """When each recurring job last ran."""
    return list(session.query(JobRun).order_by(JobRun.name))


@writing
def stamps_are_renewed(session: Session) -> bool:
    """Whether the database's triggers still tell which weeks of the diary changed; leaves nothing behind."""
    with session.begin_nested() as trial:
        _insert_parents(session)
        session.execute(insert(Appointment).values(_probe_row(FIRST, shared=None)))
        stamps = session.scalars(select(DiaryWeek.stamp).where(DiaryWeek.practitioner_id == FIRST)).all()
        trial.rollback()
    return bool(stamps)


def _is_refused(session: Session, resource: str) -> bool:
    try:
        with session.begin_nested() as attempt:
            session.execute(insert(Appointment).values(_probe_row(SECOND, shared=resource)))
            attempt.rollback()
    except DBAPIError as error:
        return constraint_name(error) == f"overlap_{resource}"
    return False


def _insert_parents(session: Session) -> None:
    session.execute(insert(Location).values(id=FIRST, name="overlap probe", address="", zone="UTC"))
    for number in (FIRST, SECOND):
        name = {"given_name": "overlap", "family_name": "probe"}
        session.execute(insert(Room).values(id=number, location_id=FIRST, name=f"probe {number}"))
        session.execute(insert(Practitioner).values(id=number, colour="#000000", **name))
        session.execute(
            insert(Patient).values(
                id=number,
                wants_reminders=False,
                notes="",
                cautions=[],
                created_at=PROBE_AT,
                version=1,
                **name,
            )
        )
    session.execute(
        insert(AppointmentType).values(
            id=FIRST,
            name="overlap probe",
            duration_minutes=30,
            buffer_before_minutes=0,
            buffer_after_minutes=0,
            needs_room=False,
            is_needling=False,
            colour="#000000",
        )
    )


def _probe_row(number: int, shared: str | None) -> dict[str, object]:
    """An appointment of its own practitioner, room and patient, except for the shared one."""
    start, end = PROBE_AT, PROBE_AT + timedelta(minutes=30)
    own = {key: number for key, _, _ in RESOURCES.values()}
    if shared is not None:
        own[RESOURCES[shared][0]] = FIRST
    return {
        "id": number,
        "uid": f"overlap-probe{number}",
        "location_id": FIRST,
        "appointment_type_id": FIRST,
        "starts_at": start,
        "ends_at": end,
        "busy_from": start,
        "busy_until": end,
        "status": AppointmentStatus.BOOKED.value,
        "version": 1,
        "sequence": 0,
        "changed_at": start,
        "created_at": start,
        "cancel_reason": "",
        "override_rules": [],
        **own,
    }
