"""Which plans could use a free slot, read in bulk: a fixed number of queries, however many plans there are.

What the databases cannot rule out (statements.py) is judged by planning/gaps. A placed or held session always
has an appointment that stands.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.orm import Session

from scheduler.planning.cadence import Phase, Window, first_window, next_window
from scheduler.planning.gaps import Neighbour, ToMove, ToPlace, Wishes
from scheduler.planning.timeline import TICK_SECONDS
from scheduler.usecases.gaps.statements import Asked, neighbours, to_move, to_place


@dataclass(frozen=True, slots=True)
class House:
    """What there is only little of, read once beside the rows: zones of locations, and which types are needling."""

    zones: Mapping[int, str]
    needling: Collection[int]
    lengths: Mapping[int, int]
    """Type -> ticks."""
    follows: dict[int, Neighbour] = field(default_factory=dict)
    """Planned session -> the session booked after another one."""

    def day(self, second: int, location_id: int) -> date:
        """The local date of an instant at a location."""
        return _day(second, self.zones[location_id])

    def window(self, row: Row[Any]) -> Window:
        """The window of a session, from the one held or booked before it."""
        if row.previous is None:
            return _first_window(row.starts_on, row.min_days, row.ideal_days, row.max_days)
        day = self.day(row.previous, row.previous_location_id)
        return _window_after(day, row.min_days, row.ideal_days, row.max_days)


def claims_of_plans(session: Session, asked: Asked, house: House) -> tuple[list[ToPlace], list[ToMove]]:
    """What active plans could want the slot for. Three queries.

    The first session to place of every plan whose window may have opened by the slot's day; and booked sessions soon
    after the slot into whose windows its day may fall, but only those that follow a session that stands: with one
    before them to place, that one is asked for.
    """
    behind = session.execute(
        to_place(session.get_bind().dialect.name), asked.parameters(asked.type_ids)
    ).all()
    booked = session.execute(to_move(), asked.parameters(asked.movable_type_ids)).all()
    wanted = {row.next_id for row in (*behind, *booked) if row.next_id is not None}
    for number, start, location_id, least, most in session.execute(neighbours(), {"wanted": wanted}):
        neighbour = Neighbour(house.day(start, location_id), start // TICK_SECONDS, least, most)
        house.follows[number] = neighbour
    return [_to_place(row, house) for row in behind], [_to_move(row, house) for row in booked]


def _to_place(row: Row[Any], house: House) -> ToPlace:
    return ToPlace(
        number=row.id,
        patient_id=row.patient_id,
        type_id=row.appointment_type_id,
        is_needling=row.appointment_type_id in house.needling,
        wishes=_wishes(row.preferences, row.practitioner_id),
        plan_id=row.plan_id,
        session_number=row.number,
        window=house.window(row),
        next=house.follows.get(row.next_id),
    )


def _to_move(row: Row[Any], house: House) -> ToMove:
    return ToMove(
        number=row.appointment_id,
        patient_id=row.patient_id,
        type_id=row.appointment_type_id,
        is_needling=row.appointment_type_id in house.needling,
        wishes=_wishes(row.preferences, row.practitioner_id),
        plan_id=row.plan_id,
        planned_session_id=row.id,
        session_number=row.number,
        day=house.day(row.starts, row.location_id),
        tick=row.starts // TICK_SECONDS,
        own_ticks=own_ticks(row.starts, row.ends, house.lengths[row.appointment_type_id]),
        window=house.window(row),
        next=house.follows.get(row.next_id),
    )


def own_ticks(start: int, end: int, usual: int) -> int | None:
    """The length in ticks of an appointment, given in epoch seconds; None where it is as usual."""
    ticks = (end - start) // TICK_SECONDS
    return ticks if ticks != usual else None


# Plans are alike and the days few, so most of what follows is known from another plan.


@lru_cache(maxsize=4096)
def _first_window(starts_on: date, min_days: int, ideal_days: int, max_days: int) -> Window:
    return first_window(starts_on, Phase(1, min_days, ideal_days, max_days))


@lru_cache(maxsize=4096)
def _window_after(day: date, min_days: int, ideal_days: int, max_days: int) -> Window:
    return next_window(day, Phase(1, min_days, ideal_days, max_days))


@lru_cache(maxsize=4096)
def _wishes(preferences: str, prescriber: int) -> Wishes:
    wanted = json.loads(preferences)
    return Wishes(
        practitioner_ids=frozenset(wanted.get("practitioner_ids") or ()),
        location_id=wanted.get("location_id"),
        weekdays=frozenset(wanted.get("weekdays") or ()),
        from_minute=wanted.get("from_minute"),
        until_minute=wanted.get("until_minute"),
        usual_practitioner_id=prescriber,
    )


@lru_cache(maxsize=16_384)
def _day(second: int, zone: str) -> date:
    return datetime.fromtimestamp(second, clock_of(zone)).date()


@lru_cache(maxsize=64)
def clock_of(zone: str) -> ZoneInfo:
    """The zone of that name."""
    return ZoneInfo(zone)
