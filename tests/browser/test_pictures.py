"""The pictures of README and docs, taken from the demo clinic by `make pictures`."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, Patient, PlannedSession, SessionStatus, TreatmentPlan
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.demo.invent import invent_demo
from scheduler.usecases.demo.load import load_demo
from scheduler.usecases.demo.size import DemoSize
from scheduler.usecases.patient_side.links import issue_link
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
            key = app.config["SETTINGS"].secret_key
            secret = issue_link(patient_in_treatment(), key=key, actor=COMMAND, now=PRESENT)
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
            for theme in ("light", "dark"):
                phone = chromium.new_page(
                    base_url=address, viewport={"width": 390, "height": 1100}, color_scheme=theme
                )
                phone.goto(f"/p/{secret}")
                expect(phone.get_by_role("heading", name="How are you?")).to_be_visible()
                take(phone, f"patient-page-{theme}.png")
                phone.close()


def take(page: Page, name: str) -> None:
    """What the window shows, as a file."""
    target = Path(FOLDER) / name
    page.screenshot(path=target, animations="disabled", caret="hide")
    assert target.stat().st_size > 10_000


def patient_in_treatment() -> int:
    """Who comes tomorrow, several times more after that, and is asked how they are."""
    coming = (Appointment.starts_at > PRESENT, Appointment.status.in_(("booked", "confirmed")))
    soon = select(Appointment.patient_id).where(
        *coming,
        Appointment.starts_at.between(PRESENT + timedelta(hours=25), PRESENT + timedelta(hours=34)),
        Appointment.status == "booked",
    )
    query = (
        select(Appointment.patient_id)
        .join(PlannedSession, PlannedSession.id == Appointment.planned_session_id)
        .join(TreatmentPlan, TreatmentPlan.id == PlannedSession.plan_id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            *coming,
            func.coalesce(Patient.locale, "en") == "en",
            Appointment.patient_id.in_(soon),
            TreatmentPlan.status == "active",
            TreatmentPlan.questionnaire.is_(None),
        )
        .group_by(Appointment.patient_id)
        .order_by(func.count().desc(), Appointment.patient_id)
    )
    return db.session.scalars(query.limit(1)).one()


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
