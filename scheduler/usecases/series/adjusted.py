"""A series that reception put together from a proposal, as a proposal of its own with its compromises."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Location, SessionStatus, TreatmentPlan
from scheduler.planning.series import Note, Unplaced
from scheduler.transaction import reading
from scheduler.usecases.clinic.catalogue import zone_of
from scheduler.usecases.lookup import find
from scheduler.usecases.plans.prescribing import SessionLine, view_of
from scheduler.usecases.plans.wishes import length_of
from scheduler.usecases.series.placement import ChosenSlot
from scheduler.usecases.series.proposals import ProposedSession, SeriesProposal

ADJUSTED = "adjusted"
"""What sets it apart from the proposals."""


@reading
def read_adjusted_series(session: Session, plan_id: int, chosen: Sequence[ChosenSlot]) -> SeriesProposal:
    """The chosen slots among what is booked, in order, with how far each is off its ideal day.

    Whether they are still free is asked when they are held or placed. Raises NotFound, InvalidInput for a session that
    the plan does not have, Conflict for one that is not to place.
    """
    plan = find(session, TreatmentPlan, plan_id)
    lines = [
        line
        for line in view_of(session, plan).lines
        if line.appointment or line.session.status == SessionStatus.TO_PLACE
    ]
    slots = _by_number(lines, chosen)
    sessions: list[ProposedSession] = []
    unplaced: list[Unplaced] = []
    previous: tuple[date, int] | None = None
    for line in lines:
        slot = slots.get(line.session.number)
        if line.appointment is None and slot is None:
            unplaced.append(Unplaced(line.session.number, "other_sessions"))
            continue
        row, day = _row(session, line, slot, previous)
        previous = (day, row.practitioner_id)
        sessions.append(row)
    return SeriesProposal(cost=0, differs_in=ADJUSTED, sessions=sessions, unplaced=tuple(unplaced))


def _by_number(lines: Sequence[SessionLine], chosen: Sequence[ChosenSlot]) -> dict[int, ChosenSlot]:
    known = {line.session.number: line for line in lines}
    for slot in chosen:
        if slot.number not in known:
            raise InvalidInput("This plan has no session %(number)s.", number=slot.number, field="sessions")
        if known[slot.number].appointment is not None:
            raise Conflict("Session %(number)s has its appointment.", number=slot.number)
    return {slot.number: slot for slot in chosen}


def _row(
    session: Session, line: SessionLine, slot: ChosenSlot | None, previous: tuple[date, int] | None
) -> tuple[ProposedSession, date]:
    """A session as it is booked or chosen, and its local date."""
    starts_at: datetime
    if line.appointment is not None:
        starts_at, practitioner_id = line.appointment.starts_at, line.appointment.practitioner_id
        place = line.appointment.location
    elif slot is not None and slot.location_id is not None:
        starts_at, practitioner_id = slot.starts_at, slot.practitioner_id
        place = find(session, Location, slot.location_id)
    else:
        raise InvalidInput("The choice cannot be read. Please choose again.", field="sessions")
    day = starts_at.astimezone(zone_of(place)).date()
    days = (day - previous[0]).days if previous is not None else None
    row = ProposedSession(
        number=line.session.number,
        starts_at=starts_at,
        ends_at=starts_at + length_of(line),
        practitioner_id=practitioner_id,
        location_id=place.id,
        days_since_previous=days,
        notes=_notes(line, days, practitioner_id, previous),
        fixed=line.appointment is not None,
    )
    return row, day


def _notes(
    line: SessionLine, days: int | None, practitioner_id: int, previous: tuple[date, int] | None
) -> tuple[Note, ...]:
    notes: list[Note] = []
    ideal = line.session.phase.ideal_days
    if days is not None and days != ideal:
        code = "gap_longer" if days > ideal else "gap_shorter"
        notes.append(Note(code, 0, {"days": days, "ideal_days": ideal}))  # type: ignore[arg-type]
    if previous is not None and previous[1] != practitioner_id:
        notes.append(Note("other_practitioner", 0))
    return tuple(notes)
