"""Tasks over the API."""

from typing import Any

from tests.api.support import Caller
from tests.factories import World


def add(desk: Caller, world: World, **changes: Any) -> Any:
    return desk.post("/tasks", {"kind": "call", "patient_id": world.patient_id, "note": "Ring."} | changes)


def test_a_task_is_added_listed_and_done(world: World, desk: Caller) -> None:
    answer = add(desk, world)
    task = answer.get_json()
    assert answer.status_code == 201
    assert (task["kind"], task["note"], task["done_at"]) == ("call", "Ring.", None)
    assert desk.get("/tasks").get_json() == {"items": [task], "total": 1}
    first, second = (desk.post(f"/tasks/{task['id']}/done", None).get_json() for _ in range(2))
    assert first == second
    assert first["done_at"] == "2026-03-02T07:00:00Z"
    assert desk.get("/tasks").get_json()["total"] == 0
    done = desk.get("/tasks", state="done", patient_id=world.patient_id).get_json()
    assert done["items"] == [first]


def test_tasks_that_make_no_sense_are_refused(world: World, desk: Caller) -> None:
    assert add(desk, world, patient_id=99).status_code == 404
    assert add(desk, world, appointment_id=99).status_code == 422
    assert add(desk, world, kind="party").status_code == 422
    assert add(desk, world, note="").status_code == 422
    assert desk.post("/tasks/99/done", None).status_code == 404
