"""What an absence, a closure or a room out of use displaces, and where it can go instead.

Nothing is stored for it: what is displaced is a query, proposals are worked out afresh. Before it is saved and after.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy.orm import Session

from scheduler.errors import NotFound
from scheduler.models import Appointment
from scheduler.planning.cadence import Window
from scheduler.planning.repair import DisplacedReason, repair_all
from scheduler.planning.repair.market import Market
from scheduler.planning.series import Weights
from scheduler.transaction import reading
from scheduler.usecases.absences.displacement_free import TakenSlot
from scheduler.usecases.absences.displacement_question import NO_WISHES, Others, Question, ask, windows_of
from scheduler.usecases.absences.displacement_rows import described, displaced_rows, rows_named, stays_of
from scheduler.usecases.absences.displacement_slots import Slot, candidate_slot, offered_slot, same_time
from scheduler.usecases.absences.other_rooms import other_rooms, staying
from scheduler.usecases.absences.rows import Absence, AbsenceKind, stored_absence
from scheduler.usecases.absences.times import Edge

BEYOND_DAYS = 21
"""How far after its window slots for one appointment may be looked for."""
MOST_SLOTS, MOST_A_DAY = 12, 2
"""So many other slots are shown for one appointment, and of each day and practitioner."""


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

    @property
    def same_time(self) -> int:
        """How many of them only change the room."""
        return sum(line.slot is not None and line.slot.is_same_time(line.appointment) for line in self.lines)


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
    """What the absence of one practitioner, location or room would displace and how that could be repaired; nothing is
    saved. ``clock`` is the location whose zone counts for a practitioner.

    ``others`` says whether other qualified practitioners are offered, ``others_for`` the same for single
    appointments. Raises NotFound or InvalidInput.
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

    Another room at the same time comes before all, be that in its window or not.
    ``beyond``: up to three weeks after its window, too.

    Raises NotFound if it is not displaced, or not any more.
    """
    rows = displaced_rows(session, absence, now)
    row = next((row for row in rows if row.id == appointment_id), None)
    if row is None:
        raise NotFound(what="displaced appointment")
    taken = _taken(rows, meant)
    found = [same_time(row, room) for room in other_rooms(session, absence, [row], taken, now).values()]
    question = ask(
        session,
        absence,
        [row],
        others=others,
        taken=taken,
        among=[row.id for row in rows],
        beyond_days=BEYOND_DAYS if beyond else 0,
        now=now,
    )
    window = question.displaced[0].window
    if beyond:
        window = replace(window, latest=window.latest - timedelta(days=BEYOND_DAYS))
    same = {slot.starts_at for slot in found}
    found += islice(_other_times(question, row, window, same), MOST_SLOTS - len(found))
    return row, found


def _other_times(
    question: Question, row: Appointment, window: Window, same: Collection[datetime]
) -> Iterator[Slot]:
    """The slots open to the one appointment asked for, the best first; not where it is, which is ``same``."""
    habit = question.displaced[0].habit
    market = Market(question.displaced, question.supplies, question.rooms, Weights())
    days: dict[tuple[int, int], int] = defaultdict(int)
    for candidate in market.open_candidates(0):
        supply = question.supplies[candidate.supply]
        slot = candidate_slot(row, habit, window, candidate, supply, market)
        if slot.starts_at in same and not slot.compromises:
            continue
        days[candidate.day, supply.practitioner_id] += 1
        if days[candidate.day, supply.practitioner_id] <= MOST_A_DAY:
            yield slot


@reading
def appointments_named(session: Session, numbers: Sequence[int]) -> dict[int, Appointment]:
    """These appointments as they are now, by number."""
    return {row.id: row for row in rows_named(session, numbers)}


def _taken(rows: Sequence[Appointment], meant: Sequence[MeantSlot]) -> list[TakenSlot]:
    """What is meant for others, as long as they are, with their buffers; not what has been moved meanwhile."""
    by_id = {row.id: row for row in rows}
    found = []
    for slot in meant:
        row = by_id.get(slot.appointment_id)
        if row is not None:
            before = timedelta(minutes=row.appointment_type.buffer_before_minutes)
            after = row.ends_at - row.starts_at + timedelta(minutes=row.appointment_type.buffer_after_minutes)
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
    rooms = other_rooms(session, absence, rows, (), now)
    stay, go = [row for row in rows if row.id in rooms], [row for row in rows if row.id not in rooms]
    windows = windows_of(session, absence, stay, now) if stay else []
    lines = [
        DisplacedLine(row, window, same_time(row, rooms[row.id]), None)
        for row, window in zip(stay, windows, strict=True)
    ]
    if not go:
        return lines
    taken = staying(stay, rooms)
    question = ask(session, absence, go, others=others, others_for=others_for, taken=taken, now=now)
    found = repair_all(question.displaced, question.supplies, question.rooms)
    for row, one, line in zip(go, question.displaced, found, strict=True):
        slot = offered_slot(row, one.habit, one.window, line.offer) if line.offer else None
        lines.append(DisplacedLine(row, one.window, slot, line.reason))
    return lines
