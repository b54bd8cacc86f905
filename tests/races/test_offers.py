"""Answers to one offer that come at the same time: the slot is promised once, whoever is faster."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask

from scheduler.errors import SchedulerError
from scheduler.extensions import db
from scheduler.models import Appointment, Hold, Offer, OfferTurn
from scheduler.models.staff import Role
from scheduler.usecases.actors import Actor
from scheduler.usecases.appointments.changing import book_appointment
from scheduler.usecases.gaps.free_slots import rank_gap
from scheduler.usecases.offers.asking import Chosen, accept_turn, decline_turn, start_offer
from scheduler.usecases.offers.expiry import expire_offers
from tests.factories import NOW, RECEPTIONIST, World, make_world
from tests.usecases.gap_world import KEY, SLOT_AT, enter, slot_in

HOUR = timedelta(hours=1)
PATIENT = Actor("patient", 1, "by the link in the mail", Role.PRACTITIONER, "127.0.0.1")
ROUNDS = 5


def at_once(app: Flask, *deeds: Callable[[], Any]) -> list[str]:
    """Do all of it at the same time, each in a context of its own; "done" or the code of what was raised."""
    together = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> str:
        with app.app_context():
            together.wait(30)
            try:
                deed()
            except SchedulerError as error:
                return error.code
            finally:
                db.session.remove()
            return "done"

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(run, deeds))


@pytest.fixture
def offered(app: Flask) -> tuple[World, list[int]]:
    """The turns of a slot that is offered to two patients, the first of whom is asked."""
    with app.app_context():
        world = make_world()
        for name in ("Ann", "Bob"):
            enter(world, name)
        slot = slot_in(world)
        chosen = [Chosen(one.reason, one.number) for one in rank_gap(slot, now=NOW)]
        offer = start_offer(slot, chosen, minutes_each=60, actor=RECEPTIONIST, now=NOW, link_key=KEY)
        turns = [turn.id for turn in offer.turns]
        db.session.remove()
    return world, turns


def state(app: Flask) -> tuple[str, list[str], list[str], int]:
    """Status of the offer, of its turns and of what takes the slot, and how many holds there are."""
    with app.app_context():
        offer = db.session.query(Offer).one().status
        turns = [turn.status for turn in db.session.query(OfferTurn).order_by(OfferTurn.position)]
        rows = [row.status for row in db.session.query(Appointment)]
        return offer, turns, rows, db.session.query(Hold).count()


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_two_accepts_book_once(app: Flask, offered: tuple[World, list[int]], _round: int) -> None:
    turn = offered[1][0]
    deeds = [lambda: accept_turn(turn, actor=PATIENT, now=NOW, link_key=KEY)] * 3
    assert at_once(app, *deeds) == ["done"] * 3
    assert state(app) == ("taken", ["accepted", "passed_over"], ["booked"], 0)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_accepting_while_the_turn_runs_out_is_one_or_the_other(
    app: Flask, offered: tuple[World, list[int]], _round: int
) -> None:
    # The patient's clock is a second behind that of the job.
    turn, late = offered[1][0], NOW + HOUR
    answers = at_once(
        app,
        lambda: accept_turn(turn, actor=PATIENT, now=late - timedelta(seconds=1), link_key=KEY),
        lambda: expire_offers(now=late, link_key=KEY),
        lambda: expire_offers(now=late, link_key=KEY),
    )
    assert answers[1:] == ["done", "done"]
    if answers[0] == "done":
        assert state(app) == ("taken", ["accepted", "passed_over"], ["booked"], 0)
    else:
        assert answers[0] == "conflict"
        assert state(app) == ("open", ["expired", "asked"], ["held"], 1)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_accepting_and_declining_is_one_or_the_other(
    app: Flask, offered: tuple[World, list[int]], _round: int
) -> None:
    turn = offered[1][0]
    answers = at_once(
        app,
        lambda: accept_turn(turn, actor=PATIENT, now=NOW, link_key=KEY),
        lambda: decline_turn(turn, actor=PATIENT, now=NOW, link_key=KEY),
    )
    assert sorted(answers) == ["conflict", "done"]
    if answers[0] == "done":
        assert state(app) == ("taken", ["accepted", "passed_over"], ["booked"], 0)
    else:
        assert state(app) == ("open", ["declined", "asked"], ["held"], 1)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_the_slot_is_never_free_while_it_passes_on(
    app: Flask, offered: tuple[World, list[int]], _round: int
) -> None:
    world, late = offered[0], NOW + HOUR
    answers = at_once(
        app,
        lambda: expire_offers(now=late, link_key=KEY),
        *[
            lambda: book_appointment(
                patient_id=world.patient_id,
                practitioner_id=world.practitioner_id,
                appointment_type_id=world.needling_id,
                starts_at=SLOT_AT,
                actor=RECEPTIONIST,
                now=late,
            )
        ]
        * 3,
    )
    assert answers == ["done", *["slot_held"] * 3]
    assert state(app) == ("open", ["expired", "asked"], ["held"], 1)
