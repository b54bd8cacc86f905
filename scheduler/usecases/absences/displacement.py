"""What an absence, a closure or a room out of use displaces, and where it can go instead.

Nothing is stored for it: what is displaced is a query, proposals are worked out afresh. Before it is saved and after.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.errors import NotFound
from scheduler.models import Appointment
from scheduler.planning.cadence import Window
from scheduler.planning.repair import DisplacedReason, repair_all
from scheduler.planning.repair.market import Candidate, Market
from scheduler.planning.series import Fixed, Supply, Weights
from scheduler.planning.timeline import instant_of
from scheduler.transaction import reading
from scheduler.usecases.absences.displacement_question import NO_WISHES, Others, TakenSlot, ask
from scheduler.usecases.absences.displacement_rows import described, displaced_rows, rows_named, stays_of
from scheduler.usecases.absences.rows import Absence, AbsenceKind, stored_absence
from scheduler.usecases.absences.times import Edge

BEYOND_DAYS = 21
"""How far after its window slots for one appointment may be looked for."""
MOST_SLOTS, MOST_A_DAY = 12, 2
"""So many other slots are shown for one appointment, and of each day and practitioner."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a displaced appointment could be instead; instants in UTC."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    location_id: int
    room_id: int | None
    compromises: tuple[str, ...]
    """Codes: what the patient is not used to (see displaced_wording.py)."""


@dataclass(frozen=True, slots=True)
class MeantSlot:
    """What another displaced appointment is to have."""

    appointment_id: int
    starts_at: datetime
    practitioner_id: int
    room_id: int | None


@dataclass(frozen=True, slots=True)
class DisplacedLine:
    """A displaced appointment, when it may be instead, and the slot proposed or the reason why there is none."""

    appointment: Appointment
    window: Window
    slot: Slot | None
    reason: DisplacedReason | None


@dataclass(frozen=True, slots=True)
class Displacement:
    """An absence and what it displaces, the appointment whose window ends first being the first line."""

    absence: Absence
    lines: list[DisplacedLine]
    stays: dict[int, list[Appointment]]
    """By patient: what is booked around the displaced appointments and stays."""

    @property
    def plans(self) -> int:
        """How many plans are concerned."""
        sessions = [line.appointment.planned_session for line in self.lines]
        return len({planned.plan_id for planned in sessions if planned})

    @property
    def patients(self) -> int:
        """How many patients are concerned."""
        return len({line.appointment.patient_id for line in self.lines})

    @property
    def repaired(self) -> int:
        """For how many there is a slot."""
        return sum(line.slot is not None for line in self.lines)


@reading
def describe_absence(
    session: Session,
    *,
    practitioner_id: int | None = None,
    location_id: int | None = None,
    room_id: int | None = None,
    starts: Edge,
    until: Edge,
    clock: str | int | None = None,
    reason: str = "",
) -> Absence:
    """The absence of one practitioner, location or room as it would be saved, for other questions here.

    ``clock`` is the location whose zone counts for a practitioner. Raises NotFound or InvalidInput.
    """
    return described(session, practitioner_id, location_id, room_id, starts, until, clock, reason)


@reading
def preview_absence(
    session: Session,
    *,
    practitioner_id: int | None = None,
    location_id: int | None = None,
    room_id: int | None = None,
    starts: Edge,
    until: Edge,
    clock: str | int | None = None,
    reason: str = "",
    others: Others = Others.WISHES,
    others_for: Mapping[int, Others] = NO_WISHES,
    now: datetime,
) -> Displacement:
    """What an absence would displace and how that could be repaired; nothing is saved.

    ``others`` says whether other qualified practitioners are offered, ``others_for`` the same for single
    appointments. Raises as describe_absence.
    """
    found = described(session, practitioner_id, location_id, room_id, starts, until, clock, reason)
    return _displacement(session, found, others, others_for, now)


@reading
def list_displaced(
    session: Session,
    kind: AbsenceKind,
    number: int,
    *,
    others: Others = Others.WISHES,
    others_for: Mapping[int, Others] = NO_WISHES,
    now: datetime,
) -> Displacement:
    """What is still booked within a saved absence or closure, with fresh proposals. Raises NotFound."""
    return _displacement(session, stored_absence(session, kind, number, now), others, others_for, now)


@reading
def choose_slots(
    session: Session,
    absence: Absence,
    appointment_id: int,
    *,
    others: Others = Others.WISHES,
    beyond: bool = False,
    meant: Sequence[MeantSlot] = (),
    now: datetime,
) -> tuple[Appointment, list[Slot]]:
    """A displaced appointment and up to 12 slots in its window, the best first, beside what is meant for others.

    ``beyond``: up to three weeks after its window, too.

    Raises NotFound if it is not displaced, or not any more.
    """
    rows = displaced_rows(session, absence, now)
    row = next((row for row in rows if row.id == appointment_id), None)
    if row is None:
        raise NotFound(what="displaced appointment")
    question = ask(
        session,
        absence,
        [row],
        others=others,
        taken=_taken(rows, meant),
        among=[row.id for row in rows],
        beyond_days=BEYOND_DAYS if beyond else 0,
        now=now,
    )
    window = question.displaced[0].window
    if beyond:
        window = replace(window, latest=window.latest - timedelta(days=BEYOND_DAYS))
    habit = question.displaced[0].habit
    market = Market(question.displaced, question.supplies, question.rooms, Weights())
    found: list[Slot] = []
    days: dict[tuple[int, int], int] = defaultdict(int)
    for candidate in market.open_candidates(0):
        supply = question.supplies[candidate.supply]
        days[candidate.day, supply.practitioner_id] += 1
        if days[candidate.day, supply.practitioner_id] <= MOST_A_DAY:
            found.append(_candidate_slot(row, habit, window, candidate, supply, market))
        if len(found) == MOST_SLOTS:
            break
    return row, found


@reading
def appointments_named(session: Session, numbers: Sequence[int]) -> dict[int, Appointment]:
    """These appointments as they are now, by number."""
    return {row.id: row for row in rows_named(session, numbers)}


def _taken(rows: Sequence[Appointment], meant: Sequence[MeantSlot]) -> list[TakenSlot]:
    """What is meant for others, with the buffers of their types; not what has been moved meanwhile."""
    kinds = {row.id: row.appointment_type for row in rows}
    found = []
    for slot in meant:
        kind = kinds.get(slot.appointment_id)
        if kind is not None:
            before = timedelta(minutes=kind.buffer_before_minutes)
            after = timedelta(minutes=kind.duration_minutes + kind.buffer_after_minutes)
            found.append(
                TakenSlot(slot.starts_at - before, slot.starts_at + after, slot.practitioner_id, slot.room_id)
            )
    return found


def _displacement(
    session: Session, absence: Absence, others: Others, others_for: Mapping[int, Others], now: datetime
) -> Displacement:
    rows = displaced_rows(session, absence, now)
    lines = _lines(session, absence, rows, others, others_for, now) if rows else []
    lines.sort(key=lambda line: (line.window.latest, line.appointment.starts_at, line.appointment.id))
    return Displacement(replace(absence, appointments=len(rows)), lines, stays_of(session, rows))


def _lines(
    session: Session,
    absence: Absence,
    rows: Sequence[Appointment],
    others: Others,
    others_for: Mapping[int, Others],
    now: datetime,
) -> list[DisplacedLine]:
    question = ask(session, absence, rows, others=others, others_for=others_for, now=now)
    found = repair_all(question.displaced, question.supplies, question.rooms)
    lines = []
    for row, one, line in zip(rows, question.displaced, found, strict=True):
        slot = None
        if line.offer is not None:
            offer = line.offer
            slot = _slot(
                row,
                one.habit,
                one.window,
                instant_of(offer.tick),
                offer.day,
                offer.minute,
                offer.practitioner_id,
                offer.location_id,
                offer.room_id,
            )
        lines.append(DisplacedLine(row, one.window, slot, line.reason))
    return lines


def _candidate_slot(
    row: Appointment, habit: Fixed, window: Window, candidate: Candidate, supply: Supply, market: Market
) -> Slot:
    starts_at = instant_of(supply.clock.horizon.start_tick + candidate.begin)
    room = market.room_for(0, candidate)
    return _slot(
        row,
        habit,
        window,
        starts_at,
        candidate.day,
        candidate.minute,
        supply.practitioner_id,
        supply.location_id,
        room,
    )


def _slot(
    row: Appointment,
    habit: Fixed,
    window: Window,
    starts_at: datetime,
    day: int,
    minute: int,
    practitioner_id: int,
    location_id: int,
    room_id: int | None,
) -> Slot:
    """The slot with what the patient is not used to."""
    differs = {
        "other_practitioner": practitioner_id != habit.practitioner_id,
        "other_location": location_id != habit.location_id,
        "other_weekday": day % 7 != habit.day % 7,
        "other_time": minute != habit.minute,
        "outside_window": date.fromordinal(day) not in window,
    }
    return Slot(
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=row.appointment_type.duration_minutes),
        practitioner_id=practitioner_id,
        location_id=location_id,
        room_id=room_id,
        compromises=tuple(code for code, is_so in differs.items() if is_so),
    )
