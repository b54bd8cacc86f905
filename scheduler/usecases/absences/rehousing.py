"""Carrying out what was decided about displaced appointments, line by line: each is its own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.errors import SchedulerError, SlotTaken, StaleVersion
from scheduler.models import Appointment, AppointmentStatus
from scheduler.usecases.absences.rows import Absence
from scheduler.usecases.actors import Actor
from scheduler.usecases.appointments.changing import cancel_appointment, move_appointment
from scheduler.usecases.appointments.queries import get_appointment

CLINIC = "clinic"
"""The reason kept with a session that is released."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an appointment goes; without a room, to any that is free."""

    starts_at: datetime
    practitioner_id: int
    location_id: int
    room_id: int | None = None
    or_any_room: bool = False
    """The room is the one that was thought of, so that all lines fit; another will do if it is taken meanwhile."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided about one displaced appointment; without a target it is released."""

    appointment_id: int
    version: int
    target: Target | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a choice; ``refusal`` says why nothing did."""

    choice: Choice
    refusal: SchedulerError | None = None

    @property
    def state(self) -> str:
        """moved, released, taken (the slot, meanwhile) or refused."""
        if self.refusal is None:
            return "moved" if self.choice.target else "released"
        return "taken" if isinstance(self.refusal, SlotTaken) else "refused"


def batch_of(absence: Absence) -> str:
    """What joins the changes of one absence, so that each patient is told once.

    With its beginning, because the number of an absence that was taken back may be given again.
    """
    number = absence.id if absence.id is not None else f"of {absence.whose}"
    return f"{absence.kind.value}:{number}:{absence.starts_at.timestamp():.0f}"


def rehouse(
    appointment_id: int,
    *,
    version: int,
    target: Target,
    batch: str | None = None,
    override_reason: str | None = None,
    actor: Actor,
    now: datetime,
) -> Appointment:
    """Move a displaced appointment, checked again as it is now; the same asked again changes nothing.

    ``batch`` joins the mails of several lines of one patient. Raises as move_appointment.
    """
    try:
        return move_appointment(
            appointment_id,
            version=version,
            starts_at=target.starts_at,
            practitioner_id=target.practitioner_id,
            location_id=target.location_id,
            room_id=target.room_id,
            batch=batch,
            override_reason=override_reason,
            actor=actor,
            now=now,
        )
    except SlotTaken as taken:
        if not (target.or_any_room and target.room_id and taken.details.get("resources") == ["room"]):
            raise
        return rehouse(
            appointment_id,
            version=version,
            target=replace(target, room_id=None),
            batch=batch,
            override_reason=override_reason,
            actor=actor,
            now=now,
        )
    except StaleVersion:
        moved = get_appointment(appointment_id)
        there = (moved.starts_at, moved.practitioner_id, moved.location_id)
        if there == (target.starts_at, target.practitioner_id, target.location_id):
            return moved
        raise


def release(appointment_id: int, *, version: int, actor: Actor, now: datetime) -> Appointment:
    """Cancel a displaced appointment for the clinic's reasons; its session is to place again.

    The same asked again changes nothing. Raises as cancel_appointment.
    """
    try:
        return cancel_appointment(appointment_id, version=version, reason=CLINIC, actor=actor, now=now)
    except StaleVersion:
        gone = get_appointment(appointment_id)
        if gone.status == AppointmentStatus.CANCELLED and gone.version == version + 1:
            return gone
        raise


def carry_out(
    choices: Sequence[Choice], *, batch: str | None = None, actor: Actor, now: datetime
) -> list[Outcome]:
    """Carry out every choice that still can be; the others say why not. In the order given.

    A slot may be one that another of the appointments leaves, so what was taken is tried again after the others.
    """
    found: dict[int, Outcome] = {}
    waiting = list(choices)
    while waiting:
        for choice in waiting:
            found[choice.appointment_id] = _carried_out(choice, batch, actor, now)
        taken = [choice for choice in waiting if found[choice.appointment_id].state == "taken"]
        waiting = taken if len(taken) < len(waiting) else []
    return [found[choice.appointment_id] for choice in choices]


def _carried_out(choice: Choice, batch: str | None, actor: Actor, now: datetime) -> Outcome:
    number, version, target = choice.appointment_id, choice.version, choice.target
    try:
        if target is None:
            release(number, version=version, actor=actor, now=now)
        else:
            rehouse(number, version=version, target=target, batch=batch, actor=actor, now=now)
    except SchedulerError as error:
        return Outcome(choice, error)
    return Outcome(choice)
