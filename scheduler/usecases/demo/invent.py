"""Making up the demo clinic in memory; nothing here touches a database."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from scheduler.models import AppointmentStatus, PlanStatus
from scheduler.usecases.demo.book import Book
from scheduler.usecases.demo.cast import Guest, Visit, day_of
from scheduler.usecases.demo.feeds import feed_tables
from scheduler.usecases.demo.guests import invent_guests
from scheduler.usecases.demo.house import House, build_house
from scheduler.usecases.demo.ledger import Ledger
from scheduler.usecases.demo.mail import Outbox
from scheduler.usecases.demo.rows import Tables, appointment_tables, patient_tables, plan_tables
from scheduler.usecases.demo.run import Run
from scheduler.usecases.demo.size import Days, DemoSize, random_of
from scheduler.usecases.demo.story import Story
from scheduler.usecases.demo.trail import audit_tables
from scheduler.usecases.demo.wellbeing import Wellbeing
from scheduler.usecases.demo.words import clinic_data

ENOUGH_HELD = 4
"""So many sessions make a course of values worth looking at."""
CONFIRMED = 0.6
"""The share of appointments of the next days that patients have confirmed."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Everything to write, and what to tell the person who asked for it."""

    size: DemoSize
    house: House
    tables: Tables
    example_patient_id: int
    """Has a running plan and an address: good to look at first."""
    plans: Mapping[str, int]
    """Status -> how many."""


def invent_demo(
    size: DemoSize, *, now: datetime, progress: Callable[[float], None] = lambda share: None
) -> Demo:
    """Make up a clinic and its life until now; ``progress`` hears of the share that is done.

    The same size (which holds the seed) and day give the same rows; only what became of today's appointments and
    messages so far depends on the time of day.
    """
    days = Days(size, ZoneInfo(str(clinic_data().facts["zone"])), now)
    chance = random_of(size, days)
    house = build_house(size, days, chance)
    ledger = Ledger(house, Book(house, days))
    guests = invent_guests(size, days, chance)
    Run(Story(ledger, days, chance), guests, days, chance).live(progress)
    _confirm_some(ledger.visits, days, chance)
    _settle_today(ledger, days)
    _number(ledger, chance)
    example = _example(ledger, guests)
    ((_, outcomes),) = values = Wellbeing(days, random_of(size, days, "wellbeing")).tables(ledger.courses)
    tables = [
        *patient_tables(guests),
        *plan_tables(ledger.courses, days),
        *appointment_tables(ledger.visits, days),
        *values,
        *Outbox(house.clinic, days, chance).tables(ledger.batches, house.practitioners),
        *feed_tables(house, guests, example, days, random_of(size, days, "feeds")),
        *audit_tables(guests, ledger.courses, ledger.visits, outcomes, days),
    ]
    return Demo(
        size=size,
        house=house,
        tables=tables,
        example_patient_id=example.id,
        plans=Counter(course.status for course in ledger.courses),
    )


def _confirm_some(visits: list[Visit], days: Days, chance: random.Random) -> None:
    for visit in visits:
        ahead = day_of(visit.spot.moment) - days.today
        if visit.status == AppointmentStatus.BOOKED and 0 <= ahead <= 3 and chance.random() < CONFIRMED:
            visit.status = AppointmentStatus.CONFIRMED.value
            visit.version += 1


def _settle_today(ledger: Ledger, days: Days) -> None:
    """Who was here today is seen off, who should be here now has arrived."""
    for visit in ledger.visits:
        if day_of(visit.spot.moment) != days.today or not visit.is_active or visit.spot.moment > days.present:
            continue
        if visit.ends > days.present:
            visit.status = AppointmentStatus.ARRIVED.value
            visit.version += 1
            continue
        ledger.hold(visit)
        course = visit.session.course if visit.session is not None else None
        if course is not None and not course.placed and not course.to_place:
            ledger.complete(course)


def _number(ledger: Ledger, chance: random.Random) -> None:
    """Identities in the order in which things were written down."""
    ledger.visits.sort(key=lambda visit: visit.booked)
    for number, visit in enumerate(ledger.visits, start=1):
        visit.id = number
        visit.uid = f"{UUID(int=chance.getrandbits(128), version=4)}@needletime"
    ledger.courses.sort(key=lambda course: course.prescribed)
    for number, course in enumerate(ledger.courses, start=1):
        course.id = number


def _example(ledger: Ledger, guests: list[Guest]) -> Guest:
    """The patient with an address who is in the middle of a plan: some sessions held, the most ahead."""
    running = [
        course for course in ledger.courses if course.status == PlanStatus.ACTIVE and course.guest.email
    ]
    best = max(running, key=lambda course: (min(course.held, ENOUGH_HELD), len(course.placed)), default=None)
    return best.guest if best is not None else guests[0]
