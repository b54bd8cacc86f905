"""A patient who is put away while something is begun for them: whoever begins it waits, and looks again."""

from collections.abc import Callable, Iterable
from datetime import date
from threading import Thread
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput
from scheduler.extensions import db
from scheduler.models import Appointment, TreatmentPlan, WaitlistEntry
from scheduler.transaction import lock_resources
from scheduler.usecases.appointments import changing
from scheduler.usecases.gaps import waitlist
from scheduler.usecases.offers import asking, turns
from scheduler.usecases.patients.archive import archive_patient
from scheduler.usecases.plans import prescribing
from tests.factories import NOW, RECEPTIONIST, World, at, make_world
from tests.usecases.offers.support import answer, offer_to_all

Deed = Callable[[World], object]


def book(world: World) -> None:
    changing.book_appointment(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        appointment_type_id=world.needling_id,
        starts_at=at(4),
        actor=RECEPTIONIST,
        now=NOW,
    )


def prescribe(world: World) -> None:
    prescribing.prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=date(2026, 3, 3),
        phases=[prescribing.PhaseWish(1, 0, 0, 0)],
        actor=RECEPTIONIST,
        now=NOW,
    )


def wait(world: World) -> None:
    wish = waitlist.EntryWish(world.needling_id, date(2026, 3, 3), date(2026, 3, 31))
    waitlist.add_to_waitlist(world.patient_id, wish, actor=RECEPTIONIST, now=NOW)


def after_archiving(app: Flask, world: World) -> Callable[[Any, Iterable[tuple[str, int]]], None]:
    """Somebody else puts the patient away just before the lock. SQLite has one writer at a time anyway."""

    def put_away() -> None:
        with app.app_context():
            archive_patient(world.patient_id, version=1, actor=RECEPTIONIST, now=NOW)
            db.session.remove()

    def slower(session: Any, resources: Iterable[tuple[str, int]]) -> None:
        other = Thread(target=put_away)
        other.start()
        other.join()
        lock_resources(session, resources)

    return slower


BEGUN = (Appointment, TreatmentPlan, WaitlistEntry)
DEEDS = [(changing, book), (prescribing, prescribe), (waitlist, wait)]


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("module", "deed"), DEEDS)
def test_nothing_is_begun_for_who_was_put_away_meanwhile(
    app: Flask, monkeypatch: pytest.MonkeyPatch, module: ModuleType, deed: Deed
) -> None:
    with app.app_context():
        world = make_world()
        monkeypatch.setattr(module, "lock_resources", after_archiving(app, world))
        with pytest.raises(InvalidInput):
            deed(world)
        assert [list(db.session.scalars(select(model))) for model in BEGUN] == [[], [], []]


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_no_offer_is_accepted_for_who_was_put_away_meanwhile(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        world = make_world()
        wait(world)
        (turn,) = offer_to_all(world).turns
        monkeypatch.setattr(turns, "lock_resources", after_archiving(app, world))
        with pytest.raises(InvalidInput):
            answer(asking.accept_turn, turn)
        assert db.session.scalars(select(Appointment).where(Appointment.status != "held")).all() == []
