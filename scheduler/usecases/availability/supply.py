"""What the planning floor is offered: starts by practitioner, place and type, and what a patient prefers."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from scheduler.models import AppointmentType
from scheduler.planning.hours import DAY_MINUTES
from scheduler.planning.series import Preferences, Supply
from scheduler.usecases.availability.free_time import Availability, Desk


class Sought(NamedTuple):
    """What is to be booked: a type, and its minutes where they are not what the type says."""

    kind: AppointmentType
    minutes: int | None = None

    @property
    def key(self) -> int:
        """What stands for it on the planning floor: the type's number, or a negative one for a length of its own."""
        return self.kind.id if self.minutes is None else -(self.kind.id * DAY_MINUTES + self.minutes)


def supplies_of(
    found: Availability, asked: Collection[Sought], *, taken: int = 0, later: int
) -> list[Supply]:
    """One supply a desk: the starts of each that the desk offers, by its key.

    ``taken`` are the patient's own busy ticks; ``later`` the ticks that may be offered (see bits_from).
    """
    return [
        Supply(
            practitioner_id=desk.practitioner_id,
            location_id=desk.location_id,
            clock=desk.clock,
            starts={
                one.key: starts
                for one in asked
                if (starts := found.starts(desk, one.kind, taken=taken, minutes=one.minutes) & later)
                or desk.offers(one.kind)
            },
            free=desk.open & ~desk.busy,
            hours=desk.hours,
            closed=desk.closed,
            away=desk.away,
            shut=_shut_starts(found, desk, asked, taken, later)
            if desk.location_id in found.rooms_if_open
            else {},
        )
        for desk in found.desks
    ]


def _shut_starts(
    found: Availability, desk: Desk, asked: Collection[Sought], taken: int, later: int
) -> dict[int, int]:
    """By key, starts that there would be if no room of the location were out of use: they explain why there is none."""
    return {
        one.key: found.starts(desk, one.kind, taken=taken, minutes=one.minutes, if_open=True) & later
        for one in asked
        if one.kind.needs_room
    }


def planning_preferences(wishes: Mapping[str, Any], prescriber: int) -> Preferences:
    """A plan's preferences; without preferred practitioners, the one who prescribes comes first."""
    return Preferences(
        weekdays=frozenset(wishes.get("weekdays", ())),
        from_minute=wishes.get("from_minute"),
        until_minute=wishes.get("until_minute"),
        practitioner_ids=tuple(wishes.get("practitioner_ids") or (prescriber,)),
        location_id=wishes.get("location_id"),
    )
