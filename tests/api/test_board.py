"""The behind board over the API."""

from datetime import date

from flask import Flask

from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.api.support import Caller
from tests.factories import NOW, RECEPTIONIST, World, make_patient


def prescribe(app: Flask, world: World, starts_on: date, patient_id: int | None = None) -> int:
    with app.app_context():
        plan = prescribe_plan(
            patient_id=patient_id or world.patient_id,
            practitioner_id=world.practitioner_id,
            starts_on=starts_on,
            phases=[PhaseWish(3, 5, 7, 9)],
            actor=RECEPTIONIST,
            now=NOW,
        )
        return plan.id


def test_nobody_is_behind_at_first(world: World, desk: Caller) -> None:
    assert desk.get("/board").get_json() == {"items": [], "total": 0}


def test_a_line_says_who_what_and_by_when(app: Flask, world: World, desk: Caller) -> None:
    plan_id = prescribe(app, world, date(2026, 2, 20))
    assert desk.get("/board").get_json()["items"] == [
        {
            "plan_id": plan_id,
            "plan": "Individual plan",
            "patient_id": world.patient_id,
            "patient": "Paul Pain",
            "phone": None,
            "practitioner": "Petra Pin",
            "number": 1,
            "sessions": 3,
            "waiting": 3,
            "window": {"earliest": "2026-02-20", "ideal": "2026-02-20", "latest": "2026-03-01"},
            "days_left": -1,
            "why": "",
            "next_at": None,
            "last_contact_at": None,
        }
    ]


def test_pages_come_worst_first(app: Flask, world: World, desk: Caller) -> None:
    with app.app_context():
        other = make_patient("Olga").id
    soon = prescribe(app, world, date(2026, 3, 1))
    late = prescribe(app, world, date(2026, 2, 1), other)
    pages = [desk.get("/board", page=number, page_size=1).get_json() for number in (1, 2, 3)]
    assert [[line["plan_id"] for line in page["items"]] for page in pages] == [[late], [soon], []]
    assert {page["total"] for page in pages} == {2}
