"""The demo's patients: names, addresses and habits."""

import random
from datetime import timedelta

from scheduler.usecases.demo.cast import Guest
from scheduler.usecases.demo.size import Days, DemoSize, random_of
from scheduler.usecases.demo.words import clinic_data, names
from scheduler.usecases.patients.registry import fold

USUAL_MINUTES = [8 * 60, 9 * 60, 10 * 60, 11 * 60, 12 * 60 + 30, 14 * 60, 15 * 60, 16 * 60, 17 * 60, 18 * 60]
KNOWN_BEFORE = 0.3
"""So many of the patients came before the diary begins."""


def invent_guests(size: DemoSize, days: Days, chance: random.Random) -> list[Guest]:
    """All patients; those known before have a practitioner and a first contact already."""
    full_names = _names(size.patients, chance)
    guests = [_guest(number, name, days, chance) for number, name in enumerate(full_names, start=1)]
    for guest in guests[: round(size.patients * KNOWN_BEFORE)]:
        guest.is_known = True
        guest.practitioner_id = chance.randrange(size.practitioners) + 1
        first_called = days.first - timedelta(days=chance.randrange(1, 700))
        before_opening = timedelta(days=(days.first - first_called).days)
        guest.created_at = days.at(chance.randrange(8 * 60, 18 * 60)) - before_opening
        guest.consented_on = first_called + timedelta(days=4)
    _add_wishes(guests, random_of(size, days, "wishes"))
    return guests


def _add_wishes(guests: list[Guest], chance: random.Random) -> None:
    """What the desk must not overlook, and who wants invitations instead of a calendar address."""
    for guest in guests:
        if chance.random() < 0.05:
            guest.attention = chance.choice(clinic_data().words["attention"])
        guest.wants_invitations = guest.email is not None and chance.random() < 0.1


def _names(count: int, chance: random.Random) -> list[tuple[str, str]]:
    """Pairs of given and family name; none twice while there are enough."""
    given, family = names().given, names().family
    numbers = chance.sample(range(len(given) * len(family)), min(count, len(given) * len(family)))
    return [
        (given[number % len(given)], family[number // len(given)])
        for number in (numbers[index % len(numbers)] for index in range(count))
    ]


def _guest(number: int, name: tuple[str, str], days: Days, chance: random.Random) -> Guest:
    words = clinic_data().words
    given, family = name
    address = f"{fold(given)}.{fold(family)}{number}@patients.example"
    born_on = days.first - timedelta(days=int(chance.triangular(17, 88, 43) * 365.25))
    return Guest(
        id=number,
        given_name=given,
        family_name=family,
        email=address if chance.random() < 0.92 else None,
        phone=_phone(chance) if chance.random() < 0.97 else None,
        born_on=born_on if chance.random() < 0.98 else None,
        locale="de" if chance.random() < 0.25 else None,
        wants_reminders=chance.random() < 0.95,
        notes=chance.choice(words["notes"]) if chance.random() < 0.08 else "",
        cautions=chance.sample(words["cautions"], chance.choice([1, 1, 2])) if chance.random() < 0.12 else [],
        bounces=chance.random() < 0.006,
        usual_minute=chance.choice(USUAL_MINUTES),
    )


def _phone(chance: random.Random) -> str:
    return chance.choice(names().phones).format(chance.randrange(1000), chance.randrange(100))
