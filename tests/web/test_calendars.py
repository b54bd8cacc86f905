"""Calendar addresses on screen: shown once, revocable, one's own for practitioners."""

import html
import re
from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import BusyTime, FeedToken
from scheduler.usecases.practitioners.busy_calendars import add_busy_calendar
from tests.factories import BERLIN, RECEPTIONIST, World, make_appointment, save
from tests.web.browser import Browser
from tests.web.drawn import drawn


def test_an_address_is_shown_once_and_works(desk: Browser, world: World) -> None:
    path = f"/patients/{world.patient_id}"
    page = desk.post(f"{path}/calendars", {"name": "phone", "next": path}).text
    (address,) = re.findall(r'id="address"[^>]*>([^<]+)<', page)
    assert address.startswith("http://127.0.0.1:8000/feeds/")
    links = html.unescape(page)
    assert "https://calendar.google.com/calendar/r?cid=webcal" in links
    assert "https://outlook.live.com/calendar/0/addfromweb?url=http" in links
    assert address.replace("http:", "webcal:") in links
    assert desk.get(address.removeprefix("http://127.0.0.1:8000")).status_code == 200
    shown = desk.get(path).text
    assert "phone" in shown
    assert address.split("/")[-1].removesuffix(".ics") not in shown


def test_a_revoked_address_answers_gone(desk: Browser, world: World) -> None:
    path = f"/patients/{world.patient_id}"
    page = desk.post(f"{path}/calendars", {"next": path}).text
    address = re.findall(r'id="address"[^>]*>http://127.0.0.1:8000([^<]+)<', page)[0]
    (revoke,) = re.findall(r'action="(/calendars/\d+/revoke)"', desk.get(path).text)
    assert desk.post(revoke, {"next": path}).location == path
    assert desk.get(address).status_code == 410


def test_practitioners_issue_and_revoke_their_own_address_only(
    stranger: Browser, app: Flask, world: World
) -> None:
    stranger.sign_in()
    stranger.post(f"/patients/{world.patient_id}/calendars")
    stranger.sign_in("practitioner")
    assert stranger.post("/account/calendars", {"detail": "full", "next": "/account"}).status_code == 200
    with app.app_context():
        rows = db.session.execute(
            select(FeedToken.id, FeedToken.practitioner_id, FeedToken.detail).order_by(FeedToken.id)
        ).all()
    (patients, _, _), (own, practitioner_id, detail) = rows
    assert (practitioner_id, detail) == (world.practitioner_id, "full")
    assert stranger.post(f"/account/calendars/{patients}/revoke").status_code == 404
    assert stranger.post(f"/account/calendars/{own}/revoke", {"next": "/account"}).status_code == 303


def test_who_treats_nobody_has_no_calendar_of_their_own(desk: Browser) -> None:
    assert "Calendar addresses" not in desk.get("/account").text
    assert desk.post("/account/calendars").status_code == 422


def test_a_wrong_choice_is_told_in_a_sentence(desk: Browser, world: World) -> None:
    answer = desk.post(f"/patients/{world.patient_id}/calendars", {"detail": "everything"})
    assert answer.status_code == 422
    assert "The detail of a calendar is minimal, type or full." in answer.text


def test_an_address_is_renamed_and_shows_something_else(desk: Browser, app: Flask, world: World) -> None:
    path = f"/calendars/practitioners/{world.practitioner_id}"
    desk.post(f"/practitioners/{world.practitioner_id}/calendars", {"name": "phone", "next": path})
    (change,) = re.findall(r'action="(/calendars/\d+/change)"', desk.get(path).text)
    entered = {"name": "assistant", "detail": "type", "range": "7-90", "shows_holds": "yes", "next": path}
    assert desk.post(change, entered).location == path
    with app.app_context():
        row = db.session.scalars(select(FeedToken)).one()
        assert (row.name, row.detail, row.past_days, row.ahead_days, row.shows_holds) == (
            "assistant",
            "type",
            7,
            90,
            True,
        )


def test_a_room_has_addresses_of_its_own(desk: Browser, world: World) -> None:
    room = world.room_ids[0]
    page = desk.post(f"/rooms/{room}/calendars", {"detail": "full", "next": f"/calendars/rooms/{room}"}).text
    address = re.findall(r'id="address"[^>]*>http://127.0.0.1:8000([^<]+)<', page)[0]
    assert desk.get(address).content_type == "text/calendar; charset=utf-8"
    assert "not read yet" not in desk.get(f"/calendars/rooms/{room}").text
    assert desk.get("/calendars/rooms/4711").status_code == 404


def test_the_overview_says_who_looked_when_and_by_which_program(
    app: Flask, desk: Browser, world: World
) -> None:
    with app.app_context():
        now = clock.now()
        known = {"changed_at": now, "created_at": now - timedelta(days=30), "client": "apple"}
        phone = FeedToken(token_hash="a" * 64, practitioner_id=world.practitioner_id, name="phone", **known)
        phone.last_fetched_at = now - timedelta(hours=2)
        door = FeedToken(token_hash="b" * 64, room_id=world.room_ids[0], name="door", **known)
        door.last_fetched_at = now - timedelta(days=8)
        theirs = FeedToken(token_hash="c" * 64, patient_id=world.patient_id, name="Google", **known)
        theirs.last_fetched_at = now - timedelta(days=9)
        make_appointment(world, now + timedelta(days=2))
        save(phone, door, theirs)
    people, rooms, patients = (
        html.unescape(part)
        for part in re.split(r'id="(?:people|rooms|patients)-title"', desk.get("/calendars").text)[1:]
    )
    assert re.findall(r"phone <span[^>]*>(.*?)</span>", people) == ["last read 2 hours ago by Apple"]
    assert "silent" not in people
    assert re.findall(r"door <span[^>]*>(.*?)</span> <span[^>]*>silent<", rooms) == [
        "last read 1 week ago by Apple"
    ]
    assert rooms.count("No calendar address") == 1
    assert "1 calendar address<" in patients
    assert f'href="/patients/{world.patient_id}">Paul Pain<' in patients


def test_a_private_calendar_is_kept_and_its_address_never_shown(desk: Browser, world: World) -> None:
    path = f"/calendars/practitioners/{world.practitioner_id}"
    secret = "https://calendar.example/private-7f3a/basic.ics"
    kept = desk.post(
        f"/practitioners/{world.practitioner_id}/private-calendars",
        {"url": secret, "name": "Home", "next": path},
    )
    assert (kept.status_code, kept.location) == (303, path)
    pages = [desk.get(each).text for each in (path, "/calendars")]
    assert "Home" in pages[0]
    assert [page for page in pages if "7f3a" in page] == []
    (remove,) = re.findall(r'action="(/private-calendars/\d+/remove)"', pages[0])
    assert desk.post(remove, {"next": path}).location == path
    assert "Home" not in desk.get(path).text


def test_practitioners_add_and_remove_their_own_private_calendars_only(
    stranger: Browser, world: World
) -> None:
    stranger.sign_in("practitioner")
    added = stranger.post(
        "/account/private-calendars", {"url": "https://calendar.example/x.ics", "next": "/account/calendars"}
    )
    assert added.location == "/account/calendars"
    (remove,) = re.findall(
        r'action="(/account/private-calendars/\d+/remove)"', stranger.get("/account/calendars").text
    )
    assert stranger.get("/calendars").status_code == 403
    assert stranger.post("/account/private-calendars/4711/remove").status_code == 404
    assert stranger.post(remove, {"next": "/account/calendars"}).status_code == 303


def test_an_address_that_is_none_is_told(desk: Browser, world: World) -> None:
    answer = desk.post(
        f"/practitioners/{world.practitioner_id}/private-calendars", {"url": "file:///etc/passwd"}
    )
    assert answer.status_code == 422
    assert "This is no address of a calendar: it begins with https://." in answer.text


def test_what_collides_with_a_private_calendar_is_on_the_tasks_and_at_the_appointment(
    app: Flask, desk: Browser, world: World
) -> None:
    with app.app_context():
        now = clock.now()
        starts_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
        clash = make_appointment(world, starts_at).id
        calm = make_appointment(world, starts_at + timedelta(days=1)).id
        row = add_busy_calendar(
            world.practitioner_id, url="https://calendar.example/x.ics", actor=RECEPTIONIST, now=now
        )
        times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=10)}
        save(BusyTime(calendar_id=row.id, practitioner_id=world.practitioner_id, **times))
    tasks = desk.get("/tasks").text
    assert f'href="/appointments/{clash}"' in tasks
    assert f'href="/appointments/{calm}"' not in tasks
    assert "Nothing to do." not in tasks
    on = starts_at.astimezone(BERLIN).date()
    marked = [
        event["id"]
        for event in drawn(desk, f"view=rooms&on={on}")["events"]
        if "clash" in event["classNames"]
    ]
    assert marked == [str(clash)]
    says = "The private calendar of Petra Pin says busy at this time."
    assert [says in desk.get(f"/appointments/{number}").text for number in (clash, calm)] == [True, False]
