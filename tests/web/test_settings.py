"""The clinic's screens: who may do what, that nothing typed is lost, and what each of them brings about."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from scheduler.extensions import db
from scheduler.models import (
    ApiKey,
    AppointmentType,
    Clinic,
    Closure,
    Credential,
    Location,
    Practitioner,
    Protocol,
    Room,
    Staff,
    WorkingHours,
)
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from tests.factories import PASSWORD, World, at, make_appointment, save
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
HOURS = "/clinic/practitioners/1/hours"
FULL = f"{HOURS}/1_2025-01-06__1"
READ = ("", "/details", "/locations", "/practitioners", "/practitioners/1", "/practitioners/1/hours")
READ += ("/types", "/protocols", "/holidays", "/reminders", "/reminders/mail")


@pytest.fixture
def admin(app: Flask, world: World) -> Browser:
    """A browser at which the administrator is signed in."""
    browser = Browser(app)
    browser.sign_in("admin")
    return browser


def stored(app: Flask, model: type[Any], number: int = 1) -> Any:
    with app.app_context():
        return db.session.get(model, number)


def send(browser: Browser, path: str, form: dict[str, Any], to: str | None = None) -> TestResponse:
    """Open a form and send it with what it carried and what was changed in it."""
    page = browser.get(path).text
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    return browser.post(to or path, {"seen": seen[1] if seen else "", **form})


@pytest.mark.parametrize("role", ["reception", "practitioner"])
def test_others_read_what_they_may_not_change(app: Flask, world: World, role: str) -> None:
    browser = Browser(app)
    browser.sign_in(role)
    pages = {path: browser.get(f"/clinic{path}") for path in READ}
    assert {path: page.status_code for path, page in pages.items()} == dict.fromkeys(READ, 200)
    texts = "".join(page.text for page in pages.values())
    assert 'class="button primary"' not in texts
    assert ">Staff<" not in texts
    assert browser.get("/clinic/staff").status_code == 403
    assert browser.post("/clinic/details", {"name": "Mine"}).status_code == 403


def test_the_overview_says_what_is_missing_and_what_ends(app: Flask, admin: Browser, world: World) -> None:
    with app.app_context():
        db.session.execute(db.update(Credential).values(expires_on=date(2026, 4, 1)))
        db.session.execute(db.delete(WorkingHours))
        db.session.commit()
    page = admin.get("/clinic").text
    assert "ends on 1 Apr 2026" in page
    assert '<a href="/clinic/practitioners">Working hours of everybody who treats</a>' in page
    assert "ends on 1 Apr 2026" in admin.get("/clinic/practitioners").text


def details(**changes: str) -> dict[str, str]:
    return {
        "name": "Nadelpunkt",
        "email": "desk@nadel.example",
        "phone": "030 1",
        "locale": "en",
        "slot_minutes": "20",
        "hold_minutes": "15",
        "offer_minutes": "60",
        "min_rest_hours": "72",
        "summary_recipients": "a@b.example\nc@d.example",
        "summary_weekday": "4",
        "summary_at": "06:30",
        "cancel_notice_hours": "48",
        "rebooking": "request",
        "asks_check_in": "yes",
    } | changes


def test_the_details_are_changed(app: Flask, admin: Browser) -> None:
    assert send(admin, "/clinic/details", details()).status_code == 303
    row = stored(app, Clinic)
    assert (row.name, row.slot_minutes, row.offer_minutes, row.summary_minute) == ("Nadelpunkt", 20, 60, 390)
    assert row.summary_recipients == ["a@b.example", "c@d.example"]
    assert (row.cancel_notice_hours, row.rebooking, row.asks_check_in) == (48, "request", True)


@pytest.mark.parametrize(
    ("field", "entered"), [("email", "desk"), ("hold_minutes", "ten"), ("summary_at", "noon"), ("phone", "")]
)
def test_what_was_typed_stays_beside_what_is_wrong(admin: Browser, field: str, entered: str) -> None:
    answer = send(admin, "/clinic/details", details(**{field: entered}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="Nadelpunkt"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1


def test_a_stale_form_shows_both_and_is_kept_the_second_time(app: Flask, admin: Browser) -> None:
    admin.get("/clinic/details")
    answer = admin.post("/clinic/details", details(seen="an old one"))
    assert answer.status_code == 409
    assert "Stored meanwhile: Needle Point" in answer.text
    seen = re.search(r'name="seen" value="([^"]*)"', answer.text)
    assert seen is not None
    assert admin.post("/clinic/details", details(seen=seen[1])).status_code == 303
    assert stored(app, Clinic).name == "Nadelpunkt"


def test_a_location_is_added_changed_archived_and_deleted(app: Flask, admin: Browser) -> None:
    entered = {"name": "Wedding", "address": "Müllerstr. 1", "zone": "Europe/Berlin"}
    answer = send(admin, "/clinic/locations/new", {**entered, "rooms": "1"})
    assert answer.location == "/clinic/locations/2"
    assert send(admin, "/clinic/locations/2", {**entered, "name": "Moabit"}).status_code == 303
    assert stored(app, Location, 2).name == "Moabit"
    admin.post("/clinic/locations/2/archive")
    assert "Bring back" in admin.get("/clinic/locations").text
    admin.post("/clinic/locations/2/restore")
    admin.post("/clinic/locations/2/archive")
    admin.post("/clinic/locations/2/delete")
    assert stored(app, Location, 2) is None


def test_a_refused_deed_says_why(admin: Browser) -> None:
    admin.get("/clinic/locations")
    admin.post("/clinic/locations/1/archive")
    assert "Mitte is the only location in use; the clinic needs one." in admin.get("/clinic/locations").text


def test_rooms_are_kept_on_their_locations_page(app: Flask, admin: Browser) -> None:
    admin.get("/clinic/locations/1")
    assert admin.post("/clinic/locations/1/rooms", {"room": "Sonne"}).location == "/clinic/locations/1"
    answer = admin.post("/clinic/locations/1/rooms", {"room": " "})
    assert answer.status_code == 422
    assert 'value="Mitte"' in answer.text
    page = admin.get("/clinic/locations/1").text
    seen = re.findall(r'name="seen" value="([^"]*)"', page)[1]
    form = {"name": "Mond", "seen": seen, "location_id": "1"}
    assert admin.post("/clinic/rooms/1", form).location == "/clinic/locations/1"
    assert stored(app, Room, 1).name == "Mond"
    for deed in ("archive", "restore", "archive", "delete"):
        admin.post(f"/clinic/rooms/3/{deed}", {"location_id": "1"})
    assert stored(app, Room, 3) is None


def test_a_practitioner_is_added_and_can_be_booked(app: Flask, admin: Browser) -> None:
    form = {"given_name": "Nina", "family_name": "Nadel", "location_id": "1", "hours_from": "2026-03-02"}
    form |= {"hours_0": "9-12, 13.00–17:30", "issued_on": "2020-01-01", "issuer": "Board"}
    answer = send(admin, "/clinic/practitioners/new", form)
    assert answer.location == "/clinic/practitioners/2"
    with app.app_context():
        row = db.session.get_one(Practitioner, 2)
        spans = sorted((hours.starts_minute, hours.ends_minute) for hours in row.working_hours)
        assert (row.name, [held.issuer for held in row.credentials]) == ("Nina Nadel", ["Board"])
    assert spans == [(540, 720), (780, 1050)]


def test_a_form_sent_twice_adds_one(app: Flask, admin: Browser) -> None:
    person = {"given_name": "Nina", "family_name": "Nadel", "location_id": "1", "hours_0": "9-12"}
    credential = {"kind": "dry_needling", "issued_on": "2026-01-01"}
    for _ in range(2):
        answer = send(admin, "/clinic/practitioners/new", {**person, "form_key": "one"})
        assert answer.location == "/clinic/practitioners/2"
        send(admin, "/clinic/practitioners/2/credentials/new", {**credential, "form_key": "two"})
    with app.app_context():
        assert db.session.query(Practitioner).count() == 2
        assert db.session.query(Credential).where(Credential.practitioner_id == 2).count() == 1


@pytest.mark.parametrize(
    ("field", "line"),
    [("hours_2", "morning"), ("hours_2", "12:00-09:00"), ("hours_2", "09:01-12"), ("hours_2", "9-12, 11-13")],
)
def test_hours_that_cannot_be_read_are_told_beside_their_day(admin: Browser, field: str, line: str) -> None:
    form = {"given_name": "Nina", "family_name": "Nadel", "location_id": "1", field: line}
    answer = send(admin, "/clinic/practitioners/new", form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert f'value="{line}"' in answer.text
    assert 'value="Nina"' in answer.text


def test_a_practitioner_is_changed_archived_and_brought_back(app: Flask, admin: Browser) -> None:
    form = {"given_name": "Petra", "family_name": "Nadel", "email": "", "colour": "#112233", "locale": ""}
    assert send(admin, "/clinic/practitioners/1", {**form, "day_list_at": "early"}).status_code == 422
    assert send(admin, "/clinic/practitioners/1", form).status_code == 303
    row = stored(app, Practitioner)
    assert (row.name, row.email, row.colour, row.locale) == ("Petra Nadel", None, "#112233", None)
    admin.post("/clinic/practitioners/1/archive")
    assert stored(app, Practitioner).archived_at is not None
    admin.post("/clinic/practitioners/1/restore")
    assert stored(app, Practitioner).archived_at is None


def test_credentials_are_added_changed_and_deleted(app: Flask, admin: Browser) -> None:
    path = "/clinic/practitioners/1/credentials/new"
    form = {"kind": "dry_needling", "issued_on": "2026-01-01", "training_hours": "80"}
    assert send(admin, path, {**form, "issued_on": "yesterday"}).status_code == 422
    assert send(admin, path, form).status_code == 303
    assert send(admin, "/clinic/credentials/2", {**form, "expires_on": "2028-01-01"}).status_code == 303
    assert stored(app, Credential, 2).expires_on == date(2028, 1, 1)
    admin.post("/clinic/credentials/2/delete")
    assert stored(app, Credential, 2) is None


def week(**changes: str) -> dict[str, str]:
    mornings = {f"hours_{weekday}": "09:00–12:00" for weekday in range(5)}
    return {"location_id": "1", "every_n_weeks": "1", "valid_from": "2026-03-09", **mornings, **changes}


def test_hours_are_changed_from_a_day_on(app: Flask, admin: Browser) -> None:
    assert 'value="09:00–17:00"' in admin.get(FULL).text
    assert send(admin, FULL, week()).location == HOURS
    page = admin.get(HOURS).text
    assert "09:00–12:00" in page
    assert "until 8 Mar 2026" in page


def test_what_would_fall_outside_is_shown_before_saving(app: Flask, admin: Browser, world: World) -> None:
    with app.app_context():
        make_appointment(world, at(10, 15))
    answer = send(admin, FULL, week())
    assert answer.status_code == 409
    assert "1 booked appointment would fall outside" in answer.text
    assert "Paul Pain" in answer.text
    token = re.search(r'name="confirmed" value="([^"]+)"', answer.text)
    seen = re.search(r'name="seen" value="([^"]+)"', answer.text)
    assert token is not None
    assert seen is not None
    saved = admin.post(FULL, {**week(), "confirmed": token[1], "seen": seen[1]})
    assert saved.location == HOURS
    assert "1 appointment lies outside them now" in admin.get(HOURS).text


def test_hours_are_ended_after_a_look_at_what_falls_outside(app: Flask, admin: Browser, world: World) -> None:
    with app.app_context():
        make_appointment(world, at(20, 10))
    answer = send(admin, FULL, {"last_on": "2026-03-13"}, f"{FULL}/end")
    assert answer.status_code == 409
    assert "End them all the same" in answer.text
    token = re.search(r'name="confirmed" value="([^"]+)"', answer.text)
    seen = re.search(r'name="seen" value="([^"]+)"', answer.text)
    assert token is not None
    assert seen is not None
    form = {"last_on": "2026-03-13", "confirmed": token[1], "seen": seen[1]}
    assert admin.post(f"{FULL}/end", form).location == HOURS
    assert (
        send(admin, f"{HOURS}/1_2025-01-06_2026-03-13_1", {"last_on": "x"}, f"{FULL}/end").status_code == 404
    )


def test_hours_that_cannot_end_then_say_so(admin: Browser) -> None:
    answer = send(admin, FULL, {"last_on": "2026-01-01"}, f"{FULL}/end")
    assert answer.status_code == 422
    assert 'id="last_on-error"' in answer.text


def test_types_are_added_changed_and_archived(app: Flask, admin: Browser) -> None:
    form = {"name": "Massage", "duration_minutes": "45", "buffer_before_minutes": "0"}
    form |= {"buffer_after_minutes": "5", "colour": "#112233", "needs_credential": ""}
    assert send(admin, "/clinic/types/new", {**form, "duration_minutes": "44"}).status_code == 422
    assert send(admin, "/clinic/types/new", form).status_code == 303
    assert send(admin, "/clinic/types/4", {**form, "needs_room": "yes"}).status_code == 303
    row = stored(app, AppointmentType, 4)
    assert (row.name, row.duration_minutes, row.needs_room, row.is_needling) == ("Massage", 45, True, False)
    for deed in ("archive", "restore", "archive", "delete"):
        admin.post(f"/clinic/types/4/{deed}")
    assert stored(app, AppointmentType, 4) is None


def phases(*rows: tuple[str, str, str, str]) -> dict[str, list[str]]:
    names = ("sessions", "min_days", "ideal_days", "max_days")
    columns = {name: [row[index] for row in rows] for index, name in enumerate(names)}
    return {**columns, "type_id": [""] * len(rows)}


def test_protocols_are_added_changed_and_archived(app: Flask, admin: Browser) -> None:
    form = {"name": "Weekly", "review_months": "1, 3"} | phases(("6", "5", "7", "9"), ("", "", "", ""))
    assert send(admin, "/clinic/protocols/new", form).status_code == 303
    more = form | phases(("6", "5", "7", "9"), ("3", "11", "14", "17"))
    assert send(admin, "/clinic/protocols/1", more).status_code == 303
    with app.app_context():
        row = db.session.get_one(Protocol, 1)
        assert [phase.sessions for phase in row.phases] == [6, 3]
        assert (row.version, row.review_months) == (1, [1, 3])
    for deed in ("archive", "restore", "archive", "delete"):
        admin.post(f"/clinic/protocols/1/{deed}")
    assert stored(app, Protocol, 1) is None


@pytest.mark.parametrize(
    ("row", "months", "field"),
    [
        (("6", "9", "7", "5"), "1", "phases"),
        (("six", "5", "7", "9"), "1", "phases"),
        (("6", "5", "7", "9"), "x", ""),
    ],
)
def test_phases_that_make_no_sense_are_shown_again(
    admin: Browser, row: tuple[str, str, str, str], months: str, field: str
) -> None:
    answer = send(admin, "/clinic/protocols/new", {"name": "Weekly", "review_months": months} | phases(row))
    assert answer.status_code == 422
    assert f'id="{field or "review_months"}-error"' in answer.text
    assert f'name="sessions" value="{row[0]}"' in answer.text


def test_editing_a_protocol_with_plans_says_its_version(app: Flask, admin: Browser, world: World) -> None:
    from scheduler.usecases.actors import COMMAND
    from scheduler.usecases.plans.prescribing import prescribe_plan
    from tests.factories import NOW

    with app.app_context():
        protocols = load_shipped_protocols()
        save(*protocols)
        prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            protocol_id=protocols[0].id,
            starts_on=NOW.date(),
            actor=COMMAND,
            now=NOW,
        )
    form = {"name": "Tension-type headache", "review_months": "1"} | phases(("6", "5", "7", "9"))
    assert send(admin, "/clinic/protocols/1", form).status_code == 303
    assert "Kept as version 2." in admin.get("/clinic/protocols").text


def test_holidays_are_accepted_one_by_one_and_taken_back(app: Flask, admin: Browser) -> None:
    assert "Good Friday" in admin.get("/clinic/holidays").text
    form = {"location_id": "1", "country": "DE", "region": "BE", "year": "2026"}
    form |= {"on": "2026-04-03", "name": "Good Friday"}
    answer = admin.post("/clinic/holidays", form)
    assert answer.location == "/clinic/holidays?location_id=1&country=DE&region=BE&year=2026#list"
    row = stored(app, Closure)
    assert (row.reason, row.starts_at, row.ends_at - row.starts_at) == (
        "Good Friday",
        at(3, 0, month=4),
        timedelta(days=1),
    )
    assert "Take back" in admin.get("/clinic/holidays").text
    admin.post("/clinic/closures/1/remove", form)
    assert stored(app, Closure) is None


@pytest.mark.parametrize("query", ["country=XX", "country=DE&of=DE&region=XX", "year=1999", "location_id=99"])
def test_choices_that_are_not_offered_break_nothing(admin: Browser, query: str) -> None:
    assert admin.get(f"/clinic/holidays?{query}").status_code in {200, 422}
    admin.post("/clinic/holidays", {"on": "tomorrow"})
    assert "The choice cannot be read." in admin.get("/clinic/holidays").text


def policy(**changes: Any) -> dict[str, Any]:
    return {
        "count": ["2", "3", "", ""],
        "unit": ["days", "hours", "hours", "hours"],
        "quiet_from": "22:00",
        "quiet_until": "07:00",
        "not_within_minutes": "60",
        "do": "save",
    } | changes


def test_the_reminder_policy_is_changed(app: Flask, admin: Browser) -> None:
    assert send(admin, "/clinic/reminders", policy()).status_code == 303
    row = stored(app, Clinic)
    assert row.reminder_offsets_minutes == [2880, 180]
    assert (row.quiet_from_minute, row.quiet_until_minute, row.no_reminder_within_minutes) == (1320, 420, 60)


def test_a_policy_is_tried_out_without_being_kept(app: Flask, admin: Browser) -> None:
    page = send(admin, "/clinic/reminders", policy(do="preview"))
    assert page.status_code == 200
    assert "Sun 8 Mar 2026, 10:00" in page.text.replace(",", "").replace("2026 ", "2026, ")
    assert stored(app, Clinic).reminder_offsets_minutes == [4320, 1440]


@pytest.mark.parametrize(
    "changes", [{"count": ["x"], "unit": ["days"]}, {"quiet_from": "late"}, {"count": ["99"]}]
)
def test_a_policy_that_makes_no_sense_is_shown_again(admin: Browser, changes: dict[str, Any]) -> None:
    answer = send(admin, "/clinic/reminders", policy(**changes))
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_the_mail_is_shown_as_it_would_go_out(admin: Browser) -> None:
    page = admin.get("/clinic/reminders").text
    assert "Reminder: your appointment on Tuesday, 10 March, 10:00" in page
    frame = admin.get("/clinic/reminders/mail")
    assert "With Petra Pin" in frame.text
    assert frame.headers["Content-Security-Policy"].startswith("sandbox")


def test_staff_are_added_with_a_password_that_is_shown_once(app: Flask, admin: Browser) -> None:
    form = {"name": "Rosa", "email": "rosa", "role": "reception"}
    page = send(admin, "/clinic/staff/new", form)
    made_up = re.search(r'id="password">([^<]+)<', page.text)
    assert made_up is not None
    browser = Browser(app)
    assert browser.sign_in("rosa", made_up[1]).status_code == 303
    assert made_up[1] not in admin.get("/clinic/staff").text


def test_staff_are_changed_disabled_and_let_in_again(app: Flask, admin: Browser) -> None:
    with app.app_context():
        number = db.session.scalar(select(Staff.id).where(Staff.email == "reception"))
    path = f"/clinic/staff/{number}"
    form = {"name": "Rita", "email": "rita", "role": "admin", "locale": "de"}
    assert send(admin, path, {**form, "role": "queen"}).status_code == 422
    assert send(admin, path, form).status_code == 303
    assert stored(app, Staff, number).role == "admin"
    admin.post(f"{path}/disable")
    assert stored(app, Staff, number).archived_at is not None
    page = admin.post(f"{path}/password")
    made_up = re.search(r'id="password">([^<]+)<', page.text)
    assert made_up is not None
    assert Browser(app).sign_in("rita", made_up[1]).status_code == 303


def test_the_last_administrator_stays(app: Flask, admin: Browser) -> None:
    with app.app_context():
        number = db.session.scalar(select(Staff.id).where(Staff.email == "admin"))
    form = {"name": "Ada", "email": "admin", "role": "reception"}
    answer = send(admin, f"/clinic/staff/{number}", form)
    assert answer.status_code == 409
    assert 'id="role-error"' in answer.text
    admin.post(f"/clinic/staff/{number}/disable")
    assert "is the last administrator" in admin.get("/clinic/staff").text


def test_keys_are_shown_once_and_revoked(app: Flask, admin: Browser) -> None:
    page = send(admin, "/clinic/keys", {"name": "till", "role": "reception"})
    key = re.search(r'id="key">(ntk_[\w-]+)<', page.text)
    assert key is not None
    headers = {"Authorization": f"Bearer {key[1]}"}
    assert app.test_client().get("/api/v1/patients", headers=headers).status_code == 200
    assert key[1] not in admin.get("/clinic/keys").text
    assert send(admin, "/clinic/keys", {"name": "till", "role": "reception"}).status_code == 409
    assert send(admin, "/clinic/keys", {"name": "", "role": "nobody"}).status_code == 422
    admin.post("/clinic/keys/revoke", {"name": "till"})
    assert stored(app, ApiKey).revoked_at is not None
    assert app.test_client().get("/api/v1/patients", headers=headers).status_code == 401


def test_ones_own_password_is_changed_on_the_account_page(app: Flask, desk: Browser) -> None:
    other = Browser(app)
    other.sign_in()
    form = {"present": PASSWORD, "password": "another password", "repeated": "another password"}
    wrong = desk.post("/account/password", {**form, "present": "wrong"})
    assert wrong.status_code == 422
    assert 'id="present-hint" class="error"' in wrong.text
    differs = desk.post("/account/password", {**form, "repeated": "an other password"})
    assert 'id="repeated-hint" class="error"' in differs.text
    assert desk.post("/account/password", form).location == "/account"
    assert desk.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert Browser(app).sign_in("reception", "another password").status_code == 303
