"""Moving, cancelling and repairing on screen without scripts: what is shown first, what is asked, what is done."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, Message
from tests.factories import World, make_appointment, make_patient
from tests.usecases.repairs.support import march, series
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
JSON = "application/json"
FRIDAY = {"on": "2026-03-13", "at": "10:00", "version": "1"}


@pytest.fixture
def plan_id(app: Flask, world: World) -> int:
    """Four weekly sessions, booked on Tuesdays at ten from 3 March on: appointments 1 to 4."""
    with app.app_context():
        return series(world, 3, 10, 17, 24)[0].id


def starts(app: Flask) -> list[str]:
    with app.app_context():
        rows = db.session.scalars(select(Appointment).order_by(Appointment.id))
        return [f"{row.starts_at:%d.%m.}" for row in rows if row.status == "booked"]


def text(answer: TestResponse) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(body).split())


def hidden(answer: TestResponse) -> dict[str, Any]:
    """The fields that the page's form carries."""
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text):
        fields.setdefault(name, []).append(html.unescape(value))
    return {name: values for name, values in fields.items() if name != "csrf_token"}


def test_a_move_that_breaks_windows_is_asked_about_first(app: Flask, desk: Browser, plan_id: int) -> None:
    asked = desk.post("/appointments/2/move", FRIDAY)
    assert asked.status_code == 409
    assert "Move session 2?" in text(asked)
    assert "10 days after the session before: too long, at most 9" in text(asked)
    assert "2 other sessions move too" in text(asked)
    assert starts(app) == ["03.03.", "10.03.", "17.03.", "24.03."]
    done = desk.post("/appointments/2/move-and-repair", hidden(asked))
    assert (done.status_code, done.location) == (303, "/diary?on=2026-03-13")
    assert starts(app)[1] == "13.03."
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(Message.kind == "series_changed")) == 1


def test_only_this_one_is_moved_when_that_is_chosen(app: Flask, desk: Browser, plan_id: int) -> None:
    desk.post("/appointments/2/move", FRIDAY)
    assert desk.post("/appointments/2/move", {**FRIDAY, "series": "only"}).status_code == 303
    assert starts(app) == ["03.03.", "13.03.", "17.03.", "24.03."]


def test_the_room_and_the_length_that_were_asked_for_outlast_the_question(
    app: Flask, world: World, desk: Browser, plan_id: int
) -> None:
    with app.app_context():
        kind = db.session.get_one(Appointment, 2).appointment_type
        kind.may_resize = True
        db.session.commit()
    other = world.room_ids[1]
    dropped = desk.post("/appointments/2/move", {**FRIDAY, "room_id": other, "minutes": "45"}, Accept=JSON)
    asked = desk.get(dropped.get_json()["panel"])
    desk.post("/appointments/2/move", {**hidden(asked), "series": "only"})
    with app.app_context():
        row = db.session.get_one(Appointment, 2)
        assert (row.starts_at.day, row.room_id) == (13, other)
        assert row.ends_at - row.starts_at == timedelta(minutes=45)


def test_the_length_that_was_asked_for_comes_with_the_repair(app: Flask, desk: Browser, plan_id: int) -> None:
    with app.app_context():
        db.session.get_one(Appointment, 2).appointment_type.may_resize = True
        db.session.commit()
    dropped = desk.post("/appointments/2/move", {**FRIDAY, "minutes": "45"}, Accept=JSON)
    asked = desk.get(dropped.get_json()["panel"])
    desk.post("/appointments/2/move-and-repair", hidden(asked))
    with app.app_context():
        lengths = [row.ends_at - row.starts_at for row in db.session.scalars(select(Appointment))]
        assert sorted(lengths) == [timedelta(minutes=minutes) for minutes in (30, 30, 30, 45)]


def test_a_script_is_told_where_to_ask(app: Flask, desk: Browser, plan_id: int) -> None:
    answer = desk.post("/appointments/2/move", FRIDAY, Accept=JSON)
    assert (answer.status_code, answer.get_json()) == (
        409,
        {
            "code": "breaks_windows",
            "sentence": "This would put 2 sessions of the series outside their windows.",
            "panel": "/appointments/2/move?on=2026-03-13&at=10:00",
        },
    )
    assert "Move session 2?" in text(desk.get(answer.get_json()["panel"], HX_Request="true"))
    inside = desk.post("/appointments/2/move", {**FRIDAY, "on": "2026-03-11"}, Accept=JSON)
    assert (inside.status_code, starts(app)[1]) == (200, "11.03.")


def test_what_cannot_be_is_refused_without_asking(
    app: Flask, world: World, desk: Browser, plan_id: int
) -> None:
    with app.app_context():
        make_appointment(world, march(13), patient_id=make_patient("Other").id)
    taken = desk.post("/appointments/2/move", FRIDAY, Accept=JSON)
    assert taken.get_json()["code"] == "slot_taken"
    stale = desk.post("/appointments/2/move", {**FRIDAY, "on": "2026-03-16", "version": "7"}, Accept=JSON)
    assert stale.get_json()["code"] == "stale_version"
    assert "already busy" in text(desk.get("/appointments/2/move?on=2026-03-13&at=10:00"))


def test_a_slot_taken_meanwhile_is_said_and_another_repair_is_shown(
    app: Flask, world: World, desk: Browser, plan_id: int
) -> None:
    asked = desk.post("/appointments/2/move", FRIDAY)
    last = hidden(asked)["change"][-1].split("|")
    with app.app_context():
        day = next(
            at for at in (march(n) for n in range(10, 31)) if abs(at.timestamp() - int(last[1])) < 86400
        )
        make_appointment(world, day, minutes=420, patient_id=make_patient("Other").id)
    again = desk.post("/appointments/2/move-and-repair", hidden(asked))
    assert again.status_code == 409
    assert f"Taken meanwhile: session {last[0]}." in text(again)
    assert hidden(again)["change"][-1].split("|") != last


def test_a_time_that_is_none_is_an_error_and_no_question(desk: Browser, plan_id: int) -> None:
    assert desk.post("/appointments/2/move", {**FRIDAY, "at": "noon"}).status_code == 422
    assert desk.post("/appointments/2/move-and-repair", {**FRIDAY, "at": "noon"}).status_code == 422
    assert desk.get("/appointments/2/move?on=2026-03-13").status_code == 422


def test_a_cancellation_shows_what_follows_and_finds_a_new_date(
    app: Flask, desk: Browser, plan_id: int
) -> None:
    assert 'href="/appointments/2/cancel"' in desk.get("/appointments/2").text
    page = desk.get("/appointments/2/cancel")
    assert "Cancel session 2?" in text(page)
    done = desk.post("/appointments/2/cancel-and-repair", {**hidden(page), "reason": "is ill"})
    assert done.status_code == 303
    assert starts(app) == ["03.03.", "09.03.", "17.03.", "24.03."]
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "plan_repaired")).one()
        assert entry.detail["reason"] == "is ill"


def test_a_cancellation_may_stay_one(app: Flask, desk: Browser, plan_id: int) -> None:
    page = desk.get("/appointments/2/cancel")
    desk.post("/appointments/2/cancel", {**hidden(page), "reason": "is ill"})
    assert starts(app) == ["03.03.", "17.03.", "24.03."]


def test_an_appointment_of_no_plan_is_cancelled_in_place(app: Flask, world: World, desk: Browser) -> None:
    with app.app_context():
        number = make_appointment(world, march(10)).id
    page = desk.get(f"/appointments/{number}")
    assert f'action="/appointments/{number}/cancel"' in page.text
    assert "Cancel the appointment?" in text(desk.get(f"/appointments/{number}/cancel"))


def test_the_plan_says_what_is_outside_and_is_repaired(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        plan_id = series(world, 3, 10, 23, 30)[0].id
    assert "Session 3 is booked outside its window." in text(desk.get(f"/plans/{plan_id}"))
    page = desk.get(f"/plans/{plan_id}/repair")
    assert "As it is now: 13 days after the session before: too long, at most 9" in text(page)
    assert desk.post(f"/plans/{plan_id}/repair", hidden(page)).location == f"/plans/{plan_id}"
    assert "outside" not in text(desk.get(f"/plans/{plan_id}"))
    assert "there is nothing to repair" in text(desk.get(f"/plans/{plan_id}/repair"))


def test_a_repair_that_is_out_of_date_is_shown_anew(app: Flask, desk: Browser, world: World) -> None:
    with app.app_context():
        plan_id = series(world, 3, 10, 23, 30)[0].id
    page = desk.get(f"/plans/{plan_id}/repair")
    stale = desk.post(f"/plans/{plan_id}/repair", {**hidden(page), "plan_version": "9"})
    assert (stale.status_code, hidden(stale)["plan_version"]) == (409, ["1"])
    unread = desk.post(f"/plans/{plan_id}/repair", {**hidden(page), "change": ["3|x|1|1"]})
    assert unread.status_code == 422


def test_looking_at_a_question_is_noted(app: Flask, desk: Browser, plan_id: int) -> None:
    for path in (
        "/appointments/2/move?on=2026-03-13&at=10:00",
        "/appointments/2/cancel",
        f"/plans/{plan_id}/repair",
    ):
        desk.get(path)
    with app.app_context():
        seen = select(func.count()).where(AuditEntry.action == "patient_viewed")
        assert db.session.scalar(seen) == 3
