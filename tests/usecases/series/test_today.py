"""Today is the date where a plan is held: far from UTC it is another one for half the day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import Consent, Location, TreatmentPlan
from scheduler.usecases.gaps.waitlist_slots import slots_for_entry
from scheduler.usecases.outcomes.values import record_outcome
from scheduler.usecases.patients.consents import record_consent, withdraw_consent
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.repairs.preview import propose_repair
from scheduler.usecases.series.alternatives import appointment_alternatives, session_alternatives
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from scheduler.usecases.series.proposals import propose_series
from scheduler.usecases.wall_clock import today_at
from tests.factories import RECEPTIONIST, World, at, make_world, save
from tests.usecases.gap_world import enter


class Place(NamedTuple):
    """A zone, an instant at which the date there is another one than in UTC, and that date."""

    zone: ZoneInfo
    now: datetime
    today: date


AUCKLAND = Place(ZoneInfo("Pacific/Auckland"), datetime(2026, 3, 2, 20, tzinfo=UTC), date(2026, 3, 3))
"""Nine in the morning, of a day that UTC has not reached."""
LOS_ANGELES = Place(ZoneInfo("America/Los_Angeles"), datetime(2026, 3, 3, 0, tzinfo=UTC), date(2026, 3, 2))
"""Four in the afternoon, of a day that is over in UTC."""


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def settle(world: World, place: Place) -> None:
    """Let the clinic be there."""
    db.session.get_one(Location, world.location_id).zone = place.zone.key
    db.session.commit()


def on(place: Place, instant: datetime) -> date:
    """The date of an instant there."""
    return instant.astimezone(place.zone).date()


def prescribe(world: World, place: Place, starts_on: date, days: int = 0, sessions: int = 1) -> TreatmentPlan:
    """A plan whose first session must be held on the day on which it starts, or within so many days."""
    return prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=starts_on,
        phases=[PhaseWish(sessions, 0, 0, days)],
        actor=RECEPTIONIST,
        now=place.now,
    )


@pytest.mark.parametrize("place", [AUCKLAND, LOS_ANGELES], ids=lambda place: place.zone.key)
def test_a_session_that_is_due_today_is_offered_what_is_left_of_the_day(world: World, place: Place) -> None:
    settle(world, place)
    plan = prescribe(world, place, place.today)
    first = propose_series(plan.id, now=place.now)[0].sessions[0]
    assert on(place, first.starts_at) == place.today
    found = session_alternatives(plan.id, 1, chosen=[], now=place.now)
    assert (found.first_on, found.last_on, found.slots[0].starts_at) == (place.today, place.today, place.now)


def test_a_session_that_was_due_yesterday_is_overdue_before_utc_says_so(world: World) -> None:
    settle(world, AUCKLAND)
    plan = prescribe(world, AUCKLAND, AUCKLAND.today - timedelta(days=1))
    assert propose_series(plan.id, now=AUCKLAND.now)[0].sessions[0].starts_at == AUCKLAND.now
    assert session_alternatives(plan.id, 1, chosen=[], now=AUCKLAND.now).first_on == AUCKLAND.today


def test_other_times_of_an_appointment_begin_today(world: World) -> None:
    settle(world, AUCKLAND)
    plan = prescribe(world, AUCKLAND, AUCKLAND.today, days=3)
    later = at(4, 9, zone=AUCKLAND.zone)
    (row,) = place_plan(
        plan.id,
        sessions=[ChosenSlot(1, later, world.practitioner_id)],
        actor=RECEPTIONIST,
        now=AUCKLAND.now,
    )
    found = appointment_alternatives(row.id, now=AUCKLAND.now)
    assert (found.first_on, found.slots[0].starts_at) == (AUCKLAND.today, AUCKLAND.now)


def test_a_repair_places_what_is_due_today_on_this_day(world: World) -> None:
    settle(world, LOS_ANGELES)
    plan = prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=LOS_ANGELES.today,
        phases=[PhaseWish(1, 0, 0, 0), PhaseWish(1, 2, 3, 4)],
        actor=RECEPTIONIST,
        now=LOS_ANGELES.now,
    )
    second = ChosenSlot(2, at(5, 10, zone=LOS_ANGELES.zone), world.practitioner_id)
    place_plan(plan.id, sessions=[second], actor=RECEPTIONIST, now=LOS_ANGELES.now)
    preview = propose_repair(plan.id, now=LOS_ANGELES.now)
    (change,) = preview.changes
    assert (change.number, on(LOS_ANGELES, change.starts_at)) == (1, LOS_ANGELES.today)


def test_the_waitlist_looks_at_the_last_day_to_its_end(world: World) -> None:
    settle(world, LOS_ANGELES)
    today = LOS_ANGELES.today
    entry = enter(world, "Ann", wanted_from=today, wanted_until=today, location_id=world.location_id)
    found = slots_for_entry(entry.id, now=LOS_ANGELES.now)
    assert {on(LOS_ANGELES, slot.starts_at) for slot in found} == {today}


def test_the_date_is_that_of_the_place_that_is_asked_for_or_of_the_oldest_in_use(world: World) -> None:
    save(Location(name="Otago", zone=AUCKLAND.zone.key))
    otago = db.session.query(Location).filter_by(name="Otago").one().id
    now = AUCKLAND.now
    assert [today_at(db.session(), place, now) for place in (otago, None, 99)] == [
        date(2026, 3, 3),
        date(2026, 3, 2),
        date(2026, 3, 2),
    ]


def test_a_consent_is_withdrawn_on_the_day_it_is_at_the_desk(world: World) -> None:
    settle(world, AUCKLAND)
    consent = Consent(
        patient_id=world.patient_id, kind="dry_needling", version="2026-01", given_on=date(2026, 1, 5)
    )
    save(consent)
    done = withdraw_consent(world.patient_id, consent.id, actor=RECEPTIONIST, now=AUCKLAND.now)
    assert done.withdrawn_on == AUCKLAND.today


@pytest.mark.parametrize("place", [AUCKLAND, LOS_ANGELES], ids=lambda place: place.zone.key)
def test_a_consent_is_given_today_at_the_latest(world: World, place: Place) -> None:
    settle(world, place)
    told: dict[str, Any] = {"kind": "dry_needling", "version": "2026-01", "actor": RECEPTIONIST}
    with pytest.raises(InvalidInput):
        record_consent(world.patient_id, given_on=place.today + timedelta(days=1), now=place.now, **told)
    record_consent(world.patient_id, given_on=place.today, now=place.now, **told)


@pytest.mark.parametrize("place", [AUCKLAND, LOS_ANGELES], ids=lambda place: place.zone.key)
def test_a_value_is_measured_today_at_the_latest(world: World, place: Place) -> None:
    settle(world, place)
    told: dict[str, Any] = {"measure": "nprs", "value": 3, "actor": RECEPTIONIST, "now": place.now}
    with pytest.raises(InvalidInput):
        record_outcome(world.patient_id, measured_on=place.today + timedelta(days=1), **told)
    record_outcome(world.patient_id, measured_on=place.today, **told)
