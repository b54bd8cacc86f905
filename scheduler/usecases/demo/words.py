"""The demo's data files, read once: people's names, and the clinic with its people's weeks and sayings."""

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from scheduler.usecases.clinic.catalogue import SHIPPED


@dataclass(frozen=True, slots=True)
class Names:
    """Names of people who do not exist; phones are templates of two numbers."""

    given: list[str]
    family: list[str]
    practitioner_given: list[str]
    practitioner_family: list[str]
    phones: list[str]


@dataclass(frozen=True, slots=True)
class Week:
    """One person's working week: (location, weekdays, from, until), from and until as HH:MM."""

    blocks: list[tuple[int, list[int], str, str]]
    second_week_blocks: list[tuple[int, list[int], str, str]]


@dataclass(frozen=True, slots=True)
class ClinicData:
    """The clinic's own facts."""

    facts: dict[str, Any]
    locations: list[dict[str, str]]
    part_time: list[Week]
    full_time: list[Week]
    words: dict[str, list[str]]


@cache
def names() -> Names:
    """shipped/demo_names.toml."""
    return Names(**tomllib.loads((SHIPPED / "demo_names.toml").read_text()))


@cache
def clinic_data() -> ClinicData:
    """shipped/demo_clinic.toml."""
    facts = tomllib.loads((SHIPPED / "demo_clinic.toml").read_text())
    return ClinicData(
        locations=facts.pop("location"),
        part_time=[_week(entry) for entry in facts.pop("part_time")],
        full_time=[_week(entry) for entry in facts.pop("full_time")],
        words=facts.pop("words"),
        facts=facts,
    )


def _week(entry: dict[str, Any]) -> Week:
    return Week(entry["blocks"], entry.get("second_week_blocks", []))


def minute_of(text: str) -> int:
    """``HH:MM`` as a minute of the day."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
