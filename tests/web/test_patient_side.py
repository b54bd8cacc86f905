"""The patient's own page: who gets in, what they see, what they may do there, and that opening it changes nothing."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select
from werkzeug.test import TestResponse

from scheduler import clock
from scheduler.extensions import db
from scheduler.mail.render import render_letter
from scheduler.mail.site import Site
from scheduler.models import (
    Appointment,
    AppointmentType,
    AuditEntry,
    Clinic,
    FeedToken,
    MessageKind,
    OfferTurn,
    Outcome,
    Patient,
    PatientLink,
    Task,
)
from scheduler.usecases.messages.letters import DayList, OwnLink
from scheduler.usecases.patient_side.links import issue_link
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient, save
from tests.mail.test_render import letter
from tests.mail.test_render import offered as an_offer
from tests.web.browser import Browser
from tests.web.test_gaps import offered

pytestmark = pytest.mark.usefixtures("monday")


class Phone:
    """A patient's browser: no cookies, no token, the link alone."""

    def __init__(self, app: Flask, secret: str) -> None:
        self.client = app.test_client()
        self.path = f"/p/{secret}"

    def get(self, rest: str = "") -> TestResponse:
        return self.client.get(self.path + rest)

    def post(self, rest: str, **form: Any) -> TestResponse:
        return self.client.post(self.path + rest, data=form)


@pytest.fixture
def planned(app: Flask, world: World) -> int:
    """The appointment of session 1 of 3, on Thursday 5 March at 10; the clinic asks and lets patients move."""
    with app.app_context():
        clinic, kind = db.session.get_one(Clinic, 1), db.session.get_one(AppointmentType, world.needling_id)
        clinic.asks_check_in, clinic.rebooking, kind.patients_may_move = True, "book", True
        db.session.commit()
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=at(3).date(),
            phases=[PhaseWish(3, 3, 7, 10, world.needling_id)],
            condition="Migraine",
            actor=RECEPTIONIST,
            now=NOW,
        )
        placed = place_plan(
            plan.id,
            sessions=[ChosenSlot(1, at(5), world.practitioner_id)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        return placed[0].id


@pytest.fixture
def phone(app: Flask, world: World, planned: int) -> Iterator[Phone]:
    with app.app_context():
        secret = issue_link(
            world.patient_id, key=app.config["SETTINGS"].secret_key, actor=RECEPTIONIST, now=clock.now()
        )
    return Phone(app, secret)


def appointment(app: Flask, number: int) -> Appointment:
    with app.app_context():
        row = db.session.get_one(Appointment, number)
        db.session.refresh(row)
        db.session.expunge(row)
        return row


def deeds(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.scalars(select(AuditEntry).where(AuditEntry.actor_kind == "patient"))
        return [(row.action, row.actor_kind) for row in rows]


def test_the_page_says_first_name_and_times_and_nothing_else_of_the_patient(phone: Phone) -> None:
    page = phone.get()
    assert page.status_code == 200
    assert "Hello Paul" in page.text
    assert "Thursday, 5 March 2026" in page.text
    assert "10:00–10:30" in page.text
    assert "0 of 3 sessions done" in page.text
    told = [word for word in ("Pain", "Migraine", "eedling", "Petra", "Pin ") if word in page.text]
    assert told == []


def test_the_page_is_kept_by_nobody_and_loads_nothing_from_elsewhere(phone: Phone) -> None:
    headers = phone.get().headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers
    assert "<script" not in phone.get().text


@pytest.mark.parametrize("secret", ["x", "a" * 43, "%00", "ü"])
def test_an_unknown_link_tells_nothing(app: Flask, world: World, secret: str) -> None:
    answer = app.test_client().get(f"/p/{secret}")
    assert answer.status_code == 404
    assert "This link is not valid any more." in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def everything_stored(app: Flask) -> dict[str, list[str]]:
    """By table, all rows; of the patients' links without when they were used, which is noted to the hour."""
    with app.app_context():
        return {
            table.name: sorted(
                repr(
                    {name: value for name, value in row.items() if name not in {"last_used_at", "expires_at"}}
                )
                for row in db.session.execute(select(table)).mappings()
            )
            for table in db.metadata.sorted_tables
        }


def addresses_in(mail: EmailMessage) -> set[str]:
    """Every address of ours in a mail: in its words, behind them, and in its head."""
    told = "".join(str(value) for value in mail.values())
    told += "".join(str(part.get_content()) for part in mail.walk() if not part.is_multipart())
    return set(re.findall(r"https://desk\.clinic\.example(/[^\s\"'<>]*)", told))


def mail_of(kind: str, site: Site, link: PatientLink, turn: OfferTurn) -> EmailMessage:
    """A mail of a kind, with links that are good."""
    changes: dict[str, Any] = {"page": OwnLink(link.id, link.nonce), "asks_check_in": True}
    if kind in {"offer", "offer_expired"}:
        changes = {"offered": an_offer(turn_id=turn.id, asked_at=turn.asked_at)}
    elif kind == "day_list":
        changes = {"visits": (), "day": DayList(True, at(3).date(), ())}
    raw = render_letter(letter(kind, **changes), "desk@clinic.example", site, now=clock.now())
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_scanners_that_open_every_link_of_every_mail_change_nothing(
    app: Flask, world: World, phone: Phone, planned: int, desk: Browser
) -> None:
    offer = offered(app, world, desk, "Ann")
    with app.app_context():
        turn, link = db.session.query(OfferTurn).one(), db.session.query(PatientLink).order_by("id").first()
        assert link is not None
        site = Site("https://desk.clinic.example", app.config["SETTINGS"].secret_key)
        to_open = {
            address for kind in MessageKind for address in addresses_in(mail_of(kind, site, link, turn))
        }
    assert {phone.path, f"{phone.path}/stop/reminders", offer} < to_open
    to_open.add(f"{phone.path}/appointments/{planned}/check-in")
    before, scanner, opened = everything_stored(app), app.test_client(), set[str]()
    while to_open - opened:
        path = (to_open - opened).pop()
        opened.add(path)
        answers = [scanner.open(unescape(path), method=method) for method in ("HEAD", "OPTIONS", "GET")]
        assert {answer.status_code for answer in answers} <= {200, 303, 405}
        if path.startswith(("/p/", "/o/")) and answers[-1].mimetype == "text/html":
            to_open |= set(re.findall(r'(?:href|action)="(/[po]/[^"]+)"', answers[-1].text))
    acts = ("confirm", "cancel", "times", "calendar/Google", "preferences", "accept", "decline")
    assert [act for act in acts if not any(path.endswith(act) for path in opened)] == []
    assert everything_stored(app) == before


def test_use_is_noted_to_the_hour(app: Flask, phone: Phone) -> None:
    phone.get()
    with app.app_context():
        assert db.session.query(PatientLink).one().last_used_at == NOW


def test_confirming_twice_is_harmless(app: Flask, phone: Phone, planned: int) -> None:
    for _ in range(2):
        answer = phone.post(f"/appointments/{planned}/confirm", version=1)
        assert (answer.status_code, answer.location.endswith("?done=confirmed")) == (303, True)
    assert appointment(app, planned).status == "confirmed"
    assert deeds(app) == [("appointment_status_changed", "patient")]
    assert "You said that you will come." in phone.get().text


def test_cancelling_in_notice_cancels_at_once(app: Flask, phone: Phone, planned: int) -> None:
    assert phone.post(f"/appointments/{planned}/cancel", version=1).status_code == 303
    row = appointment(app, planned)
    assert (row.status, row.cancel_reason) == ("cancelled", "patient")
    assert deeds(app) == [("appointment_cancelled", "patient")]
    assert "No appointment is booked for you." in phone.get("?done=cancelled").text


def test_cancelling_out_of_notice_asks_to_call(app: Flask, world: World, phone: Phone, planned: int) -> None:
    with app.app_context():
        db.session.get_one(Clinic, 1).cancel_notice_hours = 96
        db.session.commit()
    answer = phone.post(f"/appointments/{planned}/cancel", version=1)
    assert (answer.status_code, "It is too late to cancel here." in answer.text) == (409, True)
    assert "Cancel this appointment" not in answer.text
    assert "tel:+49301234567" in answer.text
    assert appointment(app, planned).status == "booked"


def test_what_changed_meanwhile_is_shown_instead(app: Flask, phone: Phone, planned: int) -> None:
    answer = phone.post(f"/appointments/{planned}/cancel", version=7)
    assert (answer.status_code, "has changed in the meantime" in answer.text) == (409, True)


def test_another_patients_appointment_does_not_exist(app: Flask, world: World, phone: Phone) -> None:
    with app.app_context():
        other = make_patient("Ann", "Other")
        row = make_appointment(world, at(6), patient_id=other.id, room_id=world.room_ids[1]).id
    acts = ("confirm", "cancel", "check-in", "times")
    statuses = [phone.post(f"/appointments/{row}/{act}", version=1).status_code for act in acts]
    assert statuses == [404, 404, 409, 404]
    assert phone.get(f"/appointments/{row}.ics").status_code == 404
    assert appointment(app, row).status == "booked"


def first_time(page: str) -> str:
    return page.split('name="slot" value="')[1].split('"')[0]


def test_another_time_is_booked_at_once_where_the_clinic_lets_patients(
    app: Flask, phone: Phone, planned: int
) -> None:
    choice = phone.get(f"/appointments/{planned}/times")
    slot = first_time(choice.text)
    answer = phone.post(f"/appointments/{planned}/times", version=1, slot=slot)
    assert answer.status_code == 303
    row = appointment(app, planned)
    assert row.starts_at.timestamp() == int(slot.split("|")[0])
    assert deeds(app) == [("appointment_moved", "patient")]


def test_a_time_that_is_not_offered_is_refused(app: Flask, phone: Phone, world: World, planned: int) -> None:
    far = f"{at(28).timestamp():.0f}|{world.practitioner_id}|{world.location_id}"
    for slot in (far, "nonsense", ""):
        answer = phone.post(f"/appointments/{planned}/times", version=1, slot=slot)
        assert answer.status_code in (409, 422)
    assert appointment(app, planned).starts_at == at(5)


@pytest.mark.parametrize("closed", [{"rebooking": "off"}, {"cancel_notice_hours": 96}])
def test_times_are_closed_where_reception_has_not_opened_them(
    app: Flask, phone: Phone, planned: int, closed: dict[str, Any]
) -> None:
    with app.app_context():
        for name, value in closed.items():
            setattr(db.session.get_one(Clinic, 1), name, value)
        db.session.commit()
    assert "Another time" not in phone.get().text
    answer = phone.get(f"/appointments/{planned}/times")
    assert (answer.status_code, "cannot be moved here" in answer.text) == (409, True)


def test_another_time_is_asked_for_and_accepted_at_the_desk(
    app: Flask, phone: Phone, planned: int, desk: Browser
) -> None:
    with app.app_context():
        db.session.get_one(Clinic, 1).rebooking = "request"
        db.session.commit()
    slot = first_time(phone.get(f"/appointments/{planned}/times").text)
    for remark in ("Mornings please", "Later"):
        answer = phone.post(f"/appointments/{planned}/times", version=1, slot=slot, remark=remark)
        assert answer.status_code == 303
    assert "You asked for another time" in phone.get().text
    assert appointment(app, planned).starts_at == at(5)
    tasks = desk.get("/tasks").text
    assert "Asks for another time instead of Thu, 5 Mar 2026, 10:00: “Later”" in tasks
    assert "· The patient" in tasks
    assert f'value="{slot}"' in tasks
    assert desk.post("/tasks/1/accept", {"slot": slot}).status_code == 303
    assert appointment(app, planned).starts_at.timestamp() == int(slot.split("|")[0])
    with app.app_context():
        task = db.session.query(Task).one()
        assert (task.kind, task.done_at is not None) == ("request", True)


def test_preferences_are_kept_and_the_page_speaks_the_language(
    app: Flask, phone: Phone, world: World
) -> None:
    answer = phone.post("/preferences", locale="de", confirmations="on", invitations="on")
    assert answer.status_code == 303
    with app.app_context():
        row = db.session.get_one(Patient, world.patient_id)
        assert (row.locale, row.wants_reminders, row.wants_invitations) == ("de", False, True)
        assert sorted(row.muted_kinds) == ["check_in", "offer", "offer_expired"]
    assert 'lang="de"' in phone.get().text
    assert phone.post("/preferences", locale="xx").status_code == 422


def test_the_mail_programs_own_button_stops_a_sort_of_mails_and_looking_does_not(
    app: Flask, phone: Phone, world: World
) -> None:
    assert phone.get("/stop/reminders").status_code == 200
    for name in ("check_ins", "reminders", "reminders"):
        assert phone.post(f"/stop/{name}", **{"List-Unsubscribe": "One-Click"}).status_code == 200
    assert phone.post("/stop/everything").status_code == 404
    with app.app_context():
        row = db.session.get_one(Patient, world.patient_id)
        assert (row.wants_reminders, row.muted_kinds) == (False, ["check_in"])
    assert deeds(app) == [("patient_changed", "patient")] * 2


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("Google", "https://calendar.google.com/calendar/r?cid=webcal"),
        ("Apple", "webcal://127.0.0.1:8000/feeds/"),
        ("Outlook", "https://outlook.live.com/calendar/0/addfromweb?url=http"),
    ],
)
def test_a_calendar_is_one_tap_away_and_its_address_stays_the_same(
    app: Flask, phone: Phone, name: str, begins: str
) -> None:
    answers = [phone.post(f"/calendar/{name}") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {303}
    assert answers[0].location == answers[1].location
    assert answers[0].location.startswith(begins)
    with app.app_context():
        token = db.session.query(FeedToken).one()
        assert (token.name, token.detail) == (name, "minimal")
        token.revoked_at = NOW
        db.session.commit()
    assert phone.post(f"/calendar/{name}").location != answers[0].location


def test_other_calendars_get_a_code_and_an_address_that_answers(phone: Phone) -> None:
    page = phone.post("/calendar/Other").text
    assert "QR code of the calendar address" in page
    address = page.split('readonly value="http://127.0.0.1:8000')[1].split('"')[0]
    assert phone.client.get(address).status_code == 200


def test_one_appointment_is_saved_under_the_uid_of_the_feeds(app: Flask, phone: Phone, planned: int) -> None:
    answer = phone.get(f"/appointments/{planned}.ics")
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    row = appointment(app, planned)
    assert (str(event["UID"]), event["DTSTART"].dt) == (row.uid, row.starts_at)
    assert "eedling" not in answer.text


def test_check_in_is_asked_the_day_before_and_answered_with_two_numbers(
    app: Flask, phone: Phone, world: World, planned: int
) -> None:
    assert "How are you?" not in phone.get().text
    with app.app_context():
        near = make_near(world, planned)
    assert "How are you?" in phone.get().text
    lacking = phone.post(f"/appointments/{near}/check-in", nprs="6")
    assert (lacking.status_code, "Please choose a number for each question." in lacking.text) == (422, True)
    assert phone.post(f"/appointments/{near}/check-in", nprs="6", headache_days="12").status_code == 303
    assert phone.post(f"/appointments/{near}/check-in", nprs="5", headache_days="12").status_code == 303
    with app.app_context():
        rows = db.session.query(Outcome).order_by(Outcome.measure)
        assert [(row.measure, row.value, row.source) for row in rows] == [
            ("headache_days", 12, "patient"),
            ("nprs", 5, "patient"),
        ]
    page = phone.get().text
    assert "You have answered today." in page
    assert "required checked" not in page, "whoever has the link must not read what was answered"
    refused = phone.post(f"/appointments/{near}/check-in", nprs="6x", headache_days="12")
    assert (refused.status_code, "required checked" in refused.text) == (422, True)


def make_near(world: World, planned: int) -> int:
    """The planned appointment moved to this afternoon."""
    row = db.session.get_one(Appointment, planned)
    row.starts_at = row.busy_from = NOW + timedelta(hours=6)
    row.ends_at = row.busy_until = NOW + timedelta(hours=6, minutes=30)
    save(row)
    return row.id


def page_of(app: Flask, patient_id: int) -> Phone:
    with app.app_context():
        key = app.config["SETTINGS"].secret_key
        return Phone(app, issue_link(patient_id, key=key, actor=RECEPTIONIST, now=clock.now()))


@pytest.mark.parametrize(("answer", "status"), [("accept", "accepted"), ("decline", "declined")])
def test_an_offer_is_answered_on_the_page_by_whom_it_is_for(
    app: Flask, world: World, phone: Phone, desk: Browser, answer: str, status: str
) -> None:
    offered(app, world, desk, "Ann")
    with app.app_context():
        turn = db.session.query(OfferTurn).one()
        number, patient_id = turn.id, turn.patient_id
    assert phone.post(f"/offers/{number}/{answer}").status_code == 404
    theirs = page_of(app, patient_id)
    assert "A time is free for you" in theirs.get().text
    assert theirs.post(f"/offers/{number}/{answer}").status_code == 303
    with app.app_context():
        assert db.session.query(OfferTurn).one().status == status
    assert "A time is free for you" not in theirs.get().text


def test_the_zone_is_named_for_who_lives_in_another(app: Flask, world: World, phone: Phone) -> None:
    assert "Central European" not in phone.get().text
    with app.app_context():
        db.session.get_one(Patient, world.patient_id).zone = "America/New_York"
        db.session.commit()
    assert "Central European Standard Time" in phone.get().text
