"""Appointments over the API: booking, refusals that a program can act on, moving, following, listing."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Location, PlannedSession, TreatmentPlan
from scheduler.models.staff import Role
from tests.api.support import Caller, make_key, utc
from tests.factories import (
    World,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_type,
    save,
)


def booking(world: World, **changes: Any) -> dict[str, Any]:
    """A body that books half an hour of needling on Thursday at ten in Berlin."""
    return {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "appointment_type_id": world.needling_id,
        "starts_at": utc(at(5, 10)),
    } | changes


def count(app: Flask, model: Any) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_booking_answers_with_the_whole_appointment(world: World, desk: Caller) -> None:
    response = desk.post("/appointments", booking(world))
    body = response.get_json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/appointments/{body['id']}"
    uid = body.pop("uid")
    assert uid.endswith("@needletime")
    assert body == {
        "id": body["id"],
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "location_id": world.location_id,
        "room_id": body["room_id"],
        "appointment_type_id": world.needling_id,
        "planned_session_id": None,
        "plan_id": None,
        "session_number": None,
        "starts_at": "2026-03-05T09:00:00Z",
        "ends_at": "2026-03-05T09:30:00Z",
        "status": "booked",
        "version": 1,
        "override_reason": None,
        "override_rules": [],
        "cancelled_at": None,
        "cancel_reason": "",
        "created_at": "2026-03-02T07:00:00Z",
    }
    assert body["room_id"] in world.room_ids
    assert desk.get(f"/appointments/{body['id']}").get_json() == body | {"uid": uid}


@pytest.mark.parametrize(
    "starts_at", ["2026-03-05T10:00:00+01:00", "2026-03-05T04:00-05:00", "2026-03-05t09:00:00.000z"]
)
def test_start_may_carry_any_offset(world: World, desk: Caller, starts_at: str) -> None:
    assert desk.post("/appointments", booking(world, starts_at=starts_at)).get_json()["starts_at"] == (
        "2026-03-05T09:00:00Z"
    )


def test_taken_slot_is_refused_naming_all_that_is_busy(app: Flask, world: World, desk: Caller) -> None:
    first = desk.post("/appointments", booking(world, room_id=world.room_ids[0])).get_json()
    response = desk.post("/appointments", booking(world, room_id=first["room_id"]))
    problem = response.get_json()
    assert (response.status_code, problem["code"]) == (409, "slot_taken")
    assert problem["resources"] == ["practitioner", "room", "patient"]
    assert count(app, Appointment) == 1


def test_no_free_room_is_said(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        people = [make_practitioner(world.location_id, family_name=name).id for name in ("Two", "Three")]
        patients = [make_patient(family_name=name).id for name in ("Two", "Three")]
    desk.post("/appointments", booking(world))
    answers = [
        desk.post("/appointments", booking(world, practitioner_id=person, patient_id=patient))
        for person, patient in zip(people, patients, strict=True)
    ]
    assert [answer.status_code for answer in answers] == [201, 409]
    assert (answers[1].get_json()["code"], answers[1].get_json()["resources"]) == ("no_room_free", ["room"])


def test_clinic_rules_ask_for_a_reason_and_keep_it(world: World, desk: Caller) -> None:
    late = booking(world, starts_at=utc(at(5, 19)))
    refused = desk.post("/appointments", late)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "needs_override")
    assert refused.get_json()["rules"] == ["outside_hours"]
    booked = desk.post("/appointments", late | {"override_reason": "The patient works shifts."}).get_json()
    assert (booked["override_reason"], booked["override_rules"]) == (
        "The patient works shifts.",
        ["outside_hours"],
    )


def test_reason_that_was_not_needed_is_not_kept(world: World, desk: Caller) -> None:
    assert (
        desk.post("/appointments", booking(world, override_reason="just so")).get_json()["override_reason"]
        is None
    )


def test_practitioners_may_not_set_the_credential_aside(app: Flask, world: World) -> None:
    with app.app_context():
        novice = make_practitioner(world.location_id, family_name="Novice", credentialed=False).id
    body = booking(world, practitioner_id=novice, override_reason="She can do it.")
    callers = {role: Caller(app, make_key(app, role)) for role in (Role.PRACTITIONER, Role.RECEPTION)}
    answers = {role: caller.post("/appointments", body) for role, caller in callers.items()}
    assert (answers[Role.PRACTITIONER].status_code, answers[Role.RECEPTION].status_code) == (403, 201)
    assert answers[Role.RECEPTION].get_json()["override_rules"] == ["credential"]


def test_archived_patient_cannot_be_booked(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        gone = make_patient("Gerd", "Gone", archived_at=at(1)).id
    response = desk.post("/appointments", booking(world, patient_id=gone))
    assert (response.status_code, response.get_json()["code"]) == (422, "invalid_input")
    assert count(app, Appointment) == 0


def test_move_counts_a_version_and_writes_who_did_it(app: Flask, world: World, desk: Caller) -> None:
    first = desk.post("/appointments", booking(world)).get_json()
    moved = desk.patch(f"/appointments/{first['id']}", {"version": 1, "starts_at": utc(at(6, 11))})
    assert moved.status_code == 200
    assert moved.get_json() == first | {
        "starts_at": utc(at(6, 11)),
        "ends_at": utc(at(6, 11, 30)),
        "version": 2,
    }
    with app.app_context():
        deed = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (deed.action, deed.actor_kind, deed.actor_name, deed.source) == (
            "appointment_moved",
            "api_key",
            "program of reception",
            "127.0.0.1",
        )


def test_move_to_another_practitioner_and_room(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        other = make_practitioner(world.location_id, family_name="Other").id
    first = desk.post("/appointments", booking(world, room_id=world.room_ids[0])).get_json()
    change = {"version": 1, "practitioner_id": other, "room_id": world.room_ids[1]}
    moved = desk.patch(f"/appointments/{first['id']}", change).get_json()
    assert moved == first | {"practitioner_id": other, "room_id": world.room_ids[1], "version": 2}


def test_move_that_changes_nothing_keeps_the_version(world: World, desk: Caller) -> None:
    first = desk.post("/appointments", booking(world)).get_json()
    assert desk.patch(f"/appointments/{first['id']}", {"version": 1}).get_json() == first


def test_stale_move_is_refused_with_the_present_state(world: World, desk: Caller) -> None:
    number = desk.post("/appointments", booking(world)).get_json()["id"]
    now = desk.patch(f"/appointments/{number}", {"version": 1, "starts_at": utc(at(6, 11))}).get_json()
    late = desk.patch(f"/appointments/{number}", {"version": 1, "starts_at": utc(at(6, 12))})
    problem = late.get_json()
    assert (late.status_code, problem["code"]) == (409, "stale_version")
    assert problem["current"] == {name: now[name] for name in problem["current"]}
    assert (problem["current"]["version"], problem["current"]["starts_at"]) == (2, utc(at(6, 11)))


def test_move_onto_a_taken_slot_changes_nothing(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        other = make_patient("Olga", "Other").id
    first = desk.post("/appointments", booking(world)).get_json()
    desk.post("/appointments", booking(world, patient_id=other, starts_at=utc(at(5, 11))))
    refused = desk.patch(f"/appointments/{first['id']}", {"version": 1, "starts_at": utc(at(5, 11, 15))})
    assert (refused.status_code, refused.get_json()["resources"]) == (409, ["practitioner"])
    assert desk.get(f"/appointments/{first['id']}").get_json() == first


def test_cancelled_appointment_frees_its_slot(world: World, desk: Caller) -> None:
    first = desk.post("/appointments", booking(world)).get_json()
    gone = desk.post(f"/appointments/{first['id']}/cancel", {"version": 1, "reason": "has a cold"})
    assert gone.status_code == 200
    assert gone.get_json() == first | {
        "status": "cancelled",
        "cancel_reason": "has a cold",
        "cancelled_at": "2026-03-02T07:00:00Z",
        "version": 2,
    }
    assert desk.post("/appointments", booking(world)).status_code == 201


def test_status_follows_the_day_and_refuses_what_cannot_be(world: World, desk: Caller) -> None:
    number = desk.post("/appointments", booking(world)).get_json()["id"]
    path = f"/appointments/{number}/status"
    seen = [
        desk.post(path, {"version": version, "status": status}).get_json()["status"]
        for version, status in enumerate(("confirmed", "arrived", "completed"), start=1)
    ]
    assert seen == ["confirmed", "arrived", "completed"]
    refused = desk.post(path, {"version": 4, "status": "cancelled"})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "illegal_transition")
    moved = desk.patch(f"/appointments/{number}", {"version": 4, "starts_at": utc(at(6))})
    assert (moved.status_code, moved.get_json()["code"]) == (409, "illegal_transition")


def test_appointment_of_a_plan_names_its_session(app: Flask, world: World, desk: Caller) -> None:
    plan = desk.post(
        "/plans",
        {
            "patient_id": world.patient_id,
            "practitioner_id": world.practitioner_id,
            "starts_on": "2026-03-05",
            "phases": [{"sessions": 2, "min_days": 2, "ideal_days": 7, "max_days": 9}],
        },
    ).get_json()
    session = plan["sessions"][1]
    booked = desk.post("/appointments", booking(world, planned_session_id=session["id"])).get_json()
    assert (booked["planned_session_id"], booked["plan_id"], booked["session_number"]) == (
        session["id"],
        plan["id"],
        2,
    )
    again = desk.post("/appointments", booking(world, planned_session_id=session["id"]))
    assert again.status_code == 422
    with app.app_context():
        assert db.session.get_one(PlannedSession, session["id"]).status == "placed"
        assert db.session.get_one(TreatmentPlan, plan["id"]).patient_id == world.patient_id


def listed(desk: Caller, **query: Any) -> list[str]:
    """Starts of the appointments found."""
    return [row["starts_at"] for row in desk.get("/appointments", **query).get_json()["items"]]


def test_list_is_by_start_and_narrowed_by_all_that_is_asked(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        other = make_patient("Olga", "Other").id
        make_appointment(world, at(6, 10))
        make_appointment(world, at(5, 10), status="cancelled", cancelled_at=at(4))
        make_appointment(world, at(4, 10), patient_id=other)
    days = [utc(at(day, 10)) for day in (4, 5, 6)]
    assert listed(desk) == days
    assert listed(desk, patient_id=other) == days[:1]
    assert listed(desk, status="cancelled") == days[1:2]
    assert listed(desk, status=["cancelled", "booked"], patient_id=world.patient_id) == days[1:]
    assert listed(desk, practitioner_id=world.practitioner_id, location_id=world.location_id) == days
    assert listed(desk, practitioner_id=99) == []
    assert listed(desk, from_=utc(at(5, 10, 30)), to=utc(at(6, 10))) == []
    assert listed(desk, from_=utc(at(5, 10, 29)), to=utc(at(6, 10, 1))) == days[1:]
    assert desk.get("/appointments", page_size=2, page=2).get_json()["total"] == 3


def test_dates_are_those_on_the_clocks_of_each_location(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        far = Location(name="Auckland", zone="Pacific/Auckland")
        save(far)
        make_appointment(world, at(5, 0))
        make_appointment(world, at(5, 23, 45), uid="across midnight")
        # 5 March, half past midnight in Auckland, is noon of the 4th in Berlin.
        make_appointment(world, at(4, 12, 30), location_id=far.id, room_id=None, uid="far away")
    assert listed(desk, from_="2026-03-05", to="2026-03-05") == [
        utc(at(4, 12, 30)),
        utc(at(5, 0)),
        utc(at(5, 23, 45)),
    ]
    assert listed(desk, from_="2026-03-06") == [utc(at(5, 23, 45))]
    assert listed(desk, to="2026-03-04") == []


def test_dates_reach_over_a_change_of_clocks(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        make_appointment(world, at(29, 0) - timedelta(minutes=30), uid="the day before")
        make_appointment(world, at(29, 0), uid="first")
        make_appointment(world, at(29, 23, 30), uid="last")
        make_appointment(world, at(30, 0), uid="the day after")
    assert listed(desk, from_="2026-03-29", to="2026-03-29") == [utc(at(29, 0)), utc(at(29, 23, 30))]


def test_unneeded_room_is_not_taken(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        call = make_type("Call", needs_room=False, needs_credential=None, is_needling=False).id
    assert desk.post("/appointments", booking(world, appointment_type_id=call)).get_json()["room_id"] is None
