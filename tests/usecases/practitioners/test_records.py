"""What is known of practitioners: changed with care, warned of in time, never lost to history."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from scheduler.errors import Conflict, InvalidInput, StaleVersion
from scheduler.extensions import db
from scheduler.models import Appointment, Credential, Practitioner
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.edits import stamp_of
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.practitioners import records
from scheduler.usecases.practitioners.adding import HeldCredential
from scheduler.usecases.practitioners.records import PractitionerRecord
from tests.factories import NOW, World, at, make_appointment, make_practitioner, make_world, save

BY = {"actor": COMMAND, "now": NOW}
PETRA = PractitionerRecord("Petra", "Pin", "petra@clinic.example", "#112233", "de")
TODAY = date(2026, 3, 2)


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def change(world: World, seen: str | None = None, **changes: Any) -> Practitioner:
    stamp = stamp_of(records.get_practitioner(world.practitioner_id)) if seen is None else seen
    return records.change_practitioner(world.practitioner_id, replace(PETRA, **changes), seen=stamp, **BY)


def test_details_are_kept_and_a_new_name_reaches_the_calendars(world: World) -> None:
    number = make_appointment(world, at(5)).id
    change(world, family_name="Nadel")
    db.session.expire_all()
    row = records.get_practitioner(world.practitioner_id)
    assert (row.name, row.email, row.colour, row.locale) == (
        "Petra Nadel",
        "petra@clinic.example",
        "#112233",
        "de",
    )
    assert db.session.get_one(Appointment, number).sequence == 1


def test_a_new_colour_troubles_no_calendar(world: World) -> None:
    number = make_appointment(world, at(5)).id
    change(world)
    db.session.expire_all()
    assert db.session.get_one(Appointment, number).sequence == 0


def test_a_stale_edit_is_refused(world: World) -> None:
    seen = stamp_of(records.get_practitioner(world.practitioner_id))
    change(world)
    with pytest.raises(StaleVersion):
        change(world, seen, family_name="Nadel")


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("given_name", {"given_name": ""}),
        ("family_name", {"family_name": "x" * 201}),
        ("email", {"email": "petra"}),
        ("colour", {"colour": "blue"}),
        ("day_list_minute", {"day_list_minute": 1440}),
        ("email", {"email": "", "day_list_minute": 420}),
        ("locale", {"locale": "xx"}),
    ],
)
def test_nonsense_is_refused_beside_its_field(world: World, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        change(world, **changes)
    assert caught.value.details["field"] == field


def test_who_is_booked_stays_and_the_plans_of_who_goes_are_counted(world: World) -> None:
    make_appointment(world, at(5))
    with pytest.raises(Conflict):
        records.archive_practitioner(world.practitioner_id, **BY)
    prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=TODAY,
        phases=[PhaseWish(1, 0, 0, 7)],
        **BY,
    )
    later = NOW + timedelta(days=30)
    row, plans = records.archive_practitioner(world.practitioner_id, actor=COMMAND, now=later)
    assert (row.archived_at, plans) == (later, 1)
    assert records.restore_practitioner(world.practitioner_id, **BY).archived_at is None


@pytest.mark.parametrize(
    ("ends", "warned"),
    [
        ([date(2026, 5, 1)], [date(2026, 5, 1)]),
        ([date(2026, 5, 2)], []),
        ([date(2026, 2, 1)], [date(2026, 2, 1)]),
        ([None], []),
        ([date(2026, 3, 10), date(2027, 3, 10)], []),
        ([date(2026, 3, 10), None], []),
        ([date(2026, 3, 10), date(2026, 4, 10)], [date(2026, 4, 10)]),
    ],
)
def test_credentials_are_warned_of_60_days_ahead_unless_a_later_one_follows(
    world: World, ends: list[date | None], warned: list[date]
) -> None:
    held = [Credential(kind="dry_needling", issued_on=date(2020, 1, 1), expires_on=each) for each in ends]
    person = make_practitioner(world.location_id, given_name="Wanda", credentialed=False)
    for credential in held:
        credential.practitioner_id = person.id
    save(*held)
    assert [each.expires_on for each in records.expiring_credentials(today=TODAY)] == warned


def test_nobody_is_warned_of_who_is_archived(world: World) -> None:
    person = make_practitioner(world.location_id, given_name="Wanda", credentialed=False, archived_at=NOW)
    ended = date(2026, 1, 1)
    save(Credential(practitioner_id=person.id, kind="x", issued_on=date(2020, 1, 1), expires_on=ended))
    assert records.expiring_credentials(today=TODAY) == []


def test_credentials_are_added_and_changed(world: World) -> None:
    held = HeldCredential(date(2026, 1, 1), None, "Board", "7", "dry_needling")
    row = records.add_credential(world.practitioner_id, held, training_hours=80, **BY)
    seen = stamp_of(row)
    ended = replace(held, expires_on=date(2028, 1, 1))
    changed = records.change_credential(row.id, ended, training_hours=90, seen=seen, **BY)
    assert (changed.expires_on, changed.training_hours) == (date(2028, 1, 1), 90)
    with pytest.raises(StaleVersion):
        records.change_credential(row.id, held, seen=seen, **BY)
    with pytest.raises(InvalidInput) as caught:
        records.add_credential(world.practitioner_id, held, training_hours=-1, **BY)
    assert caught.value.details["field"] == "training_hours"


def test_a_credential_by_which_was_booked_is_kept(world: World) -> None:
    held = records.get_practitioner(world.practitioner_id).credentials[0].id
    mistake = records.add_credential(world.practitioner_id, HeldCredential(TODAY, kind="laser"), **BY).id
    make_appointment(world, at(5))
    with pytest.raises(Conflict):
        records.delete_credential(held, **BY)
    records.delete_credential(mistake, **BY)
    assert [row.id for row in records.get_practitioner(world.practitioner_id).credentials] == [held]
