"""GET and HEAD /feeds/<token>.ics as calendar programs meet it."""

import gzip
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session
from werkzeug.http import http_date
from werkzeug.test import TestResponse

from scheduler import clock, create_app
from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentStatus, Clinic, FeedToken, Patient, Practitioner
from scheduler.transaction import writing
from scheduler.usecases.appointments import book_appointment, cancel_appointment, move_appointment
from scheduler.usecases.feed_tokens import bump_feeds, issue_feed_token, revoke_feed_token
from tests.calendars.parsers import ReadEvent, read_alike
from tests.conftest import empty_database, settings_for
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
from tests.usecases.test_feeds import make_plan_session, statements

FORBIDDEN = ("needling", "headache", "tension", "plan", "session", "paul", "pain", "petra")
SECRET = "A" * 43


@pytest.fixture
def travel() -> Iterator[time_machine.Traveller]:
    """The clock, standing still at NOW until it is moved."""
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def world(app: Flask, travel: time_machine.Traveller) -> World:
    """The small clinic; no context stays pushed."""
    with app.app_context():
        return make_world()


@pytest.fixture
def book(app: Flask, world: World) -> Callable[..., str]:
    """Write an appointment as a booking does, feeds told; gives its uid."""

    def write(starts_at: datetime, **changes: Any) -> str:
        with app.app_context():
            uid = make_appointment(world, starts_at, **changes).uid
            _tell(world)
        return uid

    return write


def _tell(world: World) -> None:
    writing(bump_feeds)(
        patient_ids=[world.patient_id], practitioner_ids=[world.practitioner_id], now=clock.now()
    )


def issue(app: Flask, **wishes: Any) -> str:
    """The path of a new feed."""
    with app.app_context():
        secret = issue_feed_token(**wishes, actor=RECEPTIONIST, now=clock.now()).secret
    return f"/feeds/{secret}.ics"


def change(app: Flask, world: World, uid: str, **values: Any) -> None:
    """Change an appointment visibly, as a use case does."""
    with app.app_context():
        values |= {"sequence": Appointment.sequence + 1, "changed_at": clock.now()}
        db.session.execute(update(Appointment).where(Appointment.uid == uid).values(**values))
        db.session.commit()
        _tell(world)


def again(client: FlaskClient, path: str, first: TestResponse) -> TestResponse:
    return client.get(path, headers={"If-None-Match": first.headers["ETag"]})


def events_of(response: TestResponse) -> list[ReadEvent]:
    assert response.status_code == 200
    return read_alike(response.data)


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
                status=list(AppointmentStatus)[number],
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


def test_the_answer_can_be_subscribed_to_and_tells_nobody_else(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    response = client.get(issue(app, patient_id=world.patient_id))
    ours = {
        name: response.headers.get(name)
        for name in (
            "Content-Type",
            "Content-Length",
            "Content-Disposition",
            "Cache-Control",
            "Referrer-Policy",
            "X-Robots-Tag",
            "Vary",
            "Content-Encoding",
            "Set-Cookie",
            "Access-Control-Allow-Origin",
        )
    }
    assert ours == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Length": str(len(response.data)),
        "Content-Disposition": 'inline; filename="appointments.ics"',
        "Cache-Control": "private, no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Vary": "Accept-Encoding",
        "Content-Encoding": None,
        "Set-Cookie": None,
        "Access-Control-Allow-Origin": None,
    }


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


def test_an_unchanged_feed_is_304_and_costs_one_statement(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    with app.app_context():
        engine = db.engine
        with statements(engine) as seen:
            response = again(client, path, first)
    assert (response.status_code, response.data) == (304, b"")
    assert len(seen) == 1
    assert dict(response.headers) == {
        "ETag": first.headers["ETag"],
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
    }


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ("*", 304),
        ("{etag}", 304),
        ('"x", {etag}, "y"', 304),
        ("{strong}", 304),
        ('"x", W/"y"', 200),
        ("nonsense", 200),
    ],
)
def test_if_none_match_takes_lists_stars_and_weak_tags(
    app: Flask, client: FlaskClient, world: World, known: str, status: int
) -> None:
    path = issue(app, patient_id=world.patient_id)
    etag = client.get(path).headers["ETag"]
    header = known.format(etag=etag, strong=etag.removeprefix("W/"))
    assert client.get(path, headers={"If-None-Match": header}).status_code == status


def test_a_change_makes_another_etag(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    book(at(3))
    second = again(client, path, first)
    assert (len(events_of(second)), again(client, path, second).status_code) == (1, 304)


def test_another_day_makes_another_etag(
    app: Flask, client: FlaskClient, world: World, travel: time_machine.Traveller
) -> None:
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    travel.move_to(datetime(2026, 3, 3, tzinfo=UTC) - timedelta(seconds=1))
    assert again(client, path, first).status_code == 304
    travel.shift(timedelta(seconds=1))
    assert again(client, path, first).status_code == 200


def test_another_language_or_clinic_name_makes_another_etag(
    app: Flask, client: FlaskClient, world: World
) -> None:
    path = issue(app, patient_id=world.patient_id)
    etags = [client.get(path).headers["ETag"]]
    for model, changes in ((Clinic, {"name": "Other"}), (Patient, {"locale": "fr"})):
        with app.app_context():
            db.session.execute(update(model).values(**changes))
            db.session.commit()
        etags.append(client.get(path).headers["ETag"])
    assert len(set(etags)) == 3


def test_each_token_has_its_own_etag(app: Flask, client: FlaskClient, world: World) -> None:
    paths = [issue(app, patient_id=world.patient_id) for _ in range(2)]
    assert len({client.get(path).headers["ETag"] for path in paths}) == 2


def test_last_modified_is_the_last_change_or_midnight(
    app: Flask,
    client: FlaskClient,
    world: World,
    travel: time_machine.Traveller,
) -> None:
    path = issue(app, patient_id=world.patient_id)
    travel.shift(timedelta(hours=1))
    assert client.get(path).headers["Last-Modified"] == http_date(NOW)
    travel.shift(timedelta(days=1))
    assert client.get(path).headers["Last-Modified"] == "Tue, 03 Mar 2026 00:00:00 GMT"


def test_if_modified_since_counts_where_no_etag_is_given(
    app: Flask, client: FlaskClient, world: World, travel: time_machine.Traveller
) -> None:
    path = issue(app, patient_id=world.patient_id)
    travel.shift(timedelta(hours=1))
    since = {"If-Modified-Since": client.get(path).headers["Last-Modified"]}
    assert client.get(path, headers=since).status_code == 304
    assert client.get(path, headers=since | {"If-None-Match": '"other"'}).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": http_date(NOW - timedelta(1))}).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_a_change_of_the_same_second_is_not_missed(
    app: Flask,
    client: FlaskClient,
    world: World,
    book: Callable[..., str],
    travel: time_machine.Traveller,
) -> None:
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    assert "Last-Modified" not in first.headers
    book(at(3))
    response = client.get(path, headers={"If-Modified-Since": http_date(NOW)})
    assert len(events_of(response)) == 1


def test_head_is_get_without_the_body(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    path = issue(app, patient_id=world.patient_id)
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.data, dict(head.headers)) == (200, b"", dict(got.headers))
    unchanged = client.head(path, headers={"If-None-Match": got.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br", "gzip"), ("*", "gzip"), ("gzip;q=0", None), ("br", None), ("", None)],
)
def test_a_feed_is_compressed_where_that_is_understood(
    app: Flask,
    client: FlaskClient,
    world: World,
    book: Callable[..., str],
    accepted: str,
    encoding: str | None,
) -> None:
    for day in range(3, 7):
        book(at(day))
    path = issue(app, patient_id=world.patient_id)
    plain = client.get(path)
    response = client.get(path, headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.headers["Content-Length"] == str(len(response.data))
    assert (gzip.decompress(response.data) if encoding else response.data) == plain.data
    assert response.headers["ETag"] == plain.headers["ETag"]
    assert again(client, path, response).status_code == 304


def test_a_revoked_address_is_gone(app: Flask, client: FlaskClient, world: World) -> None:
    path = issue(app, patient_id=world.patient_id)
    first = client.get(path)
    with app.app_context():
        revoke_feed_token(1, actor=RECEPTIONIST, now=NOW)
    for response in (client.get(path), again(client, path, first)):
        assert (response.status_code, response.content_type) == (410, "text/plain; charset=utf-8")
        assert response.text == "This calendar address is no longer valid. Ask the clinic for a new one.\n"


@pytest.mark.parametrize(("owner", "model"), [("patient_id", Patient), ("practitioner_id", Practitioner)])
def test_an_archived_persons_address_is_gone(
    app: Flask, client: FlaskClient, world: World, owner: str, model: type[Patient] | type[Practitioner]
) -> None:
    path = issue(app, **{owner: getattr(world, owner)})
    with app.app_context():
        db.session.execute(update(model).values(archived_at=NOW))
        db.session.commit()
    assert client.get(path).status_code == 410


@pytest.mark.parametrize("secret", [SECRET, "short", "%00", "ü", "..%2f..%2fetc", "a" * 5000])
def test_an_address_never_given_out_is_not_there(client: FlaskClient, secret: str) -> None:
    response = client.get(f"/feeds/{secret}.ics")
    assert (response.status_code, response.mimetype) == (404, "text/plain")
    assert "<" not in response.text


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_a_feed_cannot_be_written(app: Flask, client: FlaskClient, world: World, method: str) -> None:
    response = getattr(client, method)(issue(app, patient_id=world.patient_id))
    assert (response.status_code, response.mimetype) == (405, "text/plain")


@pytest.mark.parametrize("url", ["sqlite:////nonexistent/needletime.db", "postgresql://127.0.0.1:1/nothing"])
def test_an_unreachable_database_keeps_every_copy(url: str) -> None:
    client = create_app(settings_for(url)).test_client()
    for headers in ({}, {"If-None-Match": 'W/"1-1-1-20260302-00000000"'}):
        response = client.get(f"/feeds/{SECRET}.ics", headers=headers)
        assert (response.status_code, response.content_type) == (503, "text/plain; charset=utf-8")
        assert response.headers["Retry-After"] == "300"
        assert response.text == "The calendar cannot be read at the moment.\n"


def test_feeds_come_back_after_the_database_dropped_its_connections(
    postgresql_app: Flask, travel: time_machine.Traveller
) -> None:
    with postgresql_app.app_context():
        empty_database()
        path = issue(postgresql_app, patient_id=make_world().patient_id)
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    client = postgresql_app.test_client()
    assert client.get(path).status_code == 200
    with psycopg.connect(url) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    statuses = [client.get(path).status_code for _ in range(10)]
    assert statuses == sorted(statuses, reverse=True)
    assert (statuses[0], statuses[-1]) == (503, 200)


def test_a_table_that_cannot_be_read_keeps_every_copy(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    path = issue(app, patient_id=world.patient_id)
    with app.app_context():
        db.session.execute(text("ALTER TABLE appointments RENAME TO elsewhere"))
        db.session.commit()
    try:
        assert client.get(path).status_code == 503
    finally:
        with app.app_context():
            db.session.execute(text("ALTER TABLE elsewhere RENAME TO appointments"))
            db.session.commit()
    assert client.get(path).status_code == 200


def test_a_fetch_is_noted_to_the_hour(
    app: Flask, client: FlaskClient, world: World, travel: time_machine.Traveller
) -> None:
    path = issue(app, patient_id=world.patient_id)
    noted = []
    first = client.get(path)
    for minutes in (0, 59, 1):
        travel.shift(timedelta(minutes=minutes))
        assert again(client, path, first).status_code == 304
        with app.app_context():
            noted.append(db.session.scalar(select(FeedToken.last_fetched_at)))
    assert noted == [NOW, NOW, NOW + timedelta(hours=1)]


def test_the_secret_is_never_logged(
    app: Flask,
    client: FlaskClient,
    world: World,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    path = issue(app, patient_id=world.patient_id)
    secret = path.removeprefix("/feeds/").removesuffix(".ics")
    again(client, path, client.get(path))
    client.post(path)
    with app.app_context():
        revoke_feed_token(1, actor=RECEPTIONIST, now=NOW)
    client.get(path)
    broken = create_app(settings_for("sqlite:////nonexistent/needletime.db")).test_client()
    assert broken.get(path).status_code == 503
    said = caplog.text + "".join(capfd.readouterr())
    assert "a calendar feed failed" in said
    assert secret not in said


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
            for _ in range(60):
                change_once()
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert [pair for pair in seen if pair[1] < pair[0]] == []
    assert len({revision for revision, _ in seen}) > 1
