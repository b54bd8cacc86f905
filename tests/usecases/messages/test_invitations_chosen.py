"""Whoever chooses invitations gets those of the dates that are booked already, once."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Message, Patient
from scheduler.usecases.messages.claims import claim_messages
from scheduler.usecases.patients.registry import change_patient, read_details
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_world


@pytest.fixture
def world(context: Flask) -> World:
    """Two dates ahead, one that is cancelled and one that is over."""
    world = make_world()
    for starts_at, status in (
        (at(3), "booked"),
        (at(4), "cancelled"),
        (at(5), "confirmed"),
        (NOW - timedelta(days=1), "booked"),
    ):
        make_appointment(world, starts_at, status=status)
    return world


def choose(world: World, now: datetime = NOW, **choice: Any) -> None:
    patient = db.session.get_one(Patient, world.patient_id)
    details = replace(read_details(world.patient_id), **choice)
    change_patient(world.patient_id, details, version=patient.version, actor=RECEPTIONIST, now=now)


def owed() -> list[tuple[str, datetime]]:
    db.session.rollback()
    return [(row.kind, row.due_at) for row in db.session.scalars(select(Message).order_by(Message.id))]


def test_all_dates_ahead_come_in_one_mail(world: World) -> None:
    choose(world, wants_invitations=True)
    assert owed() == [("series_confirmation", NOW)]
    (letter,) = claim_messages(limit=10, now=NOW).letters
    assert letter.wants_invitations
    assert [visit.starts_at for visit in letter.visits] == [at(3), at(5)]


def test_they_come_once_for_each_time_that_they_are_chosen(world: World) -> None:
    choose(world, wants_invitations=True)
    choose(world, phone="+49 30 1")
    assert len(owed()) == 1
    choose(world, wants_invitations=False)
    assert len(owed()) == 1
    later = NOW + timedelta(hours=1)
    choose(world, now=later, wants_invitations=True)
    assert owed() == [("series_confirmation", NOW), ("series_confirmation", later)]


def test_nothing_is_owed_where_nothing_is_ahead(world: World) -> None:
    choose(world, now=at(6), wants_invitations=True)
    assert owed() == []
