"""The patients' screens: finding, showing, registering and changing."""

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import AuditEntry, Patient, PlannedSession, PlanPhase, TreatmentPlan
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.patients import registry as patients
from scheduler.usecases.patients.record import next_appointments, see_patient_record
from scheduler.usecases.patients.registry import PatientDetails
from tests.factories import NOW, World, at, make_appointment, make_patient, make_world, save
from tests.query_counter import count_queries
from tests.web.browser import Browser

PAULA = {"given_name": "Paula", "family_name": "Müller", "phone": "+49 30 555 1234", "born_on": "1980-12-31"}


def register(app: Flask, given_name: str, family_name: str, born_on: date | None = None) -> int:
    with app.app_context():
        details = PatientDetails(given_name=given_name, family_name=family_name, born_on=born_on)
        return patients.register_patient(details, actor=COMMAND, now=clock.now()).id


def make_plan(world: World, *statuses: str) -> list[int]:
    """A plan of the world's patient with a session in each status; returns the sessions' ids."""
    plan = TreatmentPlan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        name="Tension-type headache",
        target_muscles=[],
        preferences={},
        starts_on=date(2026, 3, 2),
        created_at=NOW,
    )
    phase = PlanPhase(position=1, sessions=len(statuses), min_days=2, ideal_days=3, max_days=5)
    plan.phases = [phase]
    save(plan)
    sessions = [
        PlannedSession(
            plan_id=plan.id,
            phase_id=phase.id,
            number=number,
            status=status,
            appointment_type_id=world.needling_id,
        )
        for number, status in enumerate(statuses, start=1)
    ]
    save(*sessions)
    return [session.id for session in sessions]


def test_patients_are_found_by_name_and_birth_date(desk: Browser, app: Flask) -> None:
    register(app, "Paula", "Müller", date(1980, 12, 31))
    register(app, "Karl", "Kaiser")
    for typed in ("muller", "pau mü", "31.12.1980"):
        page = desk.get(f"/patients?q={typed}").text
        assert re.findall(r'class="row-link"[^>]*>([^<]+)<', page) == ["Müller, Paula"]


def test_htmx_gets_the_list_alone_and_what_to_read_out(desk: Browser, app: Flask) -> None:
    register(app, "Paula", "Müller")
    part = desk.get("/patients?q=mul", HX_Request="true")
    assert "<html" not in part.text
    assert re.search(r'id="live"[^>]*hx-swap-oob="innerHTML">1 patient<', part.text)
    assert "HX-Request" in part.headers["Vary"]


def test_going_back_in_history_gets_the_whole_page(desk: Browser) -> None:
    page = desk.get("/patients?q=mul", HX_Request="true", HX_History_Restore_Request="true")
    assert "<html" in page.text


def test_what_was_searched_in_vain_becomes_the_new_patients_name(desk: Browser) -> None:
    page = desk.get("/patients?q=Paula+Müller").text
    assert "Nobody is found" in page
    (link,) = re.findall(r'href="(/patients/new\?q=[^"]+)"', page)
    form = desk.get(link).text
    assert re.findall(r'name="(given_name|family_name)" type="text" value="([^"]*)"', form) == [
        ("given_name", "Paula"),
        ("family_name", "Müller"),
    ]


def test_what_was_typed_is_shown_as_text(desk: Browser) -> None:
    page = desk.get("/patients?q=<script>alert(1)</script>").text
    assert "“&lt;script&gt;alert(1)&lt;/script&gt;”" in page
    assert "<script>alert" not in page


def test_long_lists_are_paged_and_keep_the_search(desk: Browser, app: Flask) -> None:
    for number in range(26):
        register(app, f"Paula {number}", "Müller")
    page = desk.get("/patients?q=mul").text
    assert "1 to 25 of 26" in page
    assert 'href="/patients?q=mul&amp;page=2"' in page
    assert desk.get("/patients?q=mul&page=2").text.count("row-link") == 1


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999"])
def test_senseless_page_numbers_do_no_harm(desk: Browser, page: str) -> None:
    assert desk.get(f"/patients?page={page}").status_code == 200


def test_a_patient_is_registered_once_however_often_the_form_is_sent(desk: Browser, app: Flask) -> None:
    key = re.findall(r'name="form_key" value="([^"]+)"', desk.get("/patients/new").text)[0]
    answers = [desk.post("/patients/new", {**PAULA, "form_key": key}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert "Paula Müller is registered." in desk.get(answers[0].location).text
    with app.app_context():
        found = db.session.scalars(select(Patient).where(Patient.given_name == "Paula")).all()
        assert [(row.phone, row.born_on) for row in found] == [("+49 30 555 1234", date(1980, 12, 31))]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("given_name", "  ", "Please enter the given name and the family name."),
        ("email", "paula", "An email address looks like name@example.org."),
        ("phone", "call me", "A phone number has digits, spaces and + ( ) / - only."),
        ("born_on", "31.12.80", "Enter the birth date as 1980-12-31."),
        ("born_on", "2999-01-01", "That birth date cannot be right; enter it as 1980-12-31."),
    ],
)
def test_a_wrong_entry_keeps_the_form_and_says_where(
    desk: Browser, app: Flask, field: str, value: str, sentence: str
) -> None:
    answer = desk.post("/patients/new", PAULA | {field: value, "notes": "<b>first visit</b>"})
    assert answer.status_code == 422
    assert re.search(rf'<p id="{field}-hint" class="error">{re.escape(sentence)}</p>', answer.text)
    assert re.search(rf'id="{field}"[^>]* aria-invalid="true"', answer.text)
    assert "&lt;b&gt;first visit&lt;/b&gt;" in answer.text
    with app.app_context():
        assert db.session.scalars(select(Patient).where(Patient.family_name == "Müller")).all() == []


def test_changes_are_kept(desk: Browser, app: Flask, world: World) -> None:
    path = f"/patients/{world.patient_id}/edit"
    assert 'value="Pain"' in desk.get(path).text
    answer = desk.post(path, PAULA | {"version": "1", "cautions": ["pregnancy", "made up"]})
    assert (answer.status_code, answer.location) == (303, f"/patients/{world.patient_id}")
    with app.app_context():
        row = db.session.get_one(Patient, world.patient_id)
        assert (row.name, row.cautions, row.wants_reminders) == ("Paula Müller", ["pregnancy"], False)


def test_choices_about_mails_are_kept_and_shown_again(desk: Browser, app: Flask, world: World) -> None:
    desk.get("/patients/1/edit")
    chosen = {
        "wants_reminders": "yes",
        "mails": ["offers", "check_ins"],
        "offsets": ["4320", "120"],
        "zone": "America/New_York",
        "wants_invitations": "yes",
        "attention": "pays at the counter",
        "reference": "K-17",
        "version": "1",
    }
    assert desk.post("/patients/1/edit", PAULA | chosen).status_code == 303
    with app.app_context():
        row = db.session.get_one(Patient, 1)
        assert row.muted_kinds == ["confirmation", "series_confirmation"]
        assert row.reminder_offsets_minutes == [4320, 120]
        assert (row.wants_invitations, row.attention, row.reference) == (True, "pays at the counter", "K-17")
        assert row.zone == "America/New_York"
    form = desk.get("/patients/1/edit").text
    ticked = re.findall(r'name="(mails|offsets)" value="(\w+)" checked', form)
    assert 'value="America/New_York" selected' in form
    assert ticked == [("mails", "offers"), ("mails", "check_ins"), ("offsets", "4320"), ("offsets", "120")]


def test_a_zone_that_the_form_does_not_offer_is_not_lost_in_it(desk: Browser, app: Flask) -> None:
    with app.app_context():
        number = make_patient(zone="UTC").id
    assert '<option value="UTC" selected>' in desk.get(f"/patients/{number}/edit").text


def test_without_ticked_times_the_clinics_hold(desk: Browser, app: Flask, world: World) -> None:
    desk.get("/patients/1/edit")
    desk.post("/patients/1/edit", PAULA | {"version": "1", "wants_reminders": "yes"})
    with app.app_context():
        assert db.session.get_one(Patient, 1).reminder_offsets_minutes is None


def test_two_patients_cannot_have_the_same_number_in_another_system(desk: Browser, world: World) -> None:
    desk.get("/patients/new")
    assert desk.post("/patients/new", PAULA | {"reference": "K-17"}).status_code == 303
    page = desk.post("/patients/new", {"given_name": "Karl", "family_name": "K", "reference": "K-17"})
    assert page.status_code == 422
    assert "Another patient has that number already." in page.text


def test_too_many_times_are_refused_where_they_stand(desk: Browser, world: World) -> None:
    desk.get("/patients/new")
    page = desk.post("/patients/new", PAULA | {"offsets": ["10080", "4320", "2880", "1440", "120"]})
    assert page.status_code == 422
    assert "At most 4 reminders are sent." in page.text
    assert page.text.count('name="offsets"') == 6


def test_a_form_with_times_that_are_none_is_shown_again(desk: Browser, world: World) -> None:
    desk.get("/patients/new")
    page = desk.post("/patients/new", PAULA | {"family_name": "", "offsets": ["9" * 20, "120", "soon"]})
    assert page.status_code == 422
    assert re.findall(r'name="offsets" value="(\d+)" checked', page.text) == ["120"]


def test_who_was_slower_sees_what_is_stored_and_loses_nothing(desk: Browser, world: World) -> None:
    path = f"/patients/{world.patient_id}/edit"
    desk.post(path, PAULA | {"version": "1", "phone": "030 111111"})
    answer = desk.post(path, PAULA | {"version": "1", "phone": "030 222222"})
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile." in answer.text
    assert 'value="030 222222"' in answer.text
    assert "Stored meanwhile: 030 111111" in answer.text
    assert 'name="version" value="2"' in answer.text


def test_a_patients_page_shows_plans_and_appointments(desk: Browser, app: Flask, world: World) -> None:
    soon = clock.now().replace(minute=0, second=0) + timedelta(days=2)
    with app.app_context():
        first, _ = make_plan(world, "placed", "to_place")
        make_appointment(world, soon, planned_session_id=first)
        make_appointment(world, at(3), uid="old", status="completed")
    page = desk.get(f"/patients/{world.patient_id}").text
    assert "0 of 2 done" in page
    assert re.findall(r'<li class="(placed|to_place|overdue)">', page) == ["placed", "to_place"]
    assert "1 past or cancelled appointment" in page
    assert page.count('<span class="badge info">Booked</span>') == 2
    links = re.findall(r'href="(/(?:appointments|plans)/[^"]+)"', page)
    assert {desk.get(link.replace("&amp;", "&")).status_code for link in links} == {200}
    assert len(links) > 5


def test_every_look_at_a_patient_is_noted(desk: Browser, app: Flask, world: World) -> None:
    desk.get(f"/patients/{world.patient_id}")
    with app.app_context():
        looks = db.session.execute(
            select(AuditEntry.actor_name, AuditEntry.patient_id, AuditEntry.source).where(
                AuditEntry.action == "patient_viewed"
            )
        ).all()
    assert [tuple(look) for look in looks] == [("The reception", world.patient_id, "127.0.0.1")]


def test_practitioners_look_but_do_not_change(stranger: Browser, world: World) -> None:
    stranger.sign_in("practitioner")
    page = stranger.get(f"/patients/{world.patient_id}").text
    assert "/edit" not in page
    assert stranger.post(f"/patients/{world.patient_id}/edit", PAULA).status_code == 403


def test_a_record_costs_the_same_queries_however_long_it_is(context: Flask) -> None:
    world = make_world()
    counts = []
    for day in (3, 4, 5):
        make_plan(world, "placed", "to_place")
        make_appointment(world, at(day), uid=str(day))
        db.session.expunge_all()
        with count_queries() as counter:
            see_patient_record(world.patient_id, now=NOW)
        counts.append(counter.total)
    assert counts == [2, 2, 2]


def test_the_next_appointment_is_the_first_active_one_to_come(context: Flask) -> None:
    world = make_world()
    other = make_patient("Other").id
    make_appointment(world, at(1), uid="past")
    make_appointment(world, at(3), uid="cancelled", status="cancelled")
    for day in (5, 4):
        make_appointment(world, at(day), uid=str(day))
    found = next_appointments([world.patient_id, other], now=NOW)
    assert {patient_id: row.starts_at for patient_id, row in found.items()} == {world.patient_id: at(4)}
