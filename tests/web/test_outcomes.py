"""How patients are, at the desk: charts with bands and review points, entering, the board, the page's address."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Outcome, PatientLink, PlannedSession, TreatmentPlan
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, make_appointment, save
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
PAIN = (7, 7, 6, 6, 6)


@pytest.fixture
def treated(app: Flask, world: World) -> int:
    """A plan whose five sessions were held weekly, with pain before each."""
    with app.app_context():
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=NOW.date() - timedelta(days=40),
            phases=[PhaseWish(5, 3, 7, 10, world.needling_id)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        for number, value in enumerate(PAIN, start=1):
            starts_at = NOW + timedelta(days=7 * (number - 6))
            planned = db.session.query(PlannedSession).filter_by(plan_id=plan.id, number=number).one()
            planned.status = "completed"
            row = make_appointment(world, starts_at, planned_session_id=planned.id, status="completed")
            save(
                Outcome(
                    patient_id=world.patient_id,
                    plan_id=plan.id,
                    appointment_id=row.id,
                    measure="nprs",
                    value=value,
                    measured_on=starts_at.date(),
                    source="patient",
                    created_at=NOW,
                )
            )
        return plan.id


def test_the_chart_has_the_band_of_what_does_not_matter_and_the_review_after_four(
    world: World, treated: int, desk: Browser
) -> None:
    page = desk.get(f"/patients/{world.patient_id}").text
    assert page.count('class="band"') == 1
    assert "Band: within 2.5 of the first value" in page
    assert page.count('class="mark"') == 1
    assert "<title>after 4 sessions</title>" in page
    assert "No better after 4 sessions: review." in page
    rows = re.findall(r'<th scope="row">([^<]+)</th><td>([0-9]+)</td><td>patient</td>', page)
    assert [value for _, value in rows] == [str(value) for value in reversed(PAIN)]
    first = NOW.date() - timedelta(days=35)
    assert rows[-1][0] == f"{first.day} {first:%b} {first.year}"
    desk.post("/account/language", {"locale": "de"})
    assert "2,5 " in desk.get(f"/patients/{world.patient_id}").text


def test_each_plan_has_the_band_of_its_own_first_value(
    app: Flask, world: World, treated: int, desk: Browser
) -> None:
    with app.app_context():
        plan = prescribe_plan(
            patient_id=world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=NOW.date(),
            phases=[PhaseWish(3, 3, 7, 10, world.needling_id)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        said = {"patient_id": world.patient_id, "measure": "nprs", "source": "clinic", "created_at": NOW}
        for plan_id, value, days in ((None, 6, -2), (plan.id, 3, -1), (None, 2, 0), (plan.id, 1, 1)):
            save(Outcome(**said, plan_id=plan_id, value=value, measured_on=NOW.date() + timedelta(days=days)))
    page = desk.get(f"/patients/{world.patient_id}").text
    assert "Band: within 2.5 of each plan&#39;s first value" in page
    places = re.findall(r'class="band" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', page)
    (left, low, wide), (next_left, next_low, narrow) = ([float(each) for each in place] for place in places)
    assert (left + wide, wide * 3) == (next_left, pytest.approx(narrow * 6, abs=0.5))
    assert low < next_low, "7 to begin with is higher up than 3"
    (line,) = re.findall(r'class="line first" d="([^"]+)"', page)
    assert re.sub(r"[\d. ]", "", line) == "MLLLLLMLL"


def test_the_board_shows_plans_that_do_not_help(app: Flask, treated: int, desk: Browser) -> None:
    assert "No better after 4 sessions: review" in desk.get("/behind").text
    with app.app_context():
        db.session.get_one(TreatmentPlan, treated).status = "completed"
        db.session.commit()
    assert "No better" not in desk.get("/behind").text


def test_a_value_is_entered_and_a_wrong_one_is_kept_in_the_form(
    app: Flask, world: World, desk: Browser
) -> None:
    path = f"/patients/{world.patient_id}"
    form = {"measure": "hit6", "value": "37", "measured_on": "2026-03-02"}
    wrong = desk.post(f"{path}/outcomes", form)
    assert (wrong.status_code, "never add up to 37" in wrong.text) == (422, True)
    assert 'value="37"' in wrong.text
    assert desk.post(f"{path}/outcomes", form | {"value": "60"}).status_code == 303
    assert desk.post(f"{path}/outcomes", form | {"value": ""}).status_code == 422
    with app.app_context():
        row = db.session.query(Outcome).one()
        assert (row.value, row.source) == (60, "clinic")


def test_the_monthly_questionnaire_is_switched_on(
    app: Flask, world: World, treated: int, desk: Browser
) -> None:
    path = f"/patients/{world.patient_id}/plans/{treated}/questionnaire"
    assert desk.post(path, {"questionnaire": "ndi"}).status_code == 303
    with app.app_context():
        assert db.session.get_one(TreatmentPlan, treated).questionnaire == "ndi"
    assert desk.post(f"/patients/99/plans/{treated}/questionnaire", {}).status_code == 404


def test_the_pages_address_is_shown_and_revoked(app: Flask, world: World, desk: Browser) -> None:
    path = f"/patients/{world.patient_id}"
    assert "The next mail brings its address." in desk.get(path).text
    shown = desk.post(f"{path}/page-link").text
    address = shown.split('id="address" aria-labelledby="address-label">http://127.0.0.1:8000')[1]
    address = address.split("<")[0]
    assert app.test_client().get(address).status_code == 200
    assert "last opened" in desk.get(path).text
    assert desk.post(f"{path}/page-link/revoke").status_code == 303
    assert app.test_client().get(address).status_code == 404
    with app.app_context():
        assert db.session.query(PatientLink).one().revoked_at is not None
