"""What the planning floor is offered: starts by practitioner, place and type, and what a patient prefers."""

from collections.abc import Collection, Mapping
from typing import Any

from scheduler.models import AppointmentType
from scheduler.planning.series import Preferences, Supply
from scheduler.usecases.availability.free_time import Availability


def supplies_of(
    found: Availability, kinds: Collection[AppointmentType], *, taken: int = 0, later: int
) -> list[Supply]:
    """One supply a desk: the starts of each type that the desk offers.

    ``taken`` are the patient's own busy ticks; ``later`` the ticks that may be offered (see bits_from).
    """
    return [
        Supply(
            practitioner_id=desk.practitioner_id,
            location_id=desk.location_id,
            clock=desk.clock,
            starts={
                kind.id: starts
                for kind in kinds
                if (starts := found.starts(desk, kind, taken=taken) & later) or desk.offers(kind)
            },
            free=desk.open & ~desk.busy,
            hours=desk.hours,
            closed=desk.closed,
            away=desk.away,
        )
        for desk in found.desks
    ]


def planning_preferences(wishes: Mapping[str, Any], prescriber: int) -> Preferences:
    """A plan's preferences; without preferred practitioners, the one who prescribes comes first."""
    return Preferences(
        weekdays=frozenset(wishes.get("weekdays", ())),
        from_minute=wishes.get("from_minute"),
        until_minute=wishes.get("until_minute"),
        practitioner_ids=tuple(wishes.get("practitioner_ids") or (prescriber,)),
        location_id=wishes.get("location_id"),
    )
