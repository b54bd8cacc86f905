"""Cancelling and every other change of status: which are legal, what they free, and what calendars hear."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import IllegalTransition, InvalidInput, SlotTaken, StaleVersion
from scheduler.extensions import db
from scheduler.models import FeedToken
from scheduler.usecases.appointments.changing import (
    LEGAL_MOVES,
    cancel_appointment,
    change_status,
    move_appointment,
)
from scheduler.usecases.feeds.tokens import issue_feed_token
from tests.conftest import empty_database
from tests.factories import NOW, RECEPTIONIST, at, make_appointment, make_patient, make_world
from tests.usecases.appointments.support import book, message_states


@pytest.mark.parametrize("change", [move_appointment, cancel_appointment, change_status])
def test_stale_version_is_refused_with_the_present_state(context: Flask, change: Any) -> None:
    booked = book(make_world(), at(10))
    move_appointment(booked.id, version=1, starts_at=at(11), actor=RECEPTIONIST, now=NOW)
    extra = {"status": "arrived"} if change is change_status else {}
    with pytest.raises(StaleVersion) as caught:
        change(booked.id, version=1, actor=RECEPTIONIST, now=NOW, **extra)
    current: Any = caught.value.details["current"]
    assert (current["version"], current["starts_at"]) == (2, "2026-03-11T09:00:00Z")


def test_cancelling_frees_the_slot_and_withdraws_what_is_unsent(context: Flask) -> None:
    world = make_world()
    booked = book(world, at(10))
    cancelled = cancel_appointment(booked.id, version=1, reason="flu", actor=RECEPTIONIST, now=NOW)
    assert (cancelled.status, cancelled.cancel_reason, cancelled.sequence) == ("cancelled", "flu", 1)
    assert [state for kind, state in message_states() if kind == "reminder"] == ["cancelled", "cancelled"]
    assert book(world, at(10)).status == "booked"


def test_every_illegal_change_of_status_is_refused(context: Flask) -> None:
    world = make_world()
    day = 9
    for status, allowed in LEGAL_MOVES.items():
        for target in set(LEGAL_MOVES) - allowed - {status}:
            row = make_appointment(world, at(day), uid=f"{status}-{target}", status=status.value)
            with pytest.raises(IllegalTransition):
                change_status(row.id, version=1, status=str(target), actor=RECEPTIONIST, now=NOW)
            db.session.delete(row)
            db.session.commit()


def test_every_legal_change_of_status_works(context: Flask) -> None:
    world = make_world()
    for status, allowed in LEGAL_MOVES.items():
        for target in allowed:
            row = make_appointment(world, at(9), uid=f"{status}-{target}", status=status.value)
            assert (
                change_status(row.id, version=1, status=str(target), actor=RECEPTIONIST, now=NOW).status
                == target
            )
            empty_database()
            db.session.remove()
            world = make_world()


def test_no_show_cannot_come_back_to_a_slot_given_away(context: Flask) -> None:
    world = make_world()
    booked = book(world, at(10))
    gone = change_status(booked.id, version=1, status="no_show", actor=RECEPTIONIST, now=NOW)
    book(world, at(10), patient_id=make_patient("Other").id)
    with pytest.raises(SlotTaken):
        change_status(booked.id, version=gone.version, status="arrived", actor=RECEPTIONIST, now=NOW)


def test_calendars_hear_of_what_they_show_only(context: Flask) -> None:
    world = make_world()
    token = issue_feed_token(patient_id=world.patient_id, actor=RECEPTIONIST, now=NOW)

    def revision() -> int | None:
        db.session.expire_all()
        return db.session.scalar(select(FeedToken.revision).where(FeedToken.id == token.id))

    booked = book(world, at(10))
    assert revision() == 1
    change_status(booked.id, version=1, status="confirmed", actor=RECEPTIONIST, now=NOW)
    change_status(booked.id, version=2, status="no_show", actor=RECEPTIONIST, now=NOW)
    change_status(booked.id, version=3, status="booked", actor=RECEPTIONIST, now=NOW)
    assert revision() == 1
    move_appointment(booked.id, version=4, starts_at=at(11), actor=RECEPTIONIST, now=NOW)
    assert revision() == 2
    cancel_appointment(booked.id, version=5, actor=RECEPTIONIST, now=NOW)
    assert revision() == 3


def test_unknown_status_is_refused(context: Flask) -> None:
    booked = book(make_world(), at(10))
    with pytest.raises(InvalidInput):
        change_status(booked.id, version=1, status="vanished", actor=RECEPTIONIST, now=NOW)
