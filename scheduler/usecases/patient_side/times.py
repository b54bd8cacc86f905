"""Another time, from the patient's own page: booked at once, or asked for and accepted at the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput, NotFound, StaleVersion
from scheduler.models import Appointment, Clinic, Location, Practitioner, Rebooking, Task, TaskKind
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.booking.state import MOVABLE
from scheduler.usecases.lookup import find
from scheduler.usecases.patient_side.page import may_move
from scheduler.usecases.tasks import close_task, write_task

NOT_SOONER = timedelta(hours=2)
"""Nobody is expected to come to a time that is nearer."""
MOST_WISHES = 3
LONGEST_REMARK = 300


def _(message: str) -> str:
    """Mark a msgid for the extractor."""
    return message


ASKS = _("Asks for another time instead of %(when)s.")
ASKS_AND_SAYS = _("Asks for another time instead of %(when)s: “%(remark)s”")


class Wish(NamedTuple):
    """A slot that a patient would take instead; as text ``epoch|practitioner|location``."""

    starts_at: datetime
    practitioner_id: int
    location_id: int


@dataclass(frozen=True, slots=True)
class WishedSlot:
    """A wish of an open request as the desk sees it."""

    wish: Wish
    practitioner: str
    zone: str


@reading
def opened_for_moving(
    session: Session, patient_id: int, appointment_id: int, *, now: datetime
) -> tuple[Appointment, str]:
    """The appointment, and how the clinic has it: request or book.

    Raises NotFound for another's, Conflict when reception has not opened this or it is too late.
    """
    row = session.get(Appointment, appointment_id) if 0 < appointment_id < 2**31 else None
    if row is None or row.patient_id != patient_id:
        raise NotFound(what="appointment")
    clinic = session.get_one(Clinic, 1)
    if not may_move(clinic, row, now):
        raise Conflict("This appointment cannot be moved here. Please call the clinic.")
    return row, clinic.rebooking


@writing
def ask_for_times(
    session: Session,
    patient_id: int,
    appointment_id: int,
    wishes: Sequence[Wish],
    *,
    version: int,
    remark: str = "",
    actor: Actor,
    now: datetime,
) -> Task:
    """Ask reception for another time: a task with the wished slots; asked again, the open one is changed.

    Raises NotFound, StaleVersion, Conflict, InvalidInput.
    """
    lock_resources(session, [("patient", patient_id)])
    row = _asked_about(session, patient_id, appointment_id, version, now)
    if not 0 < len(wishes) <= MOST_WISHES:
        raise InvalidInput("Choose one to %(most)s times.", most=MOST_WISHES, field="slot")
    said = " ".join("".join(letter if letter.isprintable() else " " for letter in remark).split())
    detail = {
        "fields": {"when": wall(row)} | ({"remark": said[:LONGEST_REMARK]} if said else {}),
        "wishes": [written(wish) for wish in dict.fromkeys(wishes)],
    }
    note = ASKS_AND_SAYS if said else ASKS
    task = _open_request(session, row)
    if task is None:
        return write_task(
            session,
            TaskKind.REQUEST,
            patient_id,
            note,
            appointment_id=row.id,
            detail=detail,
            actor=actor,
            now=now,
        )
    task.note, task.detail, task.created_at = note, detail, now
    note_deed(session, actor, "task_changed", "task", task.id, now=now, patient_id=patient_id)
    return task


@writing
def drop_request(
    session: Session, patient_id: int, appointment_id: int, *, actor: Actor, now: datetime
) -> None:
    """Close an open request of the patient's that they settled otherwise: the appointment is cancelled or moved."""
    lock_resources(session, [("patient", patient_id)])
    row = find(session, Appointment, appointment_id)
    task = _open_request(session, row) if row.patient_id == patient_id else None
    if task is not None:
        close_task(session, task, actor, now)


def _asked_about(
    session: Session, patient_id: int, appointment_id: int, version: int, now: datetime
) -> Appointment:
    """The appointment as it is now. Raises NotFound for another's, StaleVersion, Conflict where this is not open."""
    row = find(session, Appointment, appointment_id)
    session.refresh(row)
    if row.patient_id != patient_id:
        raise NotFound(what="appointment")
    if row.version != version:
        raise StaleVersion(current={"version": row.version})
    clinic = session.get_one(Clinic, 1)
    if clinic.rebooking != Rebooking.REQUEST or not may_move(clinic, row, now):
        raise Conflict("This appointment cannot be moved here. Please call the clinic.")
    return row


@reading
def wished_slots(session: Session, tasks: Sequence[Task], *, now: datetime) -> dict[int, list[WishedSlot]]:
    """By open request, the slots that are still ahead, while there is something to move; two queries for any number."""
    wishes = {
        task.id: [wish for text in task.detail.get("wishes", ()) if (wish := read(text)).starts_at > now]
        for task in tasks
        if task.kind == TaskKind.REQUEST and task.done_at is None
        if task.appointment is not None and task.appointment.status in MOVABLE
    }
    every = [wish for found in wishes.values() for wish in found]
    people = {
        row.id: row.name
        for row in session.scalars(
            select(Practitioner).where(Practitioner.id.in_({wish.practitioner_id for wish in every}))
        )
    }
    places = select(Location.id, Location.zone).where(Location.id.in_({wish.location_id for wish in every}))
    zones = {row.id: row.zone for row in session.execute(places)}
    return {
        number: [
            WishedSlot(wish, people[wish.practitioner_id], zones[wish.location_id])
            for wish in found
            if wish.practitioner_id in people and wish.location_id in zones
        ]
        for number, found in wishes.items()
    }


@reading
def request_to_accept(session: Session, task_id: int) -> tuple[Task, Appointment]:
    """An open request and the appointment that is to be moved. Raises NotFound, Conflict."""
    task = find(session, Task, task_id)
    if task.kind != TaskKind.REQUEST or task.appointment_id is None:
        raise Conflict("This task asks for no other time.")
    if task.done_at is not None:
        raise Conflict("This task is done already.")
    return task, find(session, Appointment, task.appointment_id)


def written(wish: Wish) -> str:
    """A wish as forms and tasks carry it."""
    return f"{wish.starts_at.timestamp():.0f}|{wish.practitioner_id}|{wish.location_id}"


def read(text: str) -> Wish:
    """A wish back from its text. Raises InvalidInput."""
    try:
        start, practitioner_id, location_id = (int(part) for part in text.split("|"))
        return Wish(datetime.fromtimestamp(start, UTC), practitioner_id, location_id)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput("The choice cannot be read. Please choose again.", field="slot") from None


def _open_request(session: Session, row: Appointment) -> Task | None:
    query = select(Task).where(
        Task.patient_id == row.patient_id,
        Task.appointment_id == row.id,
        Task.kind == TaskKind.REQUEST.value,
        Task.done_at.is_(None),
    )
    return session.scalars(query.order_by(Task.id).limit(1).with_for_update()).first()


def wall(row: Appointment) -> str:
    """Day and time where it takes place, the same in every language: what a request says."""
    return f"{row.starts_at.astimezone(ZoneInfo(row.location.zone)):%Y-%m-%d %H:%M}"
