"""What a calendar program reads at /feeds/<token>.ics, and that it follows every change."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from scheduler import clock
from scheduler.calendars.event import render_event
from scheduler.models import Appointment, AppointmentStatus
from scheduler.transaction import writing
from scheduler.usecases.appointments.changing import book_appointment, cancel_appointment, move_appointment
from scheduler.usecases.feeds.tokens import bump_feeds
from tests.calendars.parsers import ReadEvent, read_alike
from tests.factories import (
    NOW,
    RECEPTIONIST,
    World,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
)
from tests.feeds.support import again, change, events_of, issue, make_plan_session

FORBIDDEN = ("needling", "headache", "tension", "plan", "session", "paul", "pain", "petra")
BOOKED = [status for status in AppointmentStatus if status != AppointmentStatus.HELD]


def test_every_event_says_what_is_stored(app: Flask, client: FlaskClient, world: World) -> None:
    expected = {}
    with app.app_context():
        other = make_patient("Ömer", "Şahin; von, Tal")
        session_id = make_plan_session(world, 3, 8)
        for number, starts_at in enumerate(
            [
                at(2, 9),
                at(28, 10),
                at(30, 10),
                at(15, 9, 5, month=7),
                at(25, 9, month=10),
                at(26, 9, month=10),
            ]
        ):
            row = make_appointment(
                world,
                starts_at,
                minutes=30 + 15 * number,
                sequence=number,
                changed_at=NOW - timedelta(hours=number),
                status=BOOKED[number],
                cancelled_at=NOW if number == 4 else None,
                room_id=world.room_ids[number % 2] if number else None,
                patient_id=other.id if number == 5 else world.patient_id,
                planned_session_id=session_id if number == 1 else None,
            )
            title = f"{row.patient.name} · Dry needling" + (" · Session 3 of 8" if number == 1 else "")
            cancelled = row.status == AppointmentStatus.CANCELLED
            room = row.room.name + ", " if row.room else ""
            expected[row.uid] = ReadEvent(
                uid=row.uid,
                sequence=number,
                stamped_at=row.changed_at,
                modified_at=row.changed_at,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                summary=f"Cancelled: {title}" if cancelled else title,
                location=f"{room}Needle Point, Mitte, Torstraße 1, Berlin",
                status="CANCELLED" if cancelled else "CONFIRMED",
                transparency="TRANSPARENT" if cancelled else "OPAQUE",
                alarms=() if cancelled else (timedelta(minutes=-20),),
            )
    path = issue(app, practitioner_id=world.practitioner_id, detail="full", alarm_minutes=20)
    assert events_of(client.get(path)) == list(expected.values())


@pytest.mark.parametrize(
    ("owner", "title"), [("patient_id", "Appointment"), ("practitioner_id", "Appointment · Room 1")]
)
def test_a_minimal_feed_gives_nothing_away(
    app: Flask, client: FlaskClient, world: World, owner: str, title: str
) -> None:
    with app.app_context():
        make_appointment(world, at(3), planned_session_id=make_plan_session(world, 3, 8), uid="1@x")
    response = client.get(issue(app, **{owner: getattr(world, owner)}))
    assert [event.summary for event in events_of(response)] == [title]
    assert [word for word in FORBIDDEN if word in response.text.lower()] == []


def test_a_cancelled_event_is_shown_for_a_fortnight_and_then_dropped(
    app: Flask,
    client: FlaskClient,
    world: World,
    book: Callable[..., str],
    travel: time_machine.Traveller,
) -> None:
    uid = book(at(20), sequence=1)
    path = issue(app, patient_id=world.patient_id)
    (before,) = events_of(client.get(path))
    travel.shift(timedelta(hours=3))
    change(app, world, uid, status="cancelled", cancelled_at=clock.now())
    cancelled = client.get(path)
    (after,) = events_of(cancelled)
    assert (after.uid, after.sequence, after.starts_at) == (before.uid, 2, before.starts_at)
    assert (after.status, after.transparency) == ("CANCELLED", "TRANSPARENT")
    assert after.summary == "Cancelled: Appointment"
    assert after.stamped_at == after.modified_at == NOW + timedelta(hours=3)
    travel.shift(timedelta(days=14))
    assert events_of(again(client, path, cancelled)) == [after]
    travel.shift(timedelta(days=1))
    assert events_of(client.get(path)) == []


def test_a_moved_event_keeps_its_uid_and_counts_on(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    uid = book(at(20))
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    moved = {
        "starts_at": at(21),
        "ends_at": at(21, 10, 30),
        "busy_from": at(21),
        "busy_until": at(21, 10, 30),
    }
    change(app, world, uid, **moved)
    response = again(client, path, first)
    assert [(event.uid, event.sequence, event.starts_at) for event in events_of(response)] == [
        (uid, 1, at(21))
    ]


def test_booking_moving_and_cancelling_reach_every_calendar_concerned(
    app: Flask, client: FlaskClient, world: World
) -> None:
    with app.app_context():
        other_id = make_practitioner(world.location_id, given_name="Otto").id
    paths = [
        issue(app, patient_id=world.patient_id),
        issue(app, practitioner_id=world.practitioner_id),
        issue(app, practitioner_id=other_id),
    ]

    def see() -> list[list[tuple[int, datetime, str]]]:
        return [
            [(event.sequence, event.starts_at, event.status) for event in events_of(client.get(path))]
            for path in paths
        ]

    by = {"actor": RECEPTIONIST, "now": NOW}
    with app.app_context():
        booked = book_appointment(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            appointment_type_id=world.needling_id,
            starts_at=at(4),
            **by,
        )
    etags = [{client.get(path).headers["ETag"]} for path in paths]
    seen = [see()]
    with app.app_context():
        moved = move_appointment(booked.id, version=1, starts_at=at(5, 11), practitioner_id=other_id, **by)
    seen.append(see())
    for known, path in zip(etags, paths, strict=True):
        known.add(client.get(path).headers["ETag"])
    with app.app_context():
        cancel_appointment(booked.id, version=moved.version, **by)
    seen.append(see())
    first, second = (0, at(4), "CONFIRMED"), (1, at(5, 11), "CONFIRMED")
    third = (2, at(5, 11), "CANCELLED")
    assert seen == [[[first], [first], []], [[second], [], [second]], [[third], [], [third]]]
    assert [len(known) for known in etags] == [2, 2, 2]


def test_after_one_change_one_event_is_rendered_anew(app: Flask, client: FlaskClient, world: World) -> None:
    with app.app_context():
        uids = [make_appointment(world, at(day)).uid for day in range(3, 8)]
    path = issue(app, patient_id=world.patient_id)
    render_event.cache_clear()
    first = client.get(path)
    rendered = render_event.cache_info().misses
    change(app, world, uids[2], room_id=None, starts_at=at(5, 10, 5))
    assert client.get(path).data != first.data
    assert render_event.cache_info().misses == rendered + 1


def test_a_fetch_during_changes_is_never_older_than_its_etag(app: Flask, travel: object) -> None:
    with app.app_context():
        world = make_world()
        uid = make_appointment(world, at(20)).uid
    path = issue(app, patient_id=world.patient_id)
    done = threading.Event()
    seen: list[tuple[int, int]] = []

    def fetch() -> None:
        client = app.test_client()
        while not done.is_set():
            response = client.get(path)
            (event,) = read_alike(response.data)
            seen.append((int(response.headers["ETag"].split("-")[2]), event.sequence))

    @writing
    def change_once(session: Session) -> None:
        rising = {"sequence": Appointment.sequence + 1}
        session.execute(update(Appointment).where(Appointment.uid == uid).values(**rising))
        bump_feeds(session, patient_ids=[world.patient_id], practitioner_ids=[], now=NOW)

    readers = [threading.Thread(target=fetch) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        with app.app_context():
            for times in range(2000):
                change_once()
                if times >= 60 and len({revision for revision, _ in seen}) > 1:
                    break
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert [pair for pair in seen if pair[1] < pair[0]] == []
    assert len({revision for revision, _ in seen}) > 1
