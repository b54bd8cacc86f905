"""Appointment types and protocols: added, changed, archived."""

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import AppointmentType, Protocol
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import load_shipped_protocols
from scheduler.usecases.plans.prescribing import prescribe_plan
from tests.factories import NOW, World, save
from tests.web.browser import Browser
from tests.web.settings.support import send, stored

pytestmark = pytest.mark.usefixtures("monday")


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
    assert admin.get("/clinic/protocols/1").location == "/clinic/protocols"
    assert "is archived. Bring it back to change it." in admin.get("/clinic/protocols").text
