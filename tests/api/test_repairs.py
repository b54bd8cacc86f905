"""Repairs over the API: previews that change nothing, and carrying out what was decided on."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, AuditEntry, Message
from tests.api.support import Caller, utc
from tests.factories import World, make_appointment, make_patient
from tests.usecases.repairs.support import march, series


@pytest.fixture
def plan(app: Flask, world: World) -> dict[str, Any]:
    """A plan of four weekly sessions, all booked, on Tuesdays from 3 March on."""
    with app.app_context():
        plan, rows = series(world, 3, 10, 17, 24)
        return {"id": plan.id, "appointments": [row.id for row in rows]}


def starts(app: Flask) -> list[str]:
    with app.app_context():
        return [utc(at) for at in db.session.scalars(select(Appointment.starts_at).order_by(Appointment.id))]


def preview(desk: Caller, plan: dict[str, Any], day: int = 16, **body: Any) -> dict[str, Any]:
    """What moving session 2 to a day would do."""
    asked = {"starts_at": utc(march(day))} | body
    response = desk.post(f"/appointments/{plan['appointments'][1]}/move-preview", asked)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def test_a_preview_says_it_in_codes_and_words_and_changes_nothing(
    app: Flask, desk: Caller, plan: dict[str, Any]
) -> None:
    before = starts(app)
    found = preview(desk, plan)
    line = found["sessions"][2]
    assert (found["plan_id"], found["number"], found["newly_broken"]) == (plan["id"], 2, [2, 3])
    assert (line["changed"]["verdict"], line["changed"]["sentence"]) == (
        "too_short",
        "a day after the session before: too short, at least 5",
    )
    assert line["now"]["sentence"] == "7 days after the session before"
    assert line["repaired"]["verdict"] == "fine"
    assert starts(app) == before
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(AuditEntry.action == "patient_viewed")) == 1


def test_a_previewed_repair_is_sent_back_as_it_is(app: Flask, desk: Caller, plan: dict[str, Any]) -> None:
    found = preview(desk, plan)
    moved = {"appointment_id": plan["appointments"][1], "starts_at": utc(march(16))}
    response = desk.post(f"/plans/{plan['id']}/repairs", {**found["repair"], "moved": moved}, once="k")
    assert response.status_code == 201, response.text
    numbers = [row["session_number"] for row in response.get_json()["appointments"]]
    assert numbers == sorted({2, *(change["number"] for change in found["repair"]["changes"])})
    again = desk.post(f"/plans/{plan['id']}/repairs", {**found["repair"], "moved": moved}, once="k")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    with app.app_context():
        (mail,) = db.session.scalars(select(Message).where(Message.kind == "series_changed"))
        assert len(mail.items) == len(numbers)


def test_a_move_that_breaks_nothing_has_no_repair(desk: Caller, plan: dict[str, Any]) -> None:
    found = preview(desk, plan, 11)
    assert (found["newly_broken"], found["repair"]) == ([], None)


def test_what_speaks_against_a_move_is_told_beforehand(
    app: Flask, world: World, desk: Caller, plan: dict[str, Any]
) -> None:
    with app.app_context():
        make_appointment(world, march(11), patient_id=make_patient("Other").id)
    assert preview(desk, plan, 11)["busy"] == ["practitioner"]
    assert preview(desk, plan, 14)["rules"] == ["outside_hours"]


def test_a_cancelled_session_is_given_a_new_date(app: Flask, desk: Caller, plan: dict[str, Any]) -> None:
    number = plan["appointments"][1]
    found = desk.post(f"/appointments/{number}/cancel-preview").get_json()
    assert [line["step"] for line in found["sessions"]] == ["stays", "placed", "stays", "stays"]
    body = {**found["repair"], "cancelled": {"appointment_id": number, "reason": "is ill"}}
    assert desk.post(f"/plans/{plan['id']}/repairs", body).status_code == 201
    assert starts(app)[1] == found["repair"]["changes"][0]["starts_at"]


def test_a_plan_is_repaired_as_it_stands(app: Flask, desk: Caller, world: World) -> None:
    with app.app_context():
        plan = series(world, 3, 10, 23, 30)[0].id
    found = desk.post(f"/plans/{plan}/repair-proposals").get_json()
    assert found["number"] is None
    assert desk.post(f"/plans/{plan}/repairs", found["repair"]).status_code == 201
    assert desk.post(f"/plans/{plan}/repair-proposals").get_json()["repair"] is None


def test_what_changed_meanwhile_is_refused_and_named(
    app: Flask, world: World, desk: Caller, plan: dict[str, Any]
) -> None:
    found = preview(desk, plan)
    stale = desk.post(f"/plans/{plan['id']}/repairs", {**found["repair"], "version": 9})
    assert (stale.status_code, stale.get_json()["code"]) == (409, "stale_version")
    assert len(stale.get_json()["current"]["appointments"]) == 4
    change = found["repair"]["changes"][-1]
    with app.app_context():
        db.session.add_all([])
        when = next(march(day) for day in range(17, 60) if utc(march(day))[:10] == change["starts_at"][:10])
        make_appointment(
            world, when.replace(hour=int(change["starts_at"][11:13])), patient_id=make_patient("Other").id
        )
    taken = desk.post(f"/plans/{plan['id']}/repairs", found["repair"])
    assert (taken.status_code, taken.get_json()["code"]) == (409, "series_taken")
    assert taken.get_json()["numbers"] == [change["number"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (
            {"changes": [{"number": 0, "starts_at": "2026-03-20T09:00:00Z", "practitioner_id": 1}]},
            "changes.0.number",
        ),
        ({"version": "two"}, "version"),
        ({"appointments": None}, "appointments"),
        ({"moved": {"appointment_id": 1}}, "moved.starts_at"),
        ({"speed": 1}, "speed"),
    ],
)
def test_bad_input_is_named(desk: Caller, plan: dict[str, Any], change: dict[str, Any], field: str) -> None:
    body = {"version": 1, "appointments": []} | change
    response = desk.post(f"/plans/{plan['id']}/repairs", body)
    assert (response.status_code, list(response.get_json()["errors"])) == (422, [field])


def test_a_move_may_take_another_length_where_the_type_allows_it(
    app: Flask, world: World, desk: Caller, plan: dict[str, Any]
) -> None:
    appointment_id = plan["appointments"][1]
    move = {"starts_at": utc(march(11)), "minutes": 45}
    refused = desk.post(f"/appointments/{appointment_id}/move-preview", move)
    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["minutes"])
    with app.app_context():
        db.session.get_one(AppointmentType, world.needling_id).may_resize = True
        db.session.commit()
    found = desk.post(f"/appointments/{appointment_id}/move-preview", move).get_json()
    lengths = [
        [found["sessions"][at][when]["slot"]["ends_at"][11:16] for when in ("now", "changed")]
        for at in (0, 1)
    ]
    assert lengths == [["09:30", "09:30"], ["09:30", "09:45"]]
    body = {"version": 1, "appointments": [{"id": appointment_id, "version": 1}]}
    done = desk.post(
        f"/plans/{plan['id']}/repairs", {**body, "moved": {"appointment_id": appointment_id, **move}}
    )
    assert [row["ends_at"] for row in done.get_json()["appointments"]] == [
        utc(march(11)).replace("09:00", "09:45")
    ]
