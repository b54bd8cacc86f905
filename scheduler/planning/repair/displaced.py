"""What is asked and answered when many appointments lose their slots at once.

Days and minutes are those of the wall clock at a supply's location; ticks are absolute.
"""

from dataclasses import dataclass
from typing import Literal

from scheduler.planning.cadence import Window
from scheduler.planning.hours import WallClock
from scheduler.planning.series import Fixed
from scheduler.planning.series.diary import wall_pieces
from scheduler.planning.series.reasons import Neighbour
from scheduler.planning.series.sessions import ReasonCode
from scheduler.planning.timeline import TICK_MINUTES, span

DisplacedReason = ReasonCode | Literal["patient_busy", "not_accepted", "needed_by_others"]


@dataclass(frozen=True, slots=True)
class Displaced:
    """An appointment that loses its slot: what is booked, when it may be, and what the patient is used to.

    `earlier` and `later` are the patient's sessions around it that keep their slots; a rest towards one that is
    displaced itself is kept if both stand in the list. Two sessions of one plan whose numbers follow each other also
    keep the gap of the later one, min_days to max_days. `accepts`: the practitioners that the patient would go to, None
    being anyone. `patient_busy`: the patient's other appointments. ValueError if a value makes no sense.
    """

    appointment_id: int
    patient_id: int
    appointment_type_id: int
    duration_ticks: int
    window: Window
    habit: Fixed
    accepts: frozenset[int] | None = None
    earlier: Neighbour | None = None
    later: Neighbour | None = None
    patient_busy: int = 0
    plan_id: int | None = None
    number: int = 1
    min_days: int = 0
    max_days: int = 365
    rest_minutes: int = 0
    before_ticks: int = 0
    after_ticks: int = 0
    needs_room: bool = True

    def __post_init__(self) -> None:
        if self.duration_ticks < 1:
            raise ValueError(f"an appointment must last at least a tick, not {self.duration_ticks}")
        if min(self.before_ticks, self.after_ticks, self.rest_minutes) < 0:
            raise ValueError("buffers and rest cannot be negative")
        if not 0 <= self.min_days <= self.max_days:
            raise ValueError(
                f"days between sessions must be 0 <= min <= max, not {self.min_days}, {self.max_days}"
            )

    @property
    def length(self) -> int:
        """The ticks taken from the start on, the buffer after it included."""
        return self.duration_ticks + self.after_ticks


@dataclass(frozen=True, slots=True)
class Offer:
    """A slot for a displaced appointment; the room is None where none is needed."""

    tick: int
    day: int
    minute: int
    practitioner_id: int
    location_id: int
    room_id: int | None
    cost: int


@dataclass(frozen=True, slots=True)
class RehousedLine:
    """A displaced appointment with the slot proposed for it, or the reason why there is none in its window."""

    appointment_id: int
    offer: Offer | None
    reason: DisplacedReason | None = None


def bits_since(clock: WallClock, wall_minute: int) -> int:
    """The ticks at which the wall clock shows a minute, counted from day ordinal 0, or a later one."""
    wall = -(-wall_minute // TICK_MINUTES)
    bits = 0
    for lo, hi, shown in wall_pieces(clock):
        bits |= span(max(lo, lo + wall - shown), hi)
    return bits
