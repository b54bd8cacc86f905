"""What is done from a patient's page, and what it tells at a glance."""

import html
import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, Consent, Message, Patient, PlannedSession
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.patients.registry import view_patient
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from scheduler.web.qr import picture_of
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient, save
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")


def make_series(app: Flask, world: World) -> list[int]:
    """Four sessions, four days apart: two booked on the 3rd and the 9th, two to place."""
    with app.app_context():
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=at(3).date(),
            phases=[PhaseWish(4, 3, 4, 5)],
            preferences={"weekdays": [1, 3], "from_minute": 600, "until_minute": 720},
            actor=RECEPTIONIST,
            now=NOW,
        )
        slots = [
            ChosenSlot(number, start, world.practitioner_id, world.location_id)
            for number, start in ((1, at(3)), (2, at(9)))
        ]
        return [row.id for row in place_plan(plan.id, sessions=slots, actor=RECEPTIONIST, now=NOW)]


def page_of(desk: Browser, world: World) -> str:
    return html.unescape(desk.get(f"/patients/{world.patient_id}").text)


def starts(app: Flask) -> dict[int, tuple[datetime, str]]:
    with app.app_context():
        rows = db.session.execute(select(Appointment.id, Appointment.starts_at, Appointment.status))
        return {number: (starts_at, status) for number, starts_at, status in rows}


def version_of(app: Flask, appointment_id: int) -> int:
    with app.app_context():
        return db.session.get_one(Appointment, appointment_id).version


def alert(text: str) -> str:
    (sentence,) = re.findall(r'class="notice bad refusal" role="alert">.*?<span>(.*?)</span>', text, re.S)
    return html.unescape(sentence)


def test_the_line_of_sessions_tells_dates_gaps_and_windows(desk: Browser, app: Flask, world: World) -> None:
    make_series(app, world)
    page = page_of(desk, world)
    stops = re.findall(r'<li class="(\w+)">(.*?)</li>', page.split('class="series strip"')[1], re.S)
    told = [(state, " ".join(re.sub(r"<[^>]+>", " ", text).split())) for state, text in stops[:4]]
    assert [state for state, _ in told] == ["placed", "placed", "to_place", "to_place"]
    assert "Session 2: Placed." in told[1][1]
    assert "6 days after the one before , outside its window" in told[1][1]
    assert "12–14 Mar" in told[2][1].replace("\u2009", "")
    assert "Suits the patient: Tuesday, Thursday · 10:00 to 12:00" in page
    assert "2 sessions to place" in page


def test_an_overdue_session_says_so(desk: Browser, app: Flask, world: World) -> None:
    with app.app_context():
        prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=at(2).date() - timedelta(days=30),
            phases=[PhaseWish(1, 3, 4, 5)],
            actor=RECEPTIONIST,
            now=NOW - timedelta(days=30),
        )
    page = page_of(desk, world)
    assert '<li class="overdue">' in page
    assert "Session 1: to place, overdue." in page


def test_what_must_not_be_overlooked_is_on_top(desk: Browser, app: Flask, world: World) -> None:
    make_series(app, world)
    with app.app_context():
        row = db.session.get_one(Patient, world.patient_id)
        row.cautions, row.attention = ["anticoagulants"], "pays at the counter"
        save(Consent(patient_id=row.id, kind="data_protection", version="1", given_on=at(2).date()))
    page = page_of(desk, world)
    top = page.split('class="alerts"')[1].split("</ul>")[0]
    alerts = [" ".join(re.sub(r"<[^>]+>", " ", text).split()) for text in top.split("<li")[1:]]
    assert [text.partition("> ")[2] or text for text in alerts] != []
    assert [
        re.search(r"(Attention|Caution|No consent recorded): (.*)", text).groups() for text in alerts
    ] == [  # type: ignore[union-attr]
        ("Attention", "pays at the counter"),
        ("Caution", "Anticoagulants"),
        ("No consent recorded", "Dry needling"),
    ]


def test_a_typed_time_moves_the_appointment_and_comes_back_to_the_page(
    desk: Browser, app: Flask, world: World
) -> None:
    first, second = make_series(app, world)
    form = {"version": version_of(app, second), "on": "2026-03-06", "at": "14:30"}
    answer = desk.post(f"/patients/{world.patient_id}/appointments/{second}/move", form)
    assert (answer.status_code, answer.location) == (303, f"/patients/{world.patient_id}")
    assert starts(app) == {first: (at(3), "booked"), second: (at(6, 14, 30), "booked")}
    assert "Moved to Fri, 6 Mar 2026, 14:30." in page_of(desk, world)
    form = {"version": version_of(app, second), "on": "2026-03-20", "at": "10:00"}
    asked = desk.post(f"/patients/{world.patient_id}/appointments/{second}/move", form)
    assert (asked.status_code, 'name="series" value="only"' in asked.text) == (409, True)
    assert starts(app)[second] == (at(6, 14, 30), "booked")


def test_free_times_are_those_of_its_window_and_a_press_takes_one(
    desk: Browser, app: Flask, world: World
) -> None:
    _, second = make_series(app, world)
    path = f"/patients/{world.patient_id}/appointments/{second}"
    part = desk.get(f"{path}/free", HX_Request="true").text
    assert "<html" not in part
    slots = re.findall(r'name="slot" formnovalidate value="([^"]+)"', part)
    days = {datetime.fromtimestamp(int(slot.split("|")[0])).astimezone(at(3).tzinfo).day for slot in slots}
    assert days == {6}
    answer = desk.post(f"{path}/move", {"version": version_of(app, second), "slot": slots[0]})
    assert (answer.status_code, starts(app)[second][0]) == (303, at(6, 9))


def test_a_refused_move_keeps_what_was_typed_and_asks_for_a_reason(
    desk: Browser, app: Flask, world: World
) -> None:
    _, second = make_series(app, world)
    path = f"/patients/{world.patient_id}/appointments/{second}/move"
    form = {"version": version_of(app, second), "on": "2026-03-06", "at": "19:00"}
    answer = desk.post(path, form)
    assert answer.status_code == 409
    assert alert(answer.text).startswith("The practitioner does not work there at that time.")
    assert 'value="19:00"' in answer.text
    assert 'name="override_reason"' in answer.text
    assert desk.post(path, form | {"override_reason": "her only evening"}).status_code == 303
    assert starts(app)[second][0] == at(6, 19)


def test_a_stale_move_is_refused_on_the_page(desk: Browser, app: Flask, world: World) -> None:
    first, _ = make_series(app, world)
    form = {"version": 99, "on": "2026-03-04", "at": "14:30"}
    answer = desk.post(f"/patients/{world.patient_id}/appointments/{first}/move", form)
    assert (answer.status_code, starts(app)[first][0]) == (409, at(3))
    assert "Somebody else changed this meanwhile." in alert(answer.text)


@pytest.mark.parametrize("slot", ["x", "1|2", "99999999999999999999|1|1"])
def test_a_slot_that_cannot_be_read_moves_nothing(desk: Browser, app: Flask, world: World, slot: str) -> None:
    first, _ = make_series(app, world)
    form = {"version": version_of(app, first), "slot": slot}
    answer = desk.post(f"/patients/{world.patient_id}/appointments/{first}/move", form)
    assert (answer.status_code, starts(app)[first][0]) == (422, at(3))


def test_cancelling_with_a_reason_puts_the_session_back(desk: Browser, app: Flask, world: World) -> None:
    first, _ = make_series(app, world)
    form = {"version": version_of(app, first), "reason": "Patient is ill"}
    answer = desk.post(f"/patients/{world.patient_id}/appointments/{first}/cancel", form)
    assert answer.status_code == 303
    page = page_of(desk, world)
    assert "Cancelled an appointment: Patient is ill" in page
    assert "3 sessions to place" in page
    with app.app_context():
        statuses = db.session.scalars(select(PlannedSession.status).order_by(PlannedSession.number)).all()
    assert statuses == ["to_place", "placed", "to_place", "to_place"]


def test_an_appointment_of_somebody_else_is_not_found_here(desk: Browser, app: Flask, world: World) -> None:
    with app.app_context():
        other = make_patient("Other").id
        row = make_appointment(world, at(5), patient_id=other).id
    path = f"/patients/{world.patient_id}/appointments/{row}"
    form = {"version": 1, "on": "2026-03-06", "at": "09:00"}
    assert desk.get(f"{path}/free").status_code == 404
    assert [desk.post(f"{path}/{deed}", form).status_code for deed in ("move", "cancel")] == [404, 404]
    assert starts(app) == {row: (at(5), "booked")}


def test_the_sheet_lists_what_is_ahead_for_the_patient(desk: Browser, app: Flask, world: World) -> None:
    make_series(app, world)
    with app.app_context():
        make_appointment(world, at(5), uid="cancelled", status="cancelled")
    page = html.unescape(desk.get(f"/patients/{world.patient_id}/appointments").text)
    rows = re.findall(r'<th scope="row">([^<]+)</th>', page)
    assert rows == ["Tuesday, 3 March 2026", "Monday, 9 March 2026"]
    assert "Torstraße 1, Berlin" in page


def test_the_list_is_mailed_once_a_form(desk: Browser, app: Flask, world: World) -> None:
    make_series(app, world)
    path = f"/patients/{world.patient_id}/appointments/mail"
    answers = [desk.post(path, {"form_key": "k1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    with app.app_context():
        assert len(db.session.scalars(select(Message).where(Message.batch == "appointment list")).all()) == 1
    assert "The list goes to paul.pain@mail.example." in page_of(desk, world)
    again = desk.post(path, {"form_key": "k2"})
    assert (again.status_code, alert(again.text)) == (409, "The list is on its way already.")


def test_a_consent_is_recorded_and_withdrawn(desk: Browser, app: Flask, world: World) -> None:
    path = f"/patients/{world.patient_id}/consents"
    wrong = desk.post(path, {"kind": "dry_needling", "edition": "2026-01", "given_on": "soon"})
    assert (wrong.status_code, alert(wrong.text)) == (422, "A consent is given on a day that has come.")
    assert 'value="2026-01"' in wrong.text
    form = {"kind": "dry_needling", "edition": "2026-01", "given_on": "2026-03-01"}
    assert desk.post(path, form).status_code == 303
    assert "given 1 Mar 2026, edition 2026-01" in page_of(desk, world)
    assert desk.post(f"{path}/1/withdraw").status_code == 303
    page = page_of(desk, world)
    assert "edition 2026-01" not in page
    assert "Recorded that a consent was withdrawn" in page


def test_a_patient_is_archived_found_there_and_taken_back(desk: Browser, world: World) -> None:
    path = f"/patients/{world.patient_id}"
    assert desk.post(f"{path}/archive", {"version": 1}).status_code == 303
    page = page_of(desk, world)
    assert ("New plan" in page, "Take back from the archive" in page) == (False, True)
    assert f'href="{path}"' in desk.get("/patients/archived").text
    assert desk.post(f"{path}/restore", {"version": 2}).status_code == 303
    assert f'href="{path}"' not in desk.get("/patients/archived").text


def test_who_is_still_to_come_is_not_archived(desk: Browser, app: Flask, world: World) -> None:
    make_series(app, world)
    answer = desk.post(f"/patients/{world.patient_id}/archive", {"version": 1})
    assert (answer.status_code, alert(answer.text)) == (
        409,
        "Appointments lie ahead (2). Cancel them first.",
    )


def test_the_history_tells_deeds_in_plain_words_page_by_page(desk: Browser, app: Flask, world: World) -> None:
    make_series(app, world)
    path = f"/patients/{world.patient_id}/history"
    page = html.unescape(desk.get(path).text)
    said = [re.sub("<[^>]+>", "", text) for text in re.findall(r"<li>\s*<p>(.*?)</p>", page)]
    assert said == [
        "Booked Mon, 9 Mar 2026, 10:00",
        "Booked Tue, 3 Mar 2026, 10:00",
        "Placed sessions 1, 2",
        "Prescribed a plan of 4 sessions",
    ]
    assert "Looked at the record" not in page
    desk.get(f"/patients/{world.patient_id}")
    with app.app_context():
        for _ in range(39):
            view_patient(world.patient_id, actor=RECEPTIONIST, now=NOW)
    looked = desk.get(f"{path}?looks=1").text
    assert looked.count("Looked at the record") == 40
    assert f'href="{path}?page=2&amp;looks=1"' in looked


def test_practitioners_move_but_do_not_archive(stranger: Browser, app: Flask, world: World) -> None:
    make_series(app, world)
    stranger.sign_in("practitioner")
    page = stranger.get(f"/patients/{world.patient_id}").text
    assert ("Move or cancel" in page, "Archive this patient" in page) == (True, False)
    path = f"/patients/{world.patient_id}"
    for deed in ("archive", "restore", "consents", "consents/1/withdraw"):
        assert stranger.post(f"{path}/{deed}", {"version": 1}).status_code == 403


def test_a_new_calendar_address_comes_with_a_code_for_the_phone(desk: Browser, world: World) -> None:
    page = desk.post(f"/patients/{world.patient_id}/calendars", {"name": "phone"}).text
    (address,) = re.findall(r'href="(webcal://[^"]+)"', page)
    assert page.count(picture_of(address)) == 1


def test_shipped_protocols_carry_phases_to_adjust(desk: Browser, app: Flask, world: World) -> None:
    with app.app_context():
        save(*load_shipped_protocols())
    page = desk.get(f"/plans/new?patient_id={world.patient_id}").text
    assert re.findall(r'data-phases="([^"]+)"', page)[0] == "[[6, 2, 2, 4]]"
