"""The demo clinic before its first patient: places, people, their hours, absences and closures."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from scheduler.models import (
    AppointmentType,
    Clinic,
    Closure,
    Credential,
    Location,
    Practitioner,
    Protocol,
    Rebooking,
    Room,
    TimeOff,
    WorkingHours,
)
from scheduler.models.base import Base
from scheduler.planning.hours import DAY_MINUTES, start_of_day
from scheduler.usecases.clinic.catalogue import DEFAULT_REMINDERS, load_shipped_protocols, load_shipped_types
from scheduler.usecases.demo.size import Days, DemoSize
from scheduler.usecases.demo.words import Week, clinic_data, minute_of, names

NEEDLING = "dry_needling"
DAY_LIST_MINUTES = (7 * 60, 18 * 60, None)
"""When people get the list of their day: this morning, the evening before, not at all."""
FULL_TIME_FROM, FULL_TIME_ONLY = 40, 200
"""Patients per practitioner: up to the first all work part time, from the second on all full time."""


@dataclass(frozen=True, slots=True)
class House:
    """Rows with their identities; types by what they are for."""

    clinic: Clinic
    locations: list[Location]
    types: list[AppointmentType]
    first_visit: AppointmentType
    session: AppointmentType
    review: AppointmentType
    protocols: list[Protocol]
    practitioners: list[Practitioner]
    time_off: list[TimeOff]
    closures: list[Closure]

    @property
    def rows(self) -> list[Sequence[Base]]:
        """Everything to write, in an order that foreign keys allow."""
        return [
            [self.clinic, *self.locations, *self.types, *self.protocols],
            [*self.practitioners, *self.closures],
            self.time_off,
        ]


def build_house(size: DemoSize, days: Days, chance: random.Random) -> House:
    """Everything but rooms, whose number follows from the hours (see `book.py`)."""
    data = clinic_data()
    facts = data.facts
    locations = [
        Location(id=number, zone=facts["zone"], **entry)
        for number, entry in enumerate(data.locations, start=1)
    ]
    types, protocols = _types(), load_shipped_protocols()
    for number, protocol in enumerate(protocols, start=1):
        protocol.id = number
    needling = sorted((row for row in types if row.is_needling), key=lambda row: row.duration_minutes)
    weeks = _weeks(size)
    practitioners = [_practitioner(index, weeks[index], days, chance) for index in range(size.practitioners)]
    return House(
        clinic=_clinic(facts),
        locations=locations,
        types=types,
        first_visit=needling[-1],
        session=needling[0],
        review=next(row for row in types if not row.is_needling),
        protocols=protocols,
        practitioners=practitioners,
        time_off=[row for person in practitioners for row in _absences(person.id, days, chance)],
        closures=_closures(locations, days, str(facts["country"]), str(facts["subdivision"])),
    )


def _clinic(facts: Mapping[str, Any]) -> Clinic:
    return Clinic(
        id=1,
        name=facts["name"],
        email=facts["email"],
        phone=facts["phone"],
        locale="en",
        min_rest_hours=48,
        slot_minutes=15,
        quiet_from_minute=21 * 60,
        quiet_until_minute=8 * 60,
        no_reminder_within_minutes=120,
        reminder_offsets_minutes=DEFAULT_REMINDERS,
        summary_recipients=[facts["email"]],
        summary_weekday=0,
        summary_minute=7 * 60,
        rebooking=Rebooking.REQUEST.value,
        asks_check_in=True,
    )


def _types() -> list[AppointmentType]:
    """The shipped types, numbered; patients may move them, and those beside the needling can be resized."""
    types = load_shipped_types()
    for number, row in enumerate(types, start=1):
        row.id = number
        row.buffer_before_minutes = row.buffer_before_minutes or 0  # a default that only the database sets
        row.buffer_after_minutes = row.buffer_after_minutes or 0
        row.patients_may_move = True
        row.may_resize = not row.is_needling
    return types


def _weeks(size: DemoSize) -> list[Week]:
    """Who works which week: the more patients there are for each, the more work full time."""
    load = size.patients / size.practitioners
    share = min(max((load - FULL_TIME_FROM) / (FULL_TIME_ONLY - FULL_TIME_FROM), 0), 1)
    full_time = round(size.practitioners * share)
    data = clinic_data()
    return [
        data.full_time[index % len(data.full_time)]
        if index < full_time
        else data.part_time[(index - full_time) % len(data.part_time)]
        for index in range(size.practitioners)
    ]


def _practitioner(index: int, week: Week, days: Days, chance: random.Random) -> Practitioner:
    given, family = names().practitioner_given, names().practitioner_family
    colours = clinic_data().words["colours"]
    person = Practitioner(
        id=index + 1,
        given_name=given[index % len(given)],
        family_name=family[(index + index // len(given)) % len(family)],
        colour=colours[index % len(colours)],
    )
    person.email = f"{person.given_name}.{person.family_name}{index + 1}@nadelpunkt.example".lower()
    person.day_list_minute = DAY_LIST_MINUTES[index % len(DAY_LIST_MINUTES)]
    since = days.first - timedelta(weeks=52 + index % 2)
    person.working_hours = [
        WorkingHours(
            location_id=place + 1,
            weekday=weekday,
            starts_minute=minute_of(begins),
            ends_minute=minute_of(ends),
            valid_from=since,
            every_n_weeks=every,
        )
        for every, blocks in ((1, week.blocks), (2, week.second_week_blocks))
        for place, weekdays, begins, ends in blocks
        for weekday in weekdays
    ]
    person.credentials = _credentials(index, days, chance)
    return person


def _credentials(index: int, days: Days, chance: random.Random) -> list[Credential]:
    """One that lasts; the second person's ends in six weeks, the third's was renewed in time."""
    present = days.date_of(days.today)
    issued_on = days.first - timedelta(days=chance.randrange(400, 1500))
    ends = {1: present + timedelta(days=42), 2: present - timedelta(days=30)}
    expires_on = ends.get(index, present + timedelta(days=chance.randrange(400, 1400)))
    held = [(issued_on, expires_on)]
    if index == 2:
        held.append((expires_on - timedelta(days=60), expires_on + timedelta(days=1095)))
    return [
        Credential(
            kind=NEEDLING,
            issuer=chance.choice(clinic_data().words["issuers"]),
            number=f"DN-{begins.year}-{chance.randrange(1000, 9999)}",
            training_hours=chance.choice([60, 80, 120]),
            issued_on=begins,
            expires_on=until,
        )
        for begins, until in held
    ]


def _absences(practitioner_id: int, days: Days, chance: random.Random) -> list[TimeOff]:
    """Some weeks of leave a year, and a day or an afternoon every two months or so; nobody knows when they fall ill."""
    words = clinic_data().words
    rows = []
    day = chance.randrange(20, 110)
    while day < days.count - 14:
        monday = day - day % 7
        length = chance.choice([5, 7, 7, 12, 14])
        rows.append(_time_off(practitioner_id, days, monday, length, chance.choice(words["leave"])))
        day += chance.randrange(90, 170)
    day = chance.randrange(5, 60)
    while day < days.count:
        reason = chance.choice(words["short_leave"] if day <= days.today else words["planned_leave"])
        row = _time_off(practitioner_id, days, day, 1, reason)
        if "afternoon" in reason:
            row.starts_at = days.at(day * DAY_MINUTES + 13 * 60)
        rows.append(row)
        day += chance.randrange(30, 90)
    return rows


def _time_off(practitioner_id: int, days: Days, first: int, length: int, reason: str) -> TimeOff:
    begins, ends = (start_of_day(days.date_of(number), days.zone) for number in (first, first + length))
    return TimeOff(practitioner_id=practitioner_id, starts_at=begins, ends_at=ends, reason=reason)


def _closures(locations: list[Location], days: Days, country: str, subdivision: str) -> list[Closure]:
    """Public holidays everywhere, the days between the years, and one afternoon of building work ahead."""
    last = days.date_of(days.count)
    years = range(days.first.year, last.year + 1)
    public = holidays.country_holidays(country, subdiv=subdivision, years=years, language="en_US")
    closed: dict[date, str] = dict(public.items())
    for year in years:
        for day in (27, 28, 29, 30):
            closed.setdefault(date(year, 12, day), "Between the years")
    rows = []
    for place in locations:
        zone = ZoneInfo(place.zone)
        for on, reason in sorted(closed.items()):
            if days.first <= on < last:
                begins, ends = start_of_day(on, zone), start_of_day(on + timedelta(days=1), zone)
                rows.append(Closure(location_id=place.id, starts_at=begins, ends_at=ends, reason=reason))
    afternoon = (days.today + 9 - (days.today + 9) % 7 + 3) * DAY_MINUTES + 14 * 60
    works = {"starts_at": days.at(afternoon), "ends_at": days.at(afternoon + 6 * 60)}
    rows.append(Closure(location_id=locations[-1].id, reason="Water pipes are renewed", **works))
    return rows


def add_rooms(locations: list[Location], rooms_at: dict[int, int]) -> None:
    """Give each location its rooms, numbered through the house."""
    number = 0
    for place in locations:
        for of_place in range(1, rooms_at[place.id] + 1):
            number += 1
            place.rooms.append(Room(id=number, name=f"Room {of_place}"))
