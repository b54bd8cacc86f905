"""Public holidays as they concern a location."""

from datetime import date
from typing import Any

import pytest
from babel import Locale
from flask import Flask

from scheduler.errors import InvalidInput
from scheduler.usecases.absences.entering import WallTime, add_closure
from scheduler.usecases.absences.public_holidays import Holiday, countries, country_of, list_holidays, regions
from scheduler.usecases.actors import COMMAND
from tests.factories import NOW, World, at, make_appointment, make_world


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def listed(world: World, **changes: Any) -> list[Holiday]:
    asked = {"country": "DE", "region": "", "year": 2026, "language": "en"} | changes
    return list_holidays(world.location_id, **asked, now=NOW)


def test_a_year_is_listed_with_what_is_booked_and_closed(world: World) -> None:
    make_appointment(world, at(3, month=4))
    add_closure("Mitte", WallTime(date(2026, 4, 6)), WallTime(date(2026, 4, 6)), actor=COMMAND, now=NOW)
    found = {day.on: day for day in listed(world)}
    assert found[date(2026, 4, 3)] == Holiday(date(2026, 4, 3), "Good Friday", False, False, 1)
    assert found[date(2026, 4, 6)].is_closed is True
    assert found[date(2026, 1, 1)].is_over is True
    assert len(found) == 9


def test_a_region_has_days_of_its_own_and_a_language_its_names(world: World) -> None:
    berlin = {day.on: day.name for day in listed(world, region="BE", language="de")}
    assert berlin[date(2026, 3, 8)] == "Frauentag"
    assert berlin[date(2026, 4, 3)] == "Karfreitag"


def test_half_a_day_closed_is_not_closed(world: World) -> None:
    day = date(2026, 4, 6)
    add_closure("Mitte", WallTime(day, 12 * 60), WallTime(day), actor=COMMAND, now=NOW)
    assert next(each for each in listed(world) if each.on == day).is_closed is False


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("country", {"country": "XX"}),
        ("region", {"region": "XX"}),
        ("year", {"year": 2025}),
        ("year", {"year": 2030}),
    ],
)
def test_what_is_not_on_the_list_is_refused(world: World, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        listed(world, **changes)
    assert caught.value.details["field"] == field


def test_countries_and_regions_are_named(context: Flask) -> None:
    assert ("DE", "Deutschland") in countries(Locale("de"))
    assert ("BE", "Berlin") in [(region.code, region.name) for region in regions("DE")]
    assert regions("XX") == []
    assert (country_of("Europe/Berlin"), country_of("Nowhere")) == ("DE", "")
