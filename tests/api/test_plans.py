"""Plans over the API: from the prescription over proposals to a placed series."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Message, TimeOff
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from tests.api.support import Caller, utc
from tests.factories import World, at, make_appointment, make_patient, make_practitioner, save

WEEKLY = {"sessions": 3, "min_days": 5, "ideal_days": 7, "max_days": 9}


def prescription(world: World, **changes: Any) -> dict[str, Any]:
    """Three weekly sessions from Thursday on."""
    return {
        "patient_id": world.patient_id,
        "practitioner_id": world.practitioner_id,
        "starts_on": "2026-03-05",
        "phases": [WEEKLY],
    } | changes


@pytest.fixture
def plan(world: World, desk: Caller) -> dict[str, Any]:
    """A plan of three weekly sessions."""
    made: dict[str, Any] = desk.post("/plans", prescription(world)).get_json()
    return made


def propose(desk: Caller, plan: dict[str, Any], **body: Any) -> list[dict[str, Any]]:
    """The proposals for a plan."""
    response = desk.post(f"/plans/{plan['id']}/proposals", body or None)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.get_json()["proposals"]
    return found


def chosen(proposal: dict[str, Any]) -> dict[str, Any]:
    """A placement of a proposal, as section 8 of the contract writes it."""
    wanted = ("number", "starts_at", "practitioner_id")
    return {"sessions": [{name: session[name] for name in wanted} for session in proposal["sessions"]]}


def test_prescription_answers_with_every_session_and_its_window(world: World, desk: Caller) -> None:
    response = desk.post(
        "/plans",
        prescription(
            world,
            condition="Tension-type headache",
            target_muscles=["upper trapezius"],
            preferences={"weekdays": [3], "from": "08:30", "until": "12:00", "practitioner_ids": [1]},
        ),
    )
    body = response.get_json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/plans/{body['id']}"
    assert (body["condition"], body["target_muscles"]) == ("Tension-type headache", ["upper trapezius"])
    assert body["preferences"] == {
        "weekdays": [3],
        "from": "08:30",
        "until": "12:00",
        "practitioner_ids": [1],
    }
    assert body["phases"] == [WEEKLY]
    assert [
        (session["number"], session["status"], session["appointment"]) for session in body["sessions"]
    ] == [
        (1, "to_place", None),
        (2, "to_place", None),
        (3, "to_place", None),
    ]
    assert body["sessions"][1]["window"] == {
        "earliest": "2026-03-10",
        "ideal": "2026-03-12",
        "latest": "2026-03-14",
    }
    assert desk.get(f"/plans/{body['id']}").get_json() == body


def test_protocol_is_copied(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        save(*load_shipped_protocols())
    protocol = desk.get("/protocols").get_json()["items"][0]
    body = prescription(world, protocol_id=protocol["id"])
    del body["phases"]
    made = desk.post("/plans", body).get_json()
    phases = [{**phase, "appointment_type_id": None} for phase in made["phases"]]
    assert (made["name"], made["protocol_id"], phases) == (
        protocol["name"],
        protocol["id"],
        protocol["phases"],
    )
    assert len(made["sessions"]) == protocol["sessions"]


def test_phases_stand_in_for_those_of_the_protocol(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        save(*load_shipped_protocols())
    made = desk.post("/plans", prescription(world, protocol_id=1)).get_json()
    assert (made["name"], made["phases"]) == ("Tension-type headache", [WEEKLY])


def test_first_session_may_be_another_type(world: World, desk: Caller) -> None:
    made = desk.post("/plans", prescription(world, first_appointment_type_id=world.assessment_id)).get_json()
    assert [session["appointment_type_id"] for session in made["sessions"]] == [
        world.assessment_id,
        world.needling_id,
        world.needling_id,
    ]


def test_best_proposal_keeps_the_ideal_gaps(desk: Caller, plan: dict[str, Any]) -> None:
    best = propose(desk, plan)[0]
    assert (best["cost"], best["unplaced"], best["differs_in"]) == (0, [], None)
    assert best["summary"] == "All 3 sessions placed, every one as planned"
    assert [session["days_since_previous"] for session in best["sessions"]] == [None, 7, 7]
    assert [session["notes"] for session in best["sessions"]] == [[], [], []]
    assert [session["ends_at"][11:] for session in best["sessions"]] == ["08:30:00Z"] * 3


def test_proposals_are_few_differ_and_come_by_cost(desk: Caller, plan: dict[str, Any]) -> None:
    found = propose(desk, plan)
    assert 1 < len(found) <= 3
    assert [proposal["cost"] for proposal in found] == sorted(proposal["cost"] for proposal in found)
    assert len({repr(proposal["sessions"]) for proposal in found}) == len(found)
    assert len({proposal["differs_in"] for proposal in found}) == len(found)


def test_preferences_of_the_request_stand_in_for_those_of_the_plan(
    desk: Caller, plan: dict[str, Any]
) -> None:
    afternoon = propose(desk, plan, preferences={"from": "14:00", "until": "16:00"})[0]
    assert {session["starts_at"][11:13] >= "13" for session in afternoon["sessions"]} == {True}
    assert propose(desk, plan, preferences=None)[0] == propose(desk, plan)[0]


def test_compromise_is_explained(app: Flask, world: World, desk: Caller, plan: dict[str, Any]) -> None:
    first = {"number": 1, "starts_at": utc(at(5, 9)), "practitioner_id": world.practitioner_id}
    desk.post(f"/plans/{plan['id']}/placements", {"sessions": [first]})
    with app.app_context():
        save(TimeOff(practitioner_id=world.practitioner_id, starts_at=at(12, 0), ends_at=at(13, 0)))
    best = propose(desk, plan)[0]
    second = best["sessions"][0]
    days = second["days_since_previous"]
    assert days in {6, 8}
    (gap,) = [note for note in second["notes"] if note["code"].startswith("gap_")]
    assert gap["params"] == {"days": days, "ideal_days": 7}
    assert gap["sentence"] == f"{days} days after the session before, ideal are 7"
    assert best["cost"] == sum(note["cost"] for session in best["sessions"] for note in session["notes"])


def test_session_that_cannot_be_placed_is_named_with_the_reason(
    desk: Caller, plan: dict[str, Any], app: Flask, world: World
) -> None:
    with app.app_context():
        save(
            TimeOff(
                practitioner_id=world.practitioner_id, starts_at=at(9, 0), ends_at=at(16, 0), reason="leave"
            )
        )
    best = propose(desk, plan)[0]
    assert best["unplaced"][0]["reason"] == "away"
    assert best["unplaced"][0]["sentence"] == "The practitioner is on leave in its window."
    placed = {session["number"] for session in best["sessions"]}
    assert placed | {left["number"] for left in best["unplaced"]} == {1, 2, 3}


def test_whole_series_is_placed_in_one_step(app: Flask, desk: Caller, plan: dict[str, Any]) -> None:
    best = propose(desk, plan)[0]
    response = desk.post(f"/plans/{plan['id']}/placements", chosen(best))
    booked = response.get_json()["appointments"]
    assert response.status_code == 201
    assert [(row["session_number"], row["plan_id"], row["starts_at"], row["status"]) for row in booked] == [
        (session["number"], plan["id"], session["starts_at"], "booked") for session in best["sessions"]
    ]
    after = desk.get(f"/plans/{plan['id']}").get_json()
    assert [session["appointment"] for session in after["sessions"]] == booked
    assert [session["status"] for session in after["sessions"]] == ["placed"] * 3
    assert [session["held_on"] for session in after["sessions"]] == [row["starts_at"][:10] for row in booked]
    with app.app_context():
        assert db.session.scalars(select(Message.kind).where(Message.kind != "reminder")).all() == [
            "series_confirmation"
        ]


def test_placed_plan_has_nothing_to_propose(desk: Caller, plan: dict[str, Any]) -> None:
    placement = chosen(propose(desk, plan)[0])
    desk.post(f"/plans/{plan['id']}/placements", placement)
    proposals = desk.post(f"/plans/{plan['id']}/proposals")
    again = desk.post(f"/plans/{plan['id']}/placements", placement)
    assert [(answer.status_code, answer.get_json()["code"]) for answer in (proposals, again)] == [
        (409, "conflict"),
        (409, "conflict"),
    ]


def test_what_is_proposed_leaves_out_what_is_placed_already(desk: Caller, plan: dict[str, Any]) -> None:
    best = propose(desk, plan)[0]
    first = {"sessions": chosen(best)["sessions"][:1]}
    desk.post(f"/plans/{plan['id']}/placements", first)
    rest = propose(desk, plan)[0]
    assert [session["number"] for session in rest["sessions"]] == [2, 3]
    assert rest["sessions"][0]["days_since_previous"] == 7
    assert desk.post(f"/plans/{plan['id']}/placements", chosen(rest)).status_code == 201


def test_series_taken_meanwhile_is_refused_whole(
    app: Flask, world: World, desk: Caller, plan: dict[str, Any]
) -> None:
    best = propose(desk, plan)[0]
    with app.app_context():
        other = make_patient("Olga", "Other").id
    taken = best["sessions"][1]
    desk.post(
        "/appointments",
        {
            "patient_id": other,
            "practitioner_id": taken["practitioner_id"],
            "appointment_type_id": world.needling_id,
            "starts_at": taken["starts_at"],
        },
    )
    response = desk.post(f"/plans/{plan['id']}/placements", chosen(best))
    problem = response.get_json()
    assert (response.status_code, problem["code"]) == (409, "series_taken")
    assert (problem["numbers"], problem["busy"]) == ([2], {"2": ["practitioner"]})
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Appointment)) == 1


def test_series_that_breaks_a_rule_needs_a_reason(world: World, desk: Caller, plan: dict[str, Any]) -> None:
    close = [
        {"number": number, "starts_at": utc(at(day, 10)), "practitioner_id": world.practitioner_id}
        for number, day in ((1, 5), (2, 6))
    ]
    refused = desk.post(f"/plans/{plan['id']}/placements", {"sessions": close})
    assert (refused.status_code, refused.get_json()["rules"]) == (409, ["rest"])
    placed = desk.post(
        f"/plans/{plan['id']}/placements", {"sessions": close, "override_reason": "Travels on Saturday."}
    )
    assert placed.status_code == 201


def test_plans_of_a_patient_are_listed_newest_first(app: Flask, world: World, desk: Caller) -> None:
    numbers = [desk.post("/plans", prescription(world)).get_json()["id"] for _ in range(3)]
    with app.app_context():
        other = make_patient("Olga", "Other").id
    desk.post("/plans", prescription(world, patient_id=other))
    page = desk.get("/plans", patient_id=world.patient_id, page_size=2).get_json()
    assert ([row["id"] for row in page["items"]], page["total"]) == (numbers[:0:-1], 3)
    last = desk.get("/plans", patient_id=world.patient_id, page_size=2, page=2).get_json()
    assert [row["id"] for row in last["items"]] == numbers[:1]


def test_reading_a_plan_is_a_look_at_the_patient(
    app: Flask, world: World, desk: Caller, plan: dict[str, Any]
) -> None:
    desk.get(f"/plans/{plan['id']}")
    desk.get("/plans", patient_id=world.patient_id)
    with app.app_context():
        looks = db.session.execute(
            select(AuditEntry.patient_id, AuditEntry.actor_name).where(AuditEntry.action == "patient_viewed")
        )
        assert [tuple(row) for row in looks] == [(world.patient_id, "program of reception")] * 2


def test_proposals_choose_among_several_practitioners_and_locations(
    app: Flask, world: World, desk: Caller, plan: dict[str, Any]
) -> None:
    with app.app_context():
        make_appointment(world, at(5, 9), minutes=480)
        other = make_practitioner(world.location_id, family_name="Other").id
    sessions = propose(desk, plan, preferences={"practitioner_ids": [other]})[0]["sessions"]
    assert {session["practitioner_id"] for session in sessions} == {other}
