"""The first start: one code, one clinic, one administrator, and no guessing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.errors import Conflict, InvalidInput, TooManyTries
from scheduler.extensions import db
from scheduler.models import AuditEntry, Clinic, Location, Protocol, Staff
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.first_setup import FirstSetup, is_set_up, set_up_first, setup_code
from scheduler.usecases.staff.sign_in import sign_in
from tests.factories import NOW

KEY = "a secret that only these tests know, long enough"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
ENTERED = FirstSetup(
    clinic="Needle Point",
    email="desk@clinic.example",
    phone="+49 30 1234567",
    location="Mitte",
    address="Torstraße 1\nBerlin",
    zone="Europe/Berlin",
    rooms=2,
    admin_name="Ada",
    admin_email="Ada@Clinic.example",
    password="a good password",
)


def set_up(code: str = setup_code(KEY), source: str = HERE, **changes: Any) -> Staff:
    now = changes.pop("now", NOW)
    entered = replace(ENTERED, **changes)
    return set_up_first(code, entered, secret_key=KEY, source=source, actor=COMMAND, now=now)


def test_clinic_location_and_administrator_are_there_at_once(context: Flask) -> None:
    assert is_set_up() is False
    set_up()
    assert is_set_up() is True
    place = db.session.scalars(select(Location)).one()
    assert (place.name, place.zone, [room.name for room in place.rooms]) == (
        "Mitte",
        "Europe/Berlin",
        ["Room 1", "Room 2"],
    )
    assert db.session.scalar(select(func.count(Protocol.id))) == 5
    assert sign_in("ada@clinic.example", "a good password", source=HERE, now=NOW)
    trail = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
    assert list(trail) == ["clinic_set_up", "staff_added", "signed_in"]


def test_the_code_is_of_this_installation_and_can_be_typed_carelessly(context: Flask) -> None:
    code = setup_code(KEY)
    assert code == setup_code(KEY)
    assert code != setup_code(KEY + "!")
    assert len(code.replace("-", "")) == 16
    assert set_up(f" {code.upper().replace('-', ' ')} ").name == "Ada"


@pytest.mark.parametrize("code", ["", "aaaa-aaaa-aaaa-aaaa", setup_code(KEY)[:-1], "ü" * 16])
def test_another_code_sets_nothing_up(context: Flask, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        set_up(code)
    assert caught.value.details["field"] == "code"
    assert is_set_up() is False


def test_guessing_is_slowed_down_by_address(context: Flask) -> None:
    for _ in range(5):
        with pytest.raises(InvalidInput):
            set_up("wrong")
    with pytest.raises(TooManyTries):
        set_up()
    assert set_up(now=NOW + timedelta(seconds=2)).name == "Ada"


def test_other_addresses_go_on(context: Flask) -> None:
    for _ in range(5):
        with pytest.raises(InvalidInput):
            set_up("wrong")
    assert set_up(source=ELSEWHERE).name == "Ada"


def test_the_code_is_dead_after_use(context: Flask) -> None:
    set_up()
    with pytest.raises(Conflict):
        set_up(admin_email="mallory")
    assert list(db.session.scalars(select(Staff.email))) == ["ada@clinic.example"]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("clinic", {"clinic": " "}),
        ("email", {"email": "desk"}),
        ("phone", {"phone": ""}),
        ("location", {"location": ""}),
        ("zone", {"zone": "Europe/Bärlin"}),
        ("rooms", {"rooms": 101}),
        ("admin_name", {"admin_name": ""}),
        ("admin_email", {"admin_email": "two words"}),
        ("password", {"password": "short"}),
        ("locale", {"locale": "xx"}),
    ],
)
def test_nonsense_is_refused_beside_its_field_and_nothing_kept(
    context: Flask, field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        set_up(**changes)
    assert caught.value.details["field"] == field
    assert list(db.session.scalars(select(Clinic))) == []
    assert set_up().name == "Ada"
