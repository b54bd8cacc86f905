"""What a feed holds, and what reading it costs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from scheduler.calendars.event import EventRow, FeedStyle, Viewer
from scheduler.extensions import db
from scheduler.models import (
    FeedDetail,
    Patient,
    Practitioner,
)
from scheduler.usecases.feeds.events import each_event
from scheduler.usecases.feeds.reading import Feed, fetch_is_to_be_noted, find_feed, note_fetch
from scheduler.usecases.feeds.tokens import issue_feed_token, revoke_feed_token
from tests.factories import (
    NOW,
    RECEPTIONIST,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
)
from tests.feeds.support import make_plan_session, statements

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def feed_of(**wishes: Any) -> Feed:
    feed = find_feed(db.engine, issue_feed_token(**wishes, actor=RECEPTIONIST, now=NOW).secret, now=NOW)
    assert feed is not None
    return feed


def events_of(feed: Feed, now: datetime = NOW) -> list[EventRow]:
    return list(each_event(feed, now=now))


def starts(feed: Feed, now: datetime = NOW) -> list[datetime]:
    return [datetime.fromtimestamp(row.starts_at, UTC) for row in events_of(feed, now=now)]


def test_a_feed_is_found_by_its_secret_alone(context: Flask) -> None:
    world = make_world()
    issued = issue_feed_token(patient_id=world.patient_id, actor=RECEPTIONIST, now=NOW)
    assert find_feed(db.engine, issued.secret, now=NOW) == Feed(
        token_id=issued.id,
        revision=0,
        changed_at=int(NOW.timestamp()),
        is_revoked=False,
        last_fetched_at=None,
        owner_id=world.patient_id,
        style=FeedStyle(Viewer.PATIENT, FeedDetail.MINIMAL, "en", None, "Needle Point"),
    )
    assert find_feed(db.engine, issued.secret[:-1], now=NOW) is None


def test_a_feed_speaks_its_owners_language_or_the_clinics(context: Flask) -> None:
    world = make_world(locale="de")
    english = make_patient("Eve", locale="en-GB")
    doctor = make_practitioner(world.location_id, given_name="Fran", locale="fr")
    assert [
        feed_of(patient_id=world.patient_id).style.locale,
        feed_of(patient_id=english.id).style.locale,
        feed_of(practitioner_id=world.practitioner_id).style.locale,
        feed_of(practitioner_id=doctor.id).style.locale,
    ] == ["de", "en-GB", "de", "fr"]


def test_a_feed_is_revoked_with_its_token_or_its_owner(context: Flask) -> None:
    world = make_world()
    issued = [
        issue_feed_token(**owner, actor=RECEPTIONIST, now=NOW)
        for owner in (
            {"patient_id": world.patient_id},
            {"patient_id": make_patient("Ann").id},
            {"practitioner_id": world.practitioner_id},
        )
    ]
    revoke_feed_token(issued[0].id, actor=RECEPTIONIST, now=NOW)
    for model, number in ((Patient, world.patient_id + 1), (Practitioner, world.practitioner_id)):
        db.session.get_one(model, number).archived_at = NOW
    db.session.commit()
    found = [find_feed(db.engine, each.secret, now=NOW) for each in issued]
    assert [feed is not None and feed.is_revoked for feed in found] == [True, True, True]


def test_finding_a_feed_is_one_statement(context: Flask) -> None:
    issued = issue_feed_token(patient_id=make_world().patient_id, actor=RECEPTIONIST, now=NOW)
    with statements(db.engine) as seen:
        find_feed(db.engine, issued.secret, now=NOW)
    assert len(seen) == 1


def test_finding_a_feed_searches_an_index(context: Flask) -> None:
    world = make_world()
    for _ in range(2):
        issued = issue_feed_token(patient_id=world.patient_id, actor=RECEPTIONIST, now=NOW)
    with statements(db.engine) as seen:
        find_feed(db.engine, issued.secret, now=NOW)
    if db.engine.dialect.name == "sqlite":
        steps = [row[3] for row in db.session.execute(text("EXPLAIN QUERY PLAN " + seen[0]))]
    else:
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        looked_for = seen[0].replace("%(token_hash)s", "'x'").replace("%(now)s", "now()")
        steps = list(db.session.execute(text("EXPLAIN " + looked_for)).scalars())
    assert [step for step in steps if "uq_feed_tokens_token_hash" in step or "sqlite_autoindex" in step] != []
    assert [step for step in steps if "SCAN" in step and "clinics" not in step] == []


def test_a_connection_used_for_a_feed_begins_transactions_as_before(context: Flask) -> None:
    world = make_world()
    feed_of(patient_id=world.patient_id)
    db.session.get_one(Patient, world.patient_id).given_name = "Nobody"
    db.session.flush()
    db.session.rollback()
    assert db.session.get_one(Patient, world.patient_id).given_name == "Paul"


def test_events_are_read_in_one_statement_however_many(context: Flask) -> None:
    world = make_world()
    feed = feed_of(practitioner_id=world.practitioner_id, detail="full")
    counts = []
    for days in (1, 9):
        for day in range(3, 3 + days):
            make_appointment(world, at(day, 9 + days))
        with statements(db.engine) as seen:
            events_of(feed, now=NOW)
        counts.append(len([line for line in seen if line.startswith("SELECT")]))
    assert counts == [1, 1]


def test_a_minimal_feed_does_not_even_read_names(context: Flask) -> None:
    world = make_world()
    appointment = make_appointment(
        world, at(3), planned_session_id=make_plan_session(world, 3, 8), sequence=2
    )
    assert events_of(feed_of(patient_id=world.patient_id), now=NOW) == [
        EventRow(
            uid=appointment.uid,
            sequence=2,
            changed_at=int(NOW.timestamp()),
            starts_at=int(at(3).timestamp()),
            ends_at=int(at(3, 10, 30).timestamp()),
            is_cancelled=False,
            location_name="Mitte",
            address="Torstraße 1, Berlin",
            room_name=None,
            type_name=None,
            person_name=None,
            session_number=None,
            session_total=None,
        )
    ]


@pytest.mark.parametrize(
    ("owner", "detail", "words"),
    [
        ("patient_id", "minimal", (None, None, None, None, None)),
        ("patient_id", "full", ("Room 1", "Dry needling", "Petra Pin", 3, 8)),
        ("practitioner_id", "minimal", ("Room 1", None, None, None, None)),
        ("practitioner_id", "full", ("Room 1", "Dry needling", "Paul Pain", 3, 8)),
    ],
)
def test_each_reader_gets_their_words(
    context: Flask, owner: str, detail: str, words: tuple[object, ...]
) -> None:
    world = make_world()
    make_appointment(world, at(3), planned_session_id=make_plan_session(world, 3, 8))
    (row,) = events_of(feed_of(**{owner: getattr(world, owner)}, detail=detail), now=NOW)
    assert row[-7:] == (*words, False, None)


def test_an_appointment_without_room_or_plan_has_neither(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3), room_id=None)
    (row,) = events_of(feed_of(practitioner_id=world.practitioner_id, detail="full"), now=NOW)
    assert row[-7:] == (None, "Dry needling", "Paul Pain", None, None, False, None)


def test_only_the_owners_appointments_are_in_a_feed(context: Flask) -> None:
    world = make_world()
    mine = make_appointment(world, at(3, 9))
    other = make_patient("Other")
    make_appointment(world, at(3, 10), patient_id=other.id)
    assert starts(feed_of(patient_id=world.patient_id)) == [mine.starts_at]


@pytest.mark.parametrize(
    ("away", "is_shown"),
    [
        (timedelta(days=-30), True),
        (timedelta(days=-30, minutes=-5), False),
        (timedelta(days=366, minutes=-5), True),
        (timedelta(days=366), False),
    ],
)
def test_a_feed_holds_thirty_days_back_and_a_year_ahead(
    context: Flask, away: timedelta, is_shown: bool
) -> None:
    world = make_world()
    appointment = make_appointment(world, MIDNIGHT + away)
    feed = feed_of(patient_id=world.patient_id)
    for hour in (0, 23):
        shown = starts(feed, now=MIDNIGHT + timedelta(hours=hour))
        assert shown == ([appointment.starts_at] if is_shown else [])


@pytest.mark.parametrize(("days", "is_shown"), [(0, True), (14, True), (15, False)])
def test_a_cancelled_event_stays_for_fourteen_days(context: Flask, days: int, is_shown: bool) -> None:
    world = make_world()
    make_appointment(world, at(31), status="cancelled", cancelled_at=NOW)
    rows = events_of(feed_of(patient_id=world.patient_id), now=NOW + timedelta(days=days))
    assert [row.is_cancelled for row in rows] == ([True] if is_shown else [])


@pytest.mark.parametrize("status", ["booked", "confirmed", "arrived", "completed", "no_show"])
def test_what_happened_on_the_day_changes_no_event(context: Flask, status: str) -> None:
    world = make_world()
    make_appointment(world, at(3), status=status)
    (row,) = events_of(feed_of(patient_id=world.patient_id), now=NOW)
    assert row.is_cancelled is False


def test_events_come_by_start(context: Flask) -> None:
    world = make_world()
    for day in (5, 3, 4):
        make_appointment(world, at(day))
    assert starts(feed_of(patient_id=world.patient_id)) == [at(3), at(4), at(5)]


def test_a_fetch_is_noted_at_most_hourly(context: Flask) -> None:
    secret = issue_feed_token(patient_id=make_world().patient_id, actor=RECEPTIONIST, now=NOW).secret
    feed = find_feed(db.engine, secret, now=NOW)
    assert feed is not None
    note_fetch(feed.token_id, client="google", now=NOW)
    noted = find_feed(db.engine, secret, now=NOW)
    assert noted is not None
    assert [
        fetch_is_to_be_noted(feed, now=NOW),
        fetch_is_to_be_noted(noted, now=NOW + timedelta(minutes=59)),
        fetch_is_to_be_noted(noted, now=NOW + timedelta(minutes=60)),
    ] == [True, False, True]
