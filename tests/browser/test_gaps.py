"""Filling a gap in the browser: a cancelled slot is offered, taken by the mail's link on a phone, and in the diary."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment, OfferTurn
from scheduler.usecases.appointments.changing import book_appointment, cancel_appointment
from scheduler.usecases.gaps.waitlist import EntryWish, add_to_waitlist
from scheduler.usecases.links import offer_link, offer_secret
from tests.browser.conftest import Live
from tests.browser.looks import faults
from tests.factories import BERLIN, RECEPTIONIST, make_patient


def next_monday_at_ten() -> datetime:
    today = clock.now().astimezone(BERLIN).replace(hour=10, minute=0, second=0, microsecond=0)
    return today + timedelta(days=7 - today.weekday())


@pytest.fixture
def gap(live: Live) -> datetime:
    """A slot that was cancelled, and two patients who wait for one."""
    starts_at = next_monday_at_ten()
    with live.app.app_context():
        now = clock.now()
        row = book_appointment(
            patient_id=live.world.patient_id,
            practitioner_id=live.world.practitioner_id,
            appointment_type_id=live.world.needling_id,
            starts_at=starts_at,
            actor=RECEPTIONIST,
            now=now,
        )
        cancel_appointment(row.id, version=1, actor=RECEPTIONIST, now=now)
        wish = EntryWish(live.world.needling_id, now.date(), now.date() + timedelta(days=30))
        for name in ("Ann", "Bob"):
            add_to_waitlist(make_patient(name, locale="en").id, wish, actor=RECEPTIONIST, now=now)
        db.session.remove()
    return starts_at


def link_of(live: Live, position: int) -> str:
    with live.app.app_context():
        turn = db.session.query(OfferTurn).filter_by(position=position).one()
        secret = offer_secret(live.app.config["SETTINGS"].secret_key, turn.id, turn.asked_at)
        db.session.remove()
    return offer_link(live.address, secret)


def offer_to_both(desk: Page) -> None:
    desk.get_by_role("link", name="Gaps").click()
    desk.get_by_role("link", name="Who could use it?").click()
    for name in ("Ann Pain", "Bob Pain"):
        desk.get_by_role("checkbox", name=name).check()
    desk.get_by_role("button", name="Show the chain").click()
    expect(desk.get_by_role("heading", name="If Ann Pain takes it")).to_be_visible()
    desk.get_by_role("button", name="Offer in turn").click()
    expect(desk.get_by_text("The slot is kept, and the first is asked.")).to_be_visible()


def test_from_the_gap_over_the_mails_link_into_the_diary(
    live: Live, desk: Page, gap: datetime, chromium: Browser
) -> None:
    offer_to_both(desk)
    phone = chromium.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    page = phone.new_page()
    page.goto(link_of(live, 1))
    expect(page.get_by_role("heading", name="An appointment for you, Ann")).to_be_visible()
    expect(page.get_by_text("10:00–10:30")).to_be_visible()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", name="It is yours, Ann.")).to_be_visible()
    phone.close()
    desk.goto("/gaps")
    expect(desk.locator(".offers .turn.accepted")).to_contain_text("Ann Pain")
    desk.goto(f"/diary?on={gap:%Y-%m-%d}")
    expect(desk.locator(".ec-event.entry", has_text="Ann Pain")).to_be_visible()
    with live.app.app_context():
        booked = db.session.query(Appointment).filter_by(status="booked").one()
        assert booked.starts_at == gap
        db.session.remove()


def test_the_desk_answers_for_whoever_calls(desk: Page, gap: datetime) -> None:
    offer_to_both(desk)
    desk.get_by_role("button", name="Declines").click()
    expect(desk.get_by_text("The slot goes to the next in turn.")).to_be_visible()
    desk.get_by_role("button", name="Accepts").click()
    expect(desk.get_by_text("The slot is booked.")).to_be_visible()


def test_who_is_asked_first_is_for_the_desk_to_say_by_keyboard_alone(
    live: Live, desk: Page, gap: datetime
) -> None:
    desk.goto("/gaps")
    desk.get_by_role("link", name="Who could use it?").click()
    boxes = [desk.get_by_role("checkbox", name=name) for name in ("Ann Pain", "Bob Pain")]
    turns = [desk.get_by_role("spinbutton", name=name) for name in ("Ann Pain", "Bob Pain")]
    for box in boxes:
        box.press("Space")
    assert [turn.input_value() for turn in turns] == ["1", "2"]
    turns[1].press("ArrowDown")
    assert [turn.input_value() for turn in turns] == ["2", "1"]
    boxes[0].press("Space")
    assert [turn.input_value() for turn in turns] == ["", "1"]
    desk.reload()
    expect(desk.locator(".draft-note")).to_be_visible()
    assert [turn.input_value() for turn in turns] == ["", "1"]
    turns[0].press("ArrowUp")
    expect(boxes[0]).to_be_checked()
    assert [turn.input_value() for turn in turns] == ["1", "2"]
    turns[0].press("ArrowUp")
    desk.get_by_role("button", name="Show the chain").press("Enter")
    expect(desk.locator(".chain ol.turns li")).to_have_text(["Bob Pain", "Ann Pain"])
    desk.get_by_role("button", name="Offer in turn").press("Enter")
    expect(desk.locator(".turn.asked")).to_contain_text("Bob Pain")


def test_a_gap_and_its_offers_are_accessible_and_fit(live: Live, desk: Page, gap: datetime) -> None:
    desk.goto("/gaps")
    found = {"gap": faults(desk)}
    desk.get_by_role("link", name="Who could use it?").click()
    desk.get_by_role("checkbox", name="Ann Pain").check()
    desk.get_by_role("button", name="Show the chain").click()
    expect(desk.get_by_role("heading", name="If Ann Pain takes it")).to_be_visible()
    found["ranking"] = faults(desk)
    desk.get_by_role("button", name="Offer in turn").click()
    expect(desk.locator(".turn.asked")).to_be_visible()
    found["offers"] = faults(desk)
    desk.goto(link_of(live, 1))
    found["link"] = faults(desk, (1280, 320))
    assert found == dict.fromkeys(found, ())
