"""What an address shows: its detail, its range, held slots, and rooms."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from scheduler import clock
from scheduler.models import AppointmentType, FeedToken
from scheduler.transaction import writing
from scheduler.usecases.absences.entering import WallTime, add_closure, remove_closure
from scheduler.usecases.appointments.changing import book_appointment, move_appointment
from scheduler.usecases.booking.held_slots import clear_expired, keep_slots
from scheduler.usecases.booking.rules import Wish
from scheduler.usecases.feeds.overview import see_calendars
from scheduler.usecases.feeds.silent import is_silent
from scheduler.usecases.feeds.tokens import change_feed_token, list_feed_tokens, revoke_feed_token
from scheduler.usecases.series.holds import make_hold
from tests.calendars.parsers import ReadEvent
from tests.factories import BERLIN, NOW, RECEPTIONIST, World, at, make_appointment
from tests.feeds.support import again, events_of, issue, tell
from tests.query_counter import count_queries


@writing
def keep(session: Session, world: World, starts_at: datetime) -> None:
    """Hold a slot in the first room for ten minutes, as a proposal does."""
    row = make_hold(session, world.patient_id, RECEPTIONIST, until=NOW + timedelta(minutes=10), now=NOW)
    kind = session.get_one(AppointmentType, world.needling_id)
    wish = Wish(world.patient_id, world.practitioner_id, world.location_id, BERLIN, kind, starts_at)
    keep_slots(session, row, [(wish, world.room_ids[0], None)], now=NOW)


@pytest.mark.parametrize(
    ("detail", "title"), [("minimal", "Out of use"), ("full", "Out of use · Flood; not yet dry")]
)
def test_a_room_shows_until_when_it_is_out_of_use_and_follows_at_once(
    app: Flask, client: FlaskClient, world: World, detail: str, title: str
) -> None:
    first, second = world.room_ids
    owners = ({"room_id": first}, {"room_id": second}, {"practitioner_id": world.practitioner_id})
    paths = [issue(app, **owner, detail=detail, alarm_minutes=20) for owner in owners]
    before = [client.get(path) for path in paths]
    by = {"actor": RECEPTIONIST, "now": NOW}
    with app.app_context():
        days = (WallTime(date(2026, 3, 28)), WallTime(date(2026, 3, 30)))
        absence = add_closure(None, *days, room=first, reason="Flood; not yet dry", **by)
    shut, *others = [again(client, path, known) for path, known in zip(paths, before, strict=True)]
    assert [answer.status_code for answer in others] == [304, 304]
    assert events_of(shut) == [
        ReadEvent(
            uid=f"closure-{absence.id}@needletime",
            sequence=0,
            stamped_at=NOW,
            modified_at=NOW,
            starts_at=at(28, 0),
            ends_at=at(31, 0),
            summary=title,
            location="Room 1, Needle Point, Mitte, Torstraße 1, Berlin",
            status="CONFIRMED",
            transparency="OPAQUE",
        )
    ]
    with app.app_context():
        remove_closure(absence.id or 0, **by)
    assert events_of(again(client, paths[0], shut)) == []


@pytest.mark.parametrize(
    ("owner", "title"),
    [
        ("patient_id", "Dry needling"),
        ("practitioner_id", "Dry needling · Room 1"),
        ("room_id", "Dry needling"),
    ],
)
def test_the_type_alone_names_nobody(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str], owner: str, title: str
) -> None:
    book(at(3), room_id=world.room_ids[0])
    whose = world.room_ids[0] if owner == "room_id" else getattr(world, owner)
    response = client.get(issue(app, **{owner: whose}, detail="type"))
    assert [event.summary for event in events_of(response)] == [title]


def test_a_room_shows_what_happens_in_it_and_follows_when_it_moves_elsewhere(
    app: Flask, client: FlaskClient, world: World
) -> None:
    first, second = world.room_ids[:2]
    paths = [issue(app, room_id=number, detail="full") for number in (first, second)]
    by = {"actor": RECEPTIONIST, "now": NOW}
    with app.app_context():
        booked = book_appointment(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            appointment_type_id=world.needling_id,
            room_id=first,
            starts_at=at(4),
            **by,
        )
    seen = [client.get(path) for path in paths]
    assert [[event.summary for event in events_of(each)] for each in seen] == [
        ["Petra Pin · Paul Pain · Dry needling"],
        [],
    ]
    with app.app_context():
        move_appointment(booked.id, version=1, starts_at=at(4), room_id=second, **by)
    after = [again(client, path, known) for path, known in zip(paths, seen, strict=True)]
    assert [len(events_of(each)) for each in after] == [0, 1]


def test_the_range_is_the_addresss_own(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    for day in (-40, -1, 5, 40):
        book(NOW + timedelta(days=day))
    path = issue(app, patient_id=world.patient_id, past_days=0, ahead_days=7)
    wide = issue(app, patient_id=world.patient_id, past_days=60, ahead_days=60)
    assert [len(events_of(client.get(each))) for each in (path, wide)] == [1, 4]


def test_held_slots_come_and_go_by_themselves(
    app: Flask, client: FlaskClient, world: World, travel: time_machine.Traveller
) -> None:
    owners = [{"practitioner_id": world.practitioner_id}, {"room_id": world.room_ids[0]}]
    paths = [issue(app, **owner, shows_holds=True) for owner in owners]
    plain = issue(app, practitioner_id=world.practitioner_id)
    empty = [client.get(path) for path in [*paths, plain]]
    with app.app_context():
        keep(world, at(4))
    held = [again(client, path, known) for path, known in zip([*paths, plain], empty, strict=True)]
    assert held[2].status_code == 304
    assert [[event.status for event in events_of(each)] for each in held[:2]] == [
        ["TENTATIVE"],
        ["TENTATIVE"],
    ]
    assert [each.summary for each in events_of(held[0])] == ["Held: Appointment · Room 1"]
    assert [again(client, path, known).status_code for path, known in zip(paths, held, strict=False)] == [
        304,
        304,
    ]
    travel.shift(timedelta(minutes=11))
    over = [again(client, path, known) for path, known in zip(paths, held, strict=False)]
    assert [events_of(each) for each in over] == [[], []]
    with app.app_context():
        writing(clear_expired)(now=clock.now())
    assert [again(client, path, known).status_code for path, known in zip(paths, over, strict=True)] == [
        304,
        304,
    ]


def test_a_changed_address_shows_the_change_at_its_old_place(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str]
) -> None:
    book(at(3))
    path = issue(app, patient_id=world.patient_id, name="phone")
    first = client.get(path)
    with app.app_context():
        (token,) = list_feed_tokens(patient_id=world.patient_id)
        change_feed_token(token.id, name="assistant", detail="type", actor=RECEPTIONIST, now=NOW)
        (changed,) = list_feed_tokens(patient_id=world.patient_id)
        assert (changed.name, changed.alarm_minutes) == ("assistant", None)
    assert [event.summary for event in events_of(again(client, path, first))] == ["Dry needling"]


@pytest.mark.parametrize(
    ("program", "family"),
    [
        ("Google-Calendar-Importer", "google"),
        ("iOS/18.0 (22A3354) dataaccessd/1.0", "apple"),
        ("macOS/14.0 (23A344) CalendarAgent/1003", "apple"),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.1)", "outlook"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Thunderbird/128.0",
            "thunderbird",
        ),
        ("ICSx5/2.2", "other"),
        ("", "other"),
    ],
)
def test_only_the_family_of_the_program_is_kept(
    app: Flask, client: FlaskClient, world: World, program: str, family: str
) -> None:
    client.get(issue(app, patient_id=world.patient_id), headers={"User-Agent": program})
    with app.app_context():
        (token,) = list_feed_tokens(patient_id=world.patient_id)
        assert (token.client, token.last_fetched_at) == (family, NOW)


def test_a_calendar_that_does_not_look_is_told_once_something_changed(
    app: Flask, client: FlaskClient, world: World, travel: time_machine.Traveller
) -> None:
    client.get(issue(app, practitioner_id=world.practitioner_id))
    client.get(issue(app, patient_id=world.patient_id))

    def silent() -> list[list[str]]:
        with app.app_context():
            found = see_calendars(now=clock.now())
            return [[each.owner for each in group] for group in (found.silent, found.silent_of_patients)]

    travel.shift(timedelta(days=8))
    assert silent() == [[], []]
    with app.app_context():
        make_appointment(world, at(12))
        tell(world)
    assert silent() == [["Petra Pin"], ["Paul Pain"]]
    travel.shift(timedelta(days=3))
    assert silent() == [["Petra Pin"], []]


def test_the_overview_has_all_addresses_that_answer_in_as_many_queries(app: Flask, world: World) -> None:
    def seen() -> tuple[list[str], int, int]:
        with app.app_context(), count_queries() as counter:
            found = see_calendars(now=clock.now())
            return [each.owner for each in found.of_staff], found.of_patients, counter.total

    before = seen()
    room = world.room_ids[0]
    owners = ({"practitioner_id": world.practitioner_id}, {"room_id": room}, {"patient_id": world.patient_id})
    for owner in (*owners, *owners):
        issue(app, **owner)
    with app.app_context():
        last = list_feed_tokens(room_id=room)[-1].id
        revoke_feed_token(last, actor=RECEPTIONIST, now=NOW)
    assert before == ([], 0, 3)
    assert seen() == (["Petra Pin", "Room 1", "Petra Pin"], 2, 3)


def test_an_address_that_was_never_used_is_told_too() -> None:
    token = FeedToken(created_at=NOW, changed_at=NOW + timedelta(days=1), last_fetched_at=None)
    assert [is_silent(token, now=NOW + timedelta(days=days)) for days in (6, 7)] == [False, True]


def test_a_large_calendar_comes_whole_packed_or_not(
    app: Flask, client: FlaskClient, world: World, book: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(3, 9):
        book(at(day))
    path = issue(app, patient_id=world.patient_id)
    small = client.get(path)
    monkeypatch.setattr("scheduler.feeds.KEPT_IN_MEMORY", 100)
    for coding in ("identity", "gzip"):
        with client.get(path, headers={"Accept-Encoding": coding}) as large:
            assert int(large.headers["Content-Length"]) == len(large.data)
    with client.get(path) as large:
        assert large.data == small.data
