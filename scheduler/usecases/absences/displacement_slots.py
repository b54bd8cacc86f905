"""Slots for displaced appointments, with what the patients are not used to."""

from dataclasses import dataclass
from datetime import date, datetime

from scheduler.models import Appointment
from scheduler.planning.cadence import Window
from scheduler.planning.repair import Offer
from scheduler.planning.repair.market import Candidate, Market
from scheduler.planning.series import Fixed, Supply
from scheduler.planning.timeline import instant_of


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a displaced appointment could be instead; instants in UTC."""

    starts_at: datetime
    ends_at: datetime
    practitioner_id: int
    location_id: int
    room_id: int | None
    compromises: tuple[str, ...]
    """Codes: what the patient is not used to (see wording/displaced.py)."""

    def is_same_time(self, row: Appointment) -> bool:
        """Whether only the room is another one, of which patients are not told."""
        mine = (self.starts_at, self.practitioner_id, self.location_id)
        return mine == (row.starts_at, row.practitioner_id, row.location_id)


def offered_slot(row: Appointment, habit: Fixed, window: Window, offer: Offer) -> Slot:
    """What `repair_all` offers."""
    return _slot(
        row,
        habit,
        window,
        instant_of(offer.tick),
        offer.day,
        offer.minute,
        offer.practitioner_id,
        offer.location_id,
        offer.room_id,
    )


def same_time(row: Appointment, room_id: int | None) -> Slot:
    """Where it is, in another room: nothing that the patient would notice."""
    return Slot(row.starts_at, row.ends_at, row.practitioner_id, row.location_id, room_id, ())


def candidate_slot(
    row: Appointment, habit: Fixed, window: Window, candidate: Candidate, supply: Supply, market: Market
) -> Slot:
    """A candidate of the market, in the room that it fits into best."""
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
        ends_at=starts_at + (row.ends_at - row.starts_at),
        practitioner_id=practitioner_id,
        location_id=location_id,
        room_id=room_id,
        compromises=tuple(code for code, is_so in differs.items() if is_so),
    )
