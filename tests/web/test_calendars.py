"""Calendar addresses on screen: shown once, revocable, one's own for practitioners."""

import html
import re

from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import FeedToken
from tests.factories import World
from tests.web.browser import Browser


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
    assert "The detail of a calendar is minimal or full." in answer.text
