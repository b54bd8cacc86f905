"""The clinic at a glance: what is missing before somebody can be booked, what ends soon, what there is."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from scheduler import clock
from scheduler.access import guard
from scheduler.usecases.clinic import catalogue as clinic
from scheduler.usecases.practitioners.records import expiring_credentials, list_all_practitioners
from scheduler.web.formats import local
from scheduler.web.settings.frame import pages, show, to


@dataclass(frozen=True, slots=True)
class Step:
    """One thing without which nobody can be booked."""

    sentence: str
    address: str
    is_done: bool


@pages.get("")
@guard("clinic.read")
def overview() -> str:
    """The overview."""
    now = clock.now()
    people = [row for row in list_all_practitioners() if row.archived_at is None]
    types = clinic.list_appointment_types().items
    places = clinic.list_locations().items
    counts: list[tuple[str, int, str]] = [
        (gettext("Locations"), len(places), to("locations")),
        (
            gettext("Rooms"),
            sum(1 for place in places for room in place.rooms if not room.archived_at),
            to("locations"),
        ),
        (gettext("Practitioners"), len(people), to("practitioners")),
        (gettext("Appointment types"), len(types), to("types")),
        (gettext("Protocols"), len(clinic.list_protocols().items), to("protocols")),
    ]
    return show(
        "overview.html",
        "overview",
        clinic=clinic.get_clinic(),
        expiring=expiring_credentials(today=local(now).date()),
        today=local(now).date(),
        steps=_steps(people, types, places),
        counts=counts,
    )


def _steps(people: list[Any], types: list[Any], places: list[Any]) -> list[Step]:
    """In the order in which they are best taken."""
    wanted = {kind.needs_credential for kind in types if kind.is_needling and kind.needs_credential}
    held = {credential.kind for person in people for credential in person.credentials}
    working = [person for person in people if person.working_hours]
    rooms = [room for place in places for room in place.rooms if room.archived_at is None]
    return [
        Step(
            gettext("A room where patients are treated"),
            to("locations"),
            bool(rooms) or not any(kind.needs_room for kind in types),
        ),
        Step(gettext("Somebody who treats"), to("practitioner_new"), bool(people)),
        Step(
            gettext("Working hours of everybody who treats"),
            to("practitioners"),
            bool(people) and len(working) == len(people),
        ),
        Step(gettext("A credential for needling"), to("practitioners"), wanted <= held),
    ]
