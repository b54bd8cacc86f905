"""Gaps, the waitlist and offers over REST: the whole way, what is refused, and who may."""

from typing import Any

import pytest
from flask import Flask

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import OfferTurn
from scheduler.models.staff import Role
from scheduler.usecases.appointments.changing import book_appointment, cancel_appointment
from scheduler.usecases.links import offer_secret
from tests.api.support import Caller, make_key, utc
from tests.factories import RECEPTIONIST, World, at, make_patient

SLOT = {"starts_at": utc(at(4, 10)), "ends_at": utc(at(4, 10, 30))}


def slot_of(world: World) -> dict[str, Any]:
    return {"practitioner_id": world.practitioner_id, "location_id": world.location_id, **SLOT}


def entry_of(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "patient_id": world.patient_id,
        "appointment_type_id": world.needling_id,
        "wanted_from": "2026-03-02",
        "wanted_until": "2026-03-20",
        **changes,
    }


def wait(desk: Caller, world: World, app: Flask, name: str) -> int:
    with app.app_context():
        patient_id = make_patient(name).id
    number: int = desk.post("/waitlist", entry_of(world, patient_id=patient_id)).get_json()["id"]
    return number


def offer(desk: Caller, world: World, *entries: int, **more: Any) -> Any:
    chosen = [{"reason": "waitlist", "number": number} for number in entries]
    return desk.post("/offers", {**slot_of(world), "candidates": chosen, "minutes_each": 60, **more})


def test_from_a_cancellation_over_the_ranking_to_an_accepted_offer(
    app: Flask, world: World, desk: Caller
) -> None:
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
    first, second = (wait(desk, world, app, name) for name in ("Ann", "Bob"))
    gaps = desk.get("/gaps", location_id=world.location_id, from_="2026-03-02", to="2026-03-08").get_json()
    (gap,) = gaps["items"]
    assert {name: gap[name] for name in slot_of(world)} == slot_of(world)
    ranked = desk.get("/gaps/ranking", **slot_of(world)).get_json()["candidates"]
    assert [(one["reason"], one["number"]) for one in ranked] == [("waitlist", first), ("waitlist", second)]
    assert ranked[0]["notes"] == [{"code": "waits", "text": "waiting since today"}]
    made = offer(desk, world, second, first)
    assert (made.status_code, made.location) == (201, "/api/v1/offers/1")
    turn, waiting = made.get_json()["turns"]
    assert [turn["waitlist_entry_id"], waiting["waitlist_entry_id"]] == [second, first]
    assert (turn["status"], waiting["status"]) == ("asked", "waiting")
    taken = desk.post("/offers/1/accept", {"turn_id": turn["id"]}).get_json()
    assert (taken["status"], [one["status"] for one in taken["turns"]]) == (
        "taken",
        ["accepted", "passed_over"],
    )
    booked = desk.get(f"/appointments/{taken['turns'][0]['booked_id']}").get_json()
    assert (booked["starts_at"], booked["status"]) == (SLOT["starts_at"], "booked")
    assert desk.get(f"/waitlist/{second}").get_json()["closed_why"] == "booked"


def test_declining_and_stopping(app: Flask, world: World, desk: Caller) -> None:
    numbers = [wait(desk, world, app, name) for name in ("Ann", "Bob")]
    turns = offer(desk, world, *numbers).get_json()["turns"]
    after = desk.post("/offers/1/decline", {"turn_id": turns[0]["id"]}).get_json()
    assert [one["status"] for one in after["turns"]] == ["declined", "asked"]
    stale = desk.post("/offers/1/stop", {"version": after["version"] + 1})
    assert (stale.status_code, stale.get_json()["code"]) == (409, "stale_version")
    stopped = desk.post("/offers/1/stop", {"version": after["version"]}).get_json()
    assert stopped["status"] == "stopped"
    late = desk.post("/offers/1/accept", {"turn_id": turns[1]["id"]})
    assert (late.status_code, late.get_json()["detail"]) == (409, "This offer was taken back.")


def test_no_secret_leaves_by_the_api(app: Flask, world: World, desk: Caller) -> None:
    made = offer(desk, world, wait(desk, world, app, "Ann"))
    with app.app_context():
        turn = db.session.get_one(OfferTurn, made.get_json()["turns"][0]["id"])
        secret = offer_secret(app.config["SETTINGS"].secret_key, turn.id, turn.asked_at)
    answers = [made.text, desk.get("/offers").text, desk.get("/offers/1").text]
    assert [word for word in (secret, "secret", "token") if word in "".join(answers)] == []


def test_the_chain_is_asked_for_without_keeping_anything(app: Flask, world: World, desk: Caller) -> None:
    number = wait(desk, world, app, "Ann")
    body = {**slot_of(world), "candidates": [{"reason": "waitlist", "number": number}]}
    (chain,) = desk.post("/offers/chain", body).get_json()["chains"]
    assert [link["candidate"]["patient"] for link in chain["links"]] == ["Ann Pain"]
    assert desk.get("/offers").get_json()["total"] == 0


def test_the_same_request_sent_twice_offers_once(app: Flask, world: World, desk: Caller) -> None:
    number = wait(desk, world, app, "Ann")
    body = {**slot_of(world), "candidates": [{"reason": "waitlist", "number": number}]}
    first, again = (desk.post("/offers", body, once="k1") for _ in range(2))
    assert (first.get_json()["id"], again.headers["Idempotent-Replayed"]) == (again.get_json()["id"], "true")


def test_an_entry_is_entered_listed_changed_and_closed(world: World, desk: Caller) -> None:
    wish = {"weekdays": [4, 2, 2], "from": "09:00", "until": "12:00", "urgency": "soon"}
    made = desk.post("/waitlist", entry_of(world, **wish))
    assert (made.status_code, made.location) == (201, "/api/v1/waitlist/1")
    entry = made.get_json()
    assert (entry["weekdays"], entry["from"], entry["until"]) == ([2, 4], "09:00", "12:00")
    changed = desk.patch("/waitlist/1", {"version": 1, "until": None, "urgency": "urgent"}).get_json()
    assert (changed["until"], changed["urgency"], changed["version"]) == (None, "urgent", 2)
    assert desk.patch("/waitlist/1", {"version": 1, "note": "x"}).status_code == 409
    assert [one["id"] for one in desk.get("/waitlist").get_json()["items"]] == [1]
    closed = desk.post("/waitlist/1/close", {"version": 2, "why": "withdrawn"}).get_json()
    assert closed["closed_why"] == "withdrawn"
    assert desk.get("/waitlist").get_json()["total"] == 0
    assert desk.get("/waitlist", which="closed", patient_id=world.patient_id).get_json()["total"] == 1
    assert desk.post("/waitlist/1/close", {"version": 3, "why": "booked"}).get_json()["code"] == "conflict"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"wanted_until": "2026-03-01"}, "wanted_until"),
        ({"from": "12:00", "until": "09:00"}, "until"),
        ({"urgency": "now"}, "urgency"),
        ({"weekdays": [7]}, "weekdays.0"),
        ({"wanted_from": "soon"}, "wanted_from"),
        ({"until": "25:00"}, "until"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_by_field(
    world: World, desk: Caller, changes: dict[str, Any], field: str
) -> None:
    refused = desk.post("/waitlist", entry_of(world, **changes))
    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, [field])


def test_offers_that_make_no_sense_are_refused(app: Flask, world: World, desk: Caller) -> None:
    number = wait(desk, world, app, "Ann")
    assert offer(desk, world).status_code == 422
    assert offer(desk, world, number, minutes_each=4).status_code == 422
    assert offer(desk, world, number, number).status_code == 422
    assert offer(desk, world, number, starts_at=utc(at(1, 10))).status_code == 422
    assert offer(desk, world, number, practitioner_id=99).status_code == 404
    assert offer(desk, world, number + 1).status_code == 409
    assert offer(desk, world, number).status_code == 201
    assert offer(desk, world, number).get_json()["code"] == "conflict"
    assert desk.post("/offers/1/accept", {"turn_id": 99}).status_code == 404


def test_only_the_desk_enters_offers_and_answers(app: Flask, world: World) -> None:
    practitioner = Caller(app, make_key(app, Role.PRACTITIONER))
    assert practitioner.get("/waitlist").status_code == 200
    assert practitioner.get("/offers").status_code == 200
    refused = [
        practitioner.post("/waitlist", entry_of(world)),
        practitioner.patch("/waitlist/1", {"version": 1}),
        practitioner.post("/offers", slot_of(world)),
        practitioner.post("/offers/1/accept", {"turn_id": 1}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4


def test_a_gap_is_booked_at_once_for_who_is_on_the_phone(app: Flask, world: World, desk: Caller) -> None:
    number = wait(desk, world, app, "Ann")
    body = {**slot_of(world), "candidate": {"reason": "waitlist", "number": number}}
    made, again = (desk.post("/gaps/bookings", body, once="ann") for _ in range(2))
    assert (made.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.get_json() == made.get_json()
    (turn,) = made.get_json()["turns"]
    booked = desk.get(f"/appointments/{turn['booked_id']}").get_json()
    assert (booked["starts_at"], booked["patient_id"]) == (SLOT["starts_at"], turn["patient_id"])
    assert desk.get(f"/waitlist/{number}").get_json()["closed_why"] == "booked"
    taken = desk.post("/gaps/bookings", body)
    assert (taken.status_code, taken.get_json()["code"]) == (409, "conflict")
