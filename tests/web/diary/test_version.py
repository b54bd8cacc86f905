"""What the diary asks again and again: whether anything in its days has changed."""

import pytest
from flask import Flask

from scheduler.usecases.absences.entering import add_closure, add_time_off
from scheduler.usecases.appointments.changing import change_status
from scheduler.usecases.tasks import add_task, finish_task
from tests.factories import NOW, RECEPTIONIST, World, at
from tests.query_counter import count_queries
from tests.web.browser import Browser
from tests.web.diary.support import book
from tests.web.drawn import drawn

pytestmark = pytest.mark.usefixtures("monday")


def version(desk: Browser, query: str = "on=2026-03-03") -> str:
    answer = desk.get(f"/diary/version?{query}")
    assert answer.status_code == 200
    return answer.headers["ETag"]


def test_nothing_new_is_answered_with_304(app: Flask, desk: Browser, world: World) -> None:
    book(app, world, at(3))
    known = version(desk)
    again = desk.get("/diary/version?on=2026-03-03", If_None_Match=known)
    assert (again.status_code, again.data) == (304, b"")


def test_asking_whether_anything_is_new_reads_who_asks_and_the_version_alone(
    app: Flask, desk: Browser, world: World
) -> None:
    known = version(desk)
    with app.app_context(), count_queries() as counter:
        desk.get("/diary/version?on=2026-03-03", If_None_Match=known)
    assert counter.total == 2


def test_whatever_changes_in_these_days_changes_the_version(app: Flask, desk: Browser, world: World) -> None:
    seen = [version(desk)]
    number = book(app, world, at(3))
    seen.append(version(desk))
    with app.app_context():
        change_status(number, version=1, status="confirmed", actor=RECEPTIONIST, now=NOW)
    seen.append(version(desk))
    with app.app_context():
        add_time_off(world.practitioner_id, at(3, 12), at(3, 14), actor=RECEPTIONIST, now=NOW)
    seen.append(version(desk))
    with app.app_context():
        add_closure(world.location_id, at(3, 16), at(3, 17), actor=RECEPTIONIST, now=NOW)
    seen.append(version(desk))
    with app.app_context():
        task = add_task(
            kind="call", patient_id=world.patient_id, note="Call back.", actor=RECEPTIONIST, now=NOW
        )
    seen.append(version(desk))
    with app.app_context():
        finish_task(task.id, actor=RECEPTIONIST, now=NOW)
    seen.append(version(desk))
    assert len(set(seen)) == len(seen)
    assert version(desk) == seen[-1] == f'"{drawn(desk, "on=2026-03-03")["version"]}"'
    book(app, world, at(24))
    assert version(desk) == seen[-1]
