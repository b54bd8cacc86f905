"""A patient's phone, and what is stored of what they did with it."""

from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry
from scheduler.usecases.patient_side.links import issue_link
from tests.factories import RECEPTIONIST


class Phone:
    """A patient's browser: no cookies, no token, the link alone."""

    def __init__(self, app: Flask, secret: str) -> None:
        self.client = app.test_client()
        self.path = f"/p/{secret}"

    def get(self, rest: str = "") -> TestResponse:
        return self.client.get(self.path + rest)

    def post(self, rest: str, **form: Any) -> TestResponse:
        return self.client.post(self.path + rest, data=form)


def appointment(app: Flask, number: int) -> Appointment:
    with app.app_context():
        row = db.session.get_one(Appointment, number)
        db.session.refresh(row)
        db.session.expunge(row)
        return row


def deeds(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.scalars(select(AuditEntry).where(AuditEntry.actor_kind == "patient"))
        return [(row.action, row.actor_kind) for row in rows]


def page_of(app: Flask, patient_id: int) -> Phone:
    with app.app_context():
        key = app.config["SETTINGS"].secret_key
        return Phone(app, issue_link(patient_id, key=key, actor=RECEPTIONIST, now=clock.now()))
