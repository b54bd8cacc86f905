"""Adding practitioners: what is kept, and what is refused."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import AuditEntry, Location, Practitioner
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.availability.slots import find_slots
from scheduler.usecases.practitioners.adding import (
    DayHours,
    HeldCredential,
    PractitionerDetails,
    add_practitioner,
)
from tests.factories import NOW, at, make_clinic, make_type, save

NINA = PractitionerDetails(" Nina ", "Nadel", "nina@clinic.example")
MONDAY = DayHours(0, 9 * 60, 12 * 60)


@pytest.fixture
def mitte(context: Flask) -> int:
    """The only location, in Berlin."""
    make_clinic()
    place = Location(name="Mitte", zone="Europe/Berlin")
    save(place)
    return place.id


def add(details: PractitionerDetails = NINA, hours: Any = (MONDAY,), **changes: Any) -> Practitioner:
    return add_practitioner(details, hours, **{"actor": COMMAND, "now": NOW} | changes)


def test_who_is_added_can_be_booked(mitte: int) -> None:
    number = add(credential=HeldCredential(date(2020, 1, 1))).id
    needling = make_type(needs_room=False)
    found = find_slots(
        appointment_type_id=needling.id, from_on=date(2026, 3, 2), to_on=date(2026, 3, 10), now=NOW
    )
    assert {slot.practitioner_id for slot in found} == {number}
    assert (found[0].starts_at, found[-1].starts_at) == (at(2, 9), at(9, 11, 30))


def test_hours_hold_from_the_local_today_on_unless_said_otherwise(mitte: int) -> None:
    late = at(2, 0, 30)
    assert [hours.valid_from for hours in add(now=late).working_hours] == [date(2026, 3, 2)]
    later = add(hours_from=date(2026, 3, 16), every_n_weeks=2).working_hours
    assert [(hours.valid_from, hours.every_n_weeks) for hours in later] == [(date(2026, 3, 16), 2)]


def test_it_leaves_a_trail(mitte: int) -> None:
    number = add().id
    row = db.session.scalars(select(AuditEntry)).one()
    assert (row.action, row.entity_id) == ("practitioner_added", number)
    assert row.detail == {"location_id": mitte, "credentials": []}


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("given_name", {"details": replace(NINA, given_name=" ")}),
        ("family_name", {"details": replace(NINA, family_name="x" * 201)}),
        ("email", {"details": replace(NINA, email="nina")}),
        ("hours", {"hours": ()}),
        ("hours", {"hours": (MONDAY, DayHours(0, 11 * 60, 13 * 60))}),
        ("every_n_weeks", {"every_n_weeks": 0}),
        ("every_n_weeks", {"every_n_weeks": 53}),
        ("number", {"credential": HeldCredential(date(2020, 1, 1), number="1" * 41)}),
    ],
)
def test_nonsense_is_refused_and_nothing_kept(mitte: int, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(**changes)
    assert caught.value.details["field"] == field
    assert list(db.session.scalars(select(Practitioner))) == []


@pytest.mark.parametrize("hours", [(7, 0, 60), (0, 60, 60), (0, 120, 60), (0, 0, 1445), (0, 3, 60)])
def test_hours_that_no_day_has_are_refused(hours: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInput):
        DayHours(*hours)


def test_hours_that_touch_do_not_overlap(mitte: int) -> None:
    row = add(hours=(DayHours(0, 12 * 60, 15 * 60), MONDAY))
    assert [hours.starts_minute for hours in row.working_hours] == [9 * 60, 12 * 60]


def test_a_credential_cannot_end_before_it_begins() -> None:
    with pytest.raises(InvalidInput):
        HeldCredential(date(2020, 1, 2), date(2020, 1, 1))


def test_among_several_locations_one_must_be_named(mitte: int) -> None:
    save(Location(name="Wedding", zone="Europe/Berlin"))
    with pytest.raises(InvalidInput) as caught:
        add()
    assert str(caught.value) == "Please name the location: Mitte, Wedding."
    with pytest.raises(NotFound) as missed:
        add(location="Spandau")
    assert str(missed.value) == "There is no location named Spandau; there is Mitte, Wedding."
    assert [hours.location_id for hours in add(location="Mitte").working_hours] == [mitte]
