"""Plans that wait, hours that are lacking, and the weeks they are weighed in."""

from datetime import date, timedelta
from typing import Any

from scheduler.models import Location, Room, TimeOff, TreatmentPlan
from scheduler.usecases.capacity.match import Load
from scheduler.usecases.capacity.weeks import Capacity, load_capacity
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, at, save

TODAY = date(2026, 3, 2)
ONCE = PhaseWish(1, 0, 0, 4)
"""One session within the week, from its first day on."""


def prescribe(
    world: World, *phases: PhaseWish, starts_on: date = TODAY + timedelta(days=7), **changes: Any
) -> TreatmentPlan:
    asked: dict[str, Any] = {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "starts_on": starts_on,
        "phases": list(phases) or [ONCE],
        "actor": RECEPTIONIST,
        "now": NOW,
    }
    return prescribe_plan(**asked | changes)


def capacity(**asked: Any) -> Capacity:
    return load_capacity(**{"weeks": 2, "today": TODAY, "now": NOW} | asked)


def weeks_of(found: Capacity) -> list[Load]:
    (desk,) = found.desks
    return desk.weeks


def make_second_location(world: World, zone: str = "Europe/Berlin", rooms: int = 1) -> int:
    place = Location(name="Nord", zone=zone)
    place.rooms = [Room(name=f"Room {number}") for number in range(rooms)]
    save(place)
    return place.id


def leave(world: World, first: int, end: int) -> None:
    save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(first, 0), ends_at=at(end, 0)))
