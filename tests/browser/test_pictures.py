"""The pictures of README and docs, taken from the demo clinic by `make pictures`."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import PlannedSession, SessionStatus, TreatmentPlan
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.demo.invent import invent_demo
from scheduler.usecases.demo.load import load_demo
from scheduler.usecases.demo.size import DemoSize
from tests.browser.conftest import served, sign_in
from tests.factories import PASSWORD

FOLDER = os.environ.get("PICTURES", "")
PRESENT = datetime(2026, 11, 23, 10, 20, tzinfo=UTC)
"""A Monday, 11:20 in Berlin: the same demo clinic each time."""
pytestmark = pytest.mark.skipif(not FOLDER, reason="pictures are taken by make pictures")


def test_pictures_of_the_demo_clinic(app: Flask, chromium: Browser) -> None:
    with time_machine.travel(PRESENT):
        with app.app_context():
            demo = invent_demo(DemoSize(), now=PRESENT)
            load_demo(demo, password=PASSWORD, actor=COMMAND, now=PRESENT)
            plan_id = longest_plan_to_place()
        with served(app) as address:
            context = chromium.new_context(
                base_url=address,
                viewport={"width": 1280, "height": 800},
                timezone_id="Europe/Berlin",
                locale="en-GB",
                reduced_motion="reduce",
            )
            page = context.new_page()
            sign_in(page)
            page.goto("/diary")
            expect(page.locator(".ec-bg-event.now").first).to_be_visible()
            take(page, "diary.png")
            page.goto(f"/plans/{plan_id}/place")
            expect(page.get_by_role("button", name="Place this series").first).to_be_visible()
            take(page, "proposals.png")
            context.close()


def take(page: Page, name: str) -> None:
    """What the window shows, as a file."""
    target = Path(FOLDER) / name
    page.screenshot(path=target, animations="disabled", caret="hide")
    assert target.stat().st_size > 10_000


def longest_plan_to_place() -> int:
    """An active plan none of whose sessions are placed, with as many sessions as there are."""
    waiting = func.sum(PlannedSession.status == SessionStatus.TO_PLACE.value)
    query = (
        select(TreatmentPlan.id)
        .join(PlannedSession, PlannedSession.plan_id == TreatmentPlan.id)
        .where(TreatmentPlan.status.in_(("active", "draft")))
        .group_by(TreatmentPlan.id)
        .having(waiting == func.count())
        .order_by(func.count().desc(), TreatmentPlan.id)
    )
    return db.session.scalars(query.limit(1)).one()
