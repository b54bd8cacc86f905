"""The gaps screen, the waitlist and the page behind an offer's link, without scripts."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Offer, OfferTurn, Patient, WaitlistEntry
from scheduler.usecases.appointments.changing import book_appointment, cancel_appointment
from scheduler.usecases.gaps.waitlist import EntryWish, add_to_waitlist
from scheduler.usecases.links import offer_secret
from scheduler.usecases.offers.expiry import expire_offers
from tests.factories import RECEPTIONIST, World, at, make_patient
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
SLOT = {"starts": f"{at(4, 10).timestamp():.0f}", "ends": f"{at(4, 10, 30).timestamp():.0f}"}


def wait(app: Flask, world: World, *names: str) -> list[int]:
    """Entries of new patients on the waitlist, in this order."""
    with app.app_context():
        wish = EntryWish(world.needling_id, at(2).date(), at(30).date())
        found = []
        for name in names:
            patient = make_patient(name, locale="en")
            entry = add_to_waitlist(patient.id, wish, actor=RECEPTIONIST, now=clock.now())
            found.append(entry.id)
        return found


def form_of(world: World, **more: object) -> dict[str, object]:
    return {"practitioner_id": world.practitioner_id, "location_id": world.location_id, **SLOT, **more}


def offered(app: Flask, world: World, desk: Browser, *names: str) -> str:
    """The path of the first patient's page."""
    chosen = [f"waitlist:{number}" for number in wait(app, world, *names)]
    answer = desk.post("/gaps/offer", form_of(world, chosen=chosen, minutes_each="60", goes_on="1"))
    assert (answer.status_code, answer.location) == (303, "/gaps")
    return f"/o/{secret_of(app, 1)}"


def secret_of(app: Flask, position: int) -> str:
    with app.app_context():
        turn = db.session.query(OfferTurn).filter_by(position=position).one()
        return offer_secret(app.config["SETTINGS"].secret_key, turn.id, turn.asked_at)


def test_what_was_cancelled_is_listed_and_leads_to_who_could_use_it(
    app: Flask, world: World, desk: Browser
) -> None:
    wait(app, world, "Ann")
    with app.app_context():
        row = book_appointment(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            appointment_type_id=world.needling_id,
            starts_at=at(4, 10),
            actor=RECEPTIONIST,
            now=clock.now(),
        )
        cancel_appointment(row.id, version=1, actor=RECEPTIONIST, now=clock.now())
    page = desk.get("/gaps").text
    (link,) = re.findall(r'href="(/gaps/ranking\?[^"]+)"', page)
    ranking = desk.get(link.replace("&amp;", "&")).text
    assert re.findall(r"<b>(\w+ Pain)</b>", ranking) == ["Ann Pain"]
    assert "waiting since today" in ranking


def test_any_slot_can_be_asked_about_by_day_and_time(app: Flask, world: World, desk: Browser) -> None:
    wait(app, world, "Ann")
    query = f"practitioner_id={world.practitioner_id}&on=2026-03-04&at=10:00&minutes=30"
    assert "Ann Pain" in desk.get(f"/gaps/ranking?{query}").text


def test_they_are_asked_in_the_order_of_their_numbers_those_without_one_last(
    app: Flask, world: World, desk: Browser
) -> None:
    ann, bob, cleo, dan = (f"waitlist:{number}" for number in wait(app, world, "Ann", "Bob", "Cleo", "Dan"))
    form = form_of(
        world, chosen=[ann, dan, bob], **{f"turn-{dan}": "1", f"turn-{ann}": "", f"turn-{cleo}": "2"}
    )
    shown = desk.post("/gaps/chain", form).text
    listed = shown.split('<ol class="turns">')[1].split("</ol>")[0]
    assert re.findall(r"<li>(\w+) Pain</li>", listed) == ["Dan", "Cleo", "Ann", "Bob"]
    assert re.findall(r'name="turn-([^"]+)" value="(\d)"', shown) == [
        (ann, "3"),
        (bob, "4"),
        (cleo, "2"),
        (dan, "1"),
    ]
    desk.post("/gaps/offer", {**form, "minutes_each": "60"})
    with app.app_context():
        turns = db.session.query(OfferTurn).order_by(OfferTurn.position)
        assert [turn.patient.given_name for turn in turns] == ["Dan", "Cleo", "Ann", "Bob"]


@pytest.mark.parametrize("query", ["", "on=2026-03-04&at=10:00", "starts=9&ends=8", "starts=x&ends=y"])
def test_a_slot_that_makes_no_sense_is_refused_in_words(world: World, desk: Browser, query: str) -> None:
    answer = desk.get(f"/gaps/ranking?{query}")
    assert answer.status_code in {200, 303}
    shown = answer.text if answer.status_code == 200 else desk.get("/gaps").text
    assert re.search(r'class="notice bad"', shown)


def test_the_offer_is_answered_by_the_link_without_signing_in(
    app: Flask, world: World, desk: Browser, stranger: Browser
) -> None:
    path = offered(app, world, desk, "Ann")
    patient = Browser(app)
    page = patient.get(path)
    assert "An appointment for you, Ann" in page.text
    assert "Wednesday" in page.text
    answer = patient.client.post(f"{path}/accept")
    assert answer.status_code == 200
    assert "It is yours, Ann." in answer.text
    with app.app_context():
        assert [row.status for row in db.session.query(Appointment)] == ["booked"]
        note = db.session.query(AuditEntry).filter_by(action="offer_accepted").one()
        assert (note.actor_kind, note.patient_id) == ("patient", note.actor_id)


def test_opening_the_link_changes_nothing_and_is_not_to_be_kept_or_passed_on(
    app: Flask, world: World, desk: Browser
) -> None:
    path = offered(app, world, desk, "Ann")
    client = app.test_client()
    for _ in range(2):
        page = client.get(path)
    assert client.head(path).status_code == 200
    assert client.get(f"{path}/accept").status_code == 405
    wanted = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
    }
    assert {name: page.headers[name] for name in wanted} == wanted
    assert "Set-Cookie" not in page.headers
    assert "<script" not in page.text
    with app.app_context():
        assert db.session.query(OfferTurn).one().status == "asked"


def test_declining_asks_the_next_and_a_late_answer_is_told(app: Flask, world: World, desk: Browser) -> None:
    path = offered(app, world, desk, "Ann", "Bob")
    client = app.test_client()
    assert "Thank you, Ann." in client.post(f"{path}/decline").text
    late = client.post(f"{path}/accept")
    assert (late.status_code, "Thank you, Ann." in late.text) == (409, True)
    second = f"/o/{secret_of(app, 2)}"
    assert "An appointment for you, Bob" in client.get(second).text
    with app.app_context():
        expire_offers(now=clock.now() + timedelta(hours=2), link_key=app.config["SETTINGS"].secret_key)
    over = client.post(f"{second}/accept")
    assert (over.status_code, "This offer is over, Bob." in over.text) == (409, True)


def test_an_unknown_link_says_so(app: Flask, world: World) -> None:
    client = app.test_client()
    for method, path in (("GET", "/o/x"), ("POST", "/o/x/accept"), ("POST", "/o/x/decline")):
        answer = client.open(path, method=method)
        assert (answer.status_code, "This link is not valid." in answer.text) == (404, True)


def test_booking_at_once_leads_to_the_day(app: Flask, world: World, desk: Browser) -> None:
    (number,) = wait(app, world, "Ann")
    answer = desk.post("/gaps/book", form_of(world, book=f"waitlist:{number}"))
    assert (answer.status_code, answer.location) == (303, "/diary?on=2026-03-04")
    with app.app_context():
        assert db.session.get(WaitlistEntry, number).closed_why == "booked"


def test_the_same_form_sent_twice_offers_once(app: Flask, world: World, desk: Browser) -> None:
    (number,) = wait(app, world, "Ann")
    form = form_of(world, chosen=f"waitlist:{number}", minutes_each="60", form_key="k")
    assert [desk.post("/gaps/offer", form).status_code for _ in range(2)] == [303, 303]
    with app.app_context():
        assert db.session.query(Offer).count() == 1


def test_offering_to_nobody_or_to_somebody_unknown_keeps_the_page_with_the_reason(
    app: Flask, world: World, desk: Browser
) -> None:
    wait(app, world, "Ann")
    nobody = desk.post("/gaps/offer", form_of(world))
    assert (nobody.status_code, "Please choose at least one patient." in nobody.text) == (422, True)
    unknown = desk.post("/gaps/offer", form_of(world, chosen="waitlist:99"))
    assert (unknown.status_code, "Please look again." in unknown.text) == (409, True)


def test_reception_answers_for_whoever_calls_and_takes_an_offer_back(
    app: Flask, world: World, desk: Browser
) -> None:
    offered(app, world, desk, "Ann", "Bob", "Cleo")
    page = desk.get("/gaps").text
    assert re.findall(r'action="(/gaps/turns/\d+/\w+)"', page) == [
        "/gaps/turns/1/accept",
        "/gaps/turns/1/decline",
    ]
    desk.post("/gaps/turns/1/decline")
    desk.post("/gaps/turns/2/accept")
    with app.app_context():
        statuses = [turn.status for turn in db.session.query(OfferTurn).order_by(OfferTurn.position)]
        assert statuses == ["declined", "accepted", "passed_over"]


def test_who_cannot_take_it_any_more_is_shown_with_the_reason(
    app: Flask, world: World, desk: Browser
) -> None:
    offered(app, world, desk, "Ann", "Bob")
    with app.app_context():
        db.session.query(Patient).filter_by(given_name="Bob").update({"archived_at": clock.now()})
        db.session.commit()
    desk.post("/gaps/turns/1/decline")
    page = desk.get("/gaps").text
    assert "archived meanwhile" in page
    assert "Nobody left" in page


def test_an_offer_is_taken_back(app: Flask, world: World, desk: Browser) -> None:
    offered(app, world, desk, "Ann")
    version = re.findall(r'name="version" value="(\d+)"', desk.get("/gaps").text)[0]
    desk.post("/gaps/offers/1/stop", {"version": version})
    assert "The offer is taken back, the slot is free." in desk.get("/gaps").text


def test_the_chain_is_shown_below_the_ranking(app: Flask, world: World, desk: Browser) -> None:
    (number,) = wait(app, world, "Ann")
    page = desk.post("/gaps/chain", form_of(world, chosen=f"waitlist:{number}"))
    assert "If Ann Pain takes it" in page.text
    assert "leaves nothing: the chain ends" in page.text


def test_a_patient_is_entered_changed_and_taken_off_the_waitlist(world: World, desk: Browser) -> None:
    desk.post("/patients/new", {"given_name": "Paula", "family_name": "Müller"})
    assert re.findall(r"patient_id=\d+\">([^<]+)<", desk.get("/waitlist/new?q=mull").text) == ["Paula Müller"]
    form = desk.get(f"/waitlist/new?patient_id={world.patient_id}").text
    assert 'name="wanted_until"' in form
    entry = {
        "patient_id": world.patient_id,
        "appointment_type_id": world.needling_id,
        "wanted_from": "2026-03-02",
        "wanted_until": "2026-03-20",
        "weekdays": ["2"],
        "from": "09:30",
        "urgency": "soon",
        "note": "works shifts",
    }
    answer = desk.post("/waitlist/new", entry)
    assert (answer.status_code, answer.location) == (303, "/waitlist/1")
    shown = desk.get("/waitlist/1").text
    assert 'value="09:30"' in shown
    assert "Wed 4 Mar, 09:30" in shown
    again = desk.post("/waitlist/1", {**entry, "version": "1", "wanted_until": "2026-03-01"})
    assert (again.status_code, "The first day must not come after the last." in again.text) == (422, True)
    assert "works shifts" in again.text
    assert desk.post("/waitlist/1", {**entry, "version": "1", "urgency": "urgent"}).status_code == 303
    assert "Urgent" in desk.get("/waitlist").text
    assert desk.post("/waitlist/1/close", {"version": "2", "why": "withdrawn"}).location == "/waitlist"
    assert "Nobody is waiting." in desk.get("/waitlist").text
    assert "Withdrawn" in desk.get("/waitlist?which=closed").text


def test_an_entry_is_booked_from_the_waitlist(app: Flask, world: World, desk: Browser) -> None:
    (number,) = wait(app, world, "Ann")
    page = desk.get(f"/waitlist/{number}").text
    form = re.search(r'<form method="post" action="/gaps/book">(.*?)</form>', page, re.DOTALL)[1]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert desk.post("/gaps/book", fields).status_code == 303
    with app.app_context():
        assert db.session.get(WaitlistEntry, number).closed_why == "booked"


def test_practitioners_look_but_do_not_offer(app: Flask, world: World, stranger: Browser) -> None:
    stranger.sign_in("practitioner")
    assert stranger.get("/gaps").status_code == 200
    assert stranger.post("/gaps/offer", form_of(world)).status_code == 403
    assert stranger.post("/waitlist/new").status_code == 403


def test_the_diary_names_nobody_who_keeps_what_an_answer_by_link_passed_on(
    app: Flask, world: World, desk: Browser
) -> None:
    first = offered(app, world, desk, "Ann", "Bob")
    assert "Kept by " in desk.get("/diary?on=2026-03-04").text
    Browser(app).client.post(f"{first}/decline")
    day = desk.get("/diary?on=2026-03-04").text
    assert ("Bob" in day, "Kept until" in day, "Kept by" in day) == (True, True, False)
