"""Who and which room is taken when: a practitioner's week is worked out once and remembered by this process.

What is remembered is good as long as the database's stamp of that week is the same (models/diary_weeks.py). Stamps are
read before rows, so a week may be remembered newer than its stamp says, never older. Any process can rebuild all of it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session

from scheduler.models import Appointment
from scheduler.models.appointments import NOT_BOOKED
from scheduler.models.base import epoch
from scheduler.models.diary_weeks import WEEK_SECONDS, DiaryWeek
from scheduler.planning.timeline import TICK_SECONDS, Horizon, busy_bits, instant_of
from scheduler.usecases.availability.rows import LONGEST, holds_in_force

WEEK_TICKS = WEEK_SECONDS // TICK_SECONDS
WEEK_BYTES = WEEK_TICKS // 8
EMPTY = bytes(WEEK_BYTES)
MOST_REMEMBERED = 20_000
"""Weeks; about a kilobyte each."""
Pair = tuple[int, int]
Place = tuple[int, int]
"""A practitioner and a week."""


@dataclass(slots=True)
class TakenWeek:
    """What a practitioner's appointments take of a week: of the practitioner, and of rooms; a bit a tick."""

    practitioner: bytes = EMPTY
    rooms: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """Taken ticks of a horizon by practitioner and by room; who is missing is free."""

    practitioners: dict[int, int]
    rooms: dict[int, int]

    def without(self, freed: "Taken") -> "Taken":
        """The same less ``freed``; nothing of one practitioner or room overlaps, so whole ticks can be taken out."""
        return Taken(
            {key: bits & ~freed.practitioners.get(key, 0) for key, bits in self.practitioners.items()},
            {key: bits & ~freed.rooms.get(key, 0) for key, bits in self.rooms.items()},
        )

    def with_(self, more: "Taken") -> "Taken":
        """The same and ``more``."""
        return Taken(
            _joined_bits(self.practitioners, more.practitioners), _joined_bits(self.rooms, more.rooms)
        )


_remembered: dict[tuple[int, int, int], TakenWeek] = {}
"""(practitioner, week, stamp) -> what is taken. The stamp is random, so databases and restores never meet."""


def taken_ticks(session: Session, horizon: Horizon) -> Taken:
    """What is taken over a horizon; one query when all of it is remembered, two otherwise."""
    first, last = horizon.start_tick // WEEK_TICKS, (horizon.end_tick - 1) // WEEK_TICKS
    stamps = session.execute(_stamps(), {"first": first, "last": last}).all()
    keys = [(practitioner, week, stamp) for practitioner, week, stamp in stamps]
    found = {key: known for key in keys if (known := _remembered.get(key)) is not None}
    missing = [key for key in keys if key not in found]
    if missing:
        found |= _work_out(session, missing)
        if len(_remembered) > MOST_REMEMBERED:
            _remembered.clear()
        _remembered.update(found)
    return _joined(found, first, last, horizon)


@lru_cache(maxsize=1)
def _stamps() -> Any:
    """Made once: putting a statement together takes longer than running it."""
    return select(DiaryWeek.practitioner_id, DiaryWeek.week, DiaryWeek.stamp).where(
        DiaryWeek.week.between(bindparam("first"), bindparam("last"))
    )


def freed_ticks(session: Session, horizon: Horizon, appointment_ids: Collection[int]) -> Taken:
    """What these appointments take of a horizon, with their buffers."""
    return _taken_by(
        session, horizon, Appointment.id.in_(appointment_ids), Appointment.status.not_in(NOT_BOOKED)
    )


def held_ticks(session: Session, horizon: Horizon, now: datetime, for_plan: int | None) -> Taken:
    """What is held over a horizon at ``now``, but not for the plan ``for_plan``: never remembered, it just ends.

    Holds are asked for first: there are hardly ever any, and without them no appointment need be looked at.
    """
    holds = session.scalars(holds_in_force(now, for_plan)).all()
    if not holds:
        return Taken({}, {})
    return _taken_by(
        session,
        horizon,
        Appointment.hold_id.in_(holds),
        Appointment.starts_at > instant_of(horizon.start_tick) - LONGEST,
        Appointment.starts_at < instant_of(horizon.end_tick) + LONGEST,
    )


def _taken_by(session: Session, horizon: Horizon, *conditions: ColumnElement[bool]) -> Taken:
    people: dict[int, list[Pair]] = defaultdict(list)
    rooms: dict[int, list[Pair]] = defaultdict(list)
    for practitioner, room, start, end in session.execute(
        select(
            Appointment.practitioner_id,
            Appointment.room_id,
            epoch(Appointment.busy_from),
            epoch(Appointment.busy_until),
        ).where(*conditions)
    ):
        people[practitioner].append((start, end))
        if room is not None:
            rooms[room].append((start, end))
    return Taken(
        {person: busy_bits(pairs, horizon) for person, pairs in people.items()},
        {room: busy_bits(pairs, horizon) for room, pairs in rooms.items()},
    )


def _joined_bits(some: Mapping[int, int], others: Mapping[int, int]) -> dict[int, int]:
    return dict(some) | {key: some.get(key, 0) | bits for key, bits in others.items()}


def _joined(found: dict[tuple[int, int, int], TakenWeek], first: int, last: int, horizon: Horizon) -> Taken:
    """The weeks side by side, cut to the horizon."""
    weeks = last - first + 1
    people: dict[int, list[bytes]] = {}
    rooms: dict[int, list[int]] = {}
    for (practitioner, week, _), taken in found.items():
        people.setdefault(practitioner, [EMPTY] * weeks)[week - first] = taken.practitioner
        for room, bits in taken.rooms.items():
            rooms.setdefault(room, [0] * weeks)[week - first] |= bits
    skipped = horizon.start_tick - first * WEEK_TICKS
    inside = horizon.all

    def cut(parts: Iterable[bytes]) -> int:
        return (int.from_bytes(b"".join(parts), "little") >> skipped) & inside

    return Taken(
        {person: cut(parts) for person, parts in people.items()},
        {room: cut(bits.to_bytes(WEEK_BYTES, "little") for bits in parts) for room, parts in rooms.items()},
    )


def _work_out(
    session: Session, missing: Collection[tuple[int, int, int]]
) -> dict[tuple[int, int, int], TakenWeek]:
    rows = session.execute(
        select(
            Appointment.practitioner_id,
            Appointment.room_id,
            epoch(Appointment.busy_from),
            epoch(Appointment.busy_until),
        )
        .where(*_of_weeks(missing))
        .order_by(Appointment.starts_at)
    )
    people: dict[Place, list[Pair]] = defaultdict(list)
    rooms: dict[Place, dict[int, list[Pair]]] = defaultdict(lambda: defaultdict(list))
    for practitioner, room, start, end in rows:
        for week in range(start // WEEK_SECONDS, (end - 1) // WEEK_SECONDS + 1):
            people[practitioner, week].append((start, end))
            if room is not None:
                rooms[practitioner, week][room].append((start, end))
    return {
        (practitioner, week, stamp): TakenWeek(
            _week_bits(people[practitioner, week], week).to_bytes(WEEK_BYTES, "little"),
            {room: _week_bits(pairs, week) for room, pairs in rooms[practitioner, week].items()},
        )
        for practitioner, week, stamp in missing
    }


def _week_bits(pairs: list[Pair], week: int) -> int:
    return busy_bits(pairs, Horizon(week * WEEK_TICKS, WEEK_TICKS))


def _of_weeks(missing: Collection[tuple[int, int, int]]) -> list[ColumnElement[bool]]:
    """Conditions for active appointments of these practitioners that may touch these weeks, or lie between them."""
    weeks = [week for _, week, _ in missing]
    begins, ends = instant_of(min(weeks) * WEEK_TICKS), instant_of((max(weeks) + 1) * WEEK_TICKS)
    return [
        Appointment.status.not_in(NOT_BOOKED),
        Appointment.practitioner_id.in_({practitioner for practitioner, _, _ in missing}),
        and_(Appointment.starts_at > begins - LONGEST, Appointment.starts_at < ends + LONGEST),
    ]
