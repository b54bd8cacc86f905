"""Whatever is booked and whoever is away: every proposal can be carried out, and no session is lost by it."""

import random
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import combinations

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, Message, PlannedSession, TimeOff
from scheduler.models.appointments import INACTIVE
from scheduler.usecases.absences.displacement import Displacement, list_displaced, preview_absence
from scheduler.usecases.absences.displacement_question import Others
from scheduler.usecases.absences.entering import Absence, add_time_off, remove_time_off
from scheduler.usecases.absences.rehousing import Choice, Target, batch_of, carry_out
from scheduler.usecases.absences.times import WallTime
from scheduler.usecases.plans.prescribing import PhaseWish, get_plan, prescribe_plan
from scheduler.usecases.series.placement import place_plan
from scheduler.usecases.series.proposals import propose_series
from tests.factories import NOW, RECEPTIONIST, World, make_patient, make_practitioner, make_world
from tests.usecases.plans.support import chosen

MONDAY = date(2026, 3, 2)
COURSES = (PhaseWish(4, 2, 3, 5), PhaseWish(3, 5, 7, 9), PhaseWish(2, 0, 7, 14))
ABSENCES = 4


class Clinic:
    """Three practitioners, two rooms, ten patients with plans placed as the system proposed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.world: World = make_world()
        self.people = [self.world.practitioner_id]
        for name in ("Nina", "Olga"):
            self.people.append(make_practitioner(self.world.location_id, given_name=name).id)
        self.away = [(who, MONDAY, MONDAY) for who in self.people]
        # The first is no absence: it makes the search for one begin.
        self.plans = dict(self._plan(number) for number in range(10))

    def _plan(self, number: int) -> tuple[int, int]:
        """A plan and how many sessions it has."""
        course = self.random.choice(COURSES)
        plan = prescribe_plan(
            patient_id=make_patient("Ann", str(number)).id,
            practitioner_id=self.random.choice(self.people),
            starts_on=MONDAY + timedelta(days=self.random.randrange(5)),
            phases=[course],
            actor=RECEPTIONIST,
            now=NOW,
        )
        best = propose_series(plan.id, now=NOW)[0]
        place_plan(plan.id, sessions=chosen(best.sessions), actor=RECEPTIONIST, now=NOW)
        return plan.id, course.sessions

    def absence(self) -> Absence:
        """Somebody is away for one to five days."""
        who, first, last = self.random.choice(self.people), MONDAY, MONDAY
        while any(one == who and begins <= first <= last <= ends for one, begins, ends in self.away):
            first = MONDAY + timedelta(days=self.random.randrange(14))
            last = first + timedelta(days=self.random.randrange(5))
        self.away.append((who, first, last))
        ends = (WallTime(first), WallTime(last))
        before = preview_absence(
            practitioner_id=who, starts=ends[0], until=ends[1], others=Others.ANYONE, now=NOW
        )
        made = add_time_off(who, *ends, actor=RECEPTIONIST, now=NOW)
        after = self.displaced(made)
        assert [(line.appointment.id, line.slot) for line in before.lines] == [
            (line.appointment.id, line.slot) for line in after.lines
        ]
        return made

    def displaced(self, absence: Absence) -> Displacement:
        assert absence.id is not None
        return list_displaced(absence.kind, absence.id, others=Others.ANYONE, now=NOW)

    def choices(self, found: Displacement) -> list[Choice]:
        """Every proposal as it stands; what has none is released or left."""
        picked = []
        for line in found.lines:
            slot = line.slot
            if slot is not None:
                target = Target(
                    slot.starts_at, slot.practitioner_id, slot.location_id, slot.room_id, or_any_room=True
                )
                picked.append(Choice(line.appointment.id, line.appointment.version, target))
            elif self.random.random() < 0.5:
                picked.append(Choice(line.appointment.id, line.appointment.version, None))
        return picked


def active() -> list[Appointment]:
    return list(db.session.scalars(select(Appointment).where(Appointment.status.not_in(INACTIVE))))


def assert_sound() -> None:
    """Nothing overlaps, and each session has just the appointment that its status says."""
    rows = active()
    for one, other in combinations(rows, 2):
        apart = one.ends_at <= other.starts_at or other.ends_at <= one.starts_at
        for what in ("patient_id", "practitioner_id", "room_id"):
            assert apart or getattr(one, what) != getattr(other, what)
    filled = {row.planned_session_id for row in rows}
    for planned in db.session.scalars(select(PlannedSession)):
        assert planned.status == ("placed" if planned.id in filled else "to_place")


def assert_told_once(absence: Absence, moved: set[int]) -> None:
    """Each patient of whom something moved has one mail of this absence, with the dates as they are now."""
    told = db.session.scalars(
        select(Message).where(Message.batch == batch_of(absence), Message.state == "due")
    ).all()
    assert max(Counter(row.patient_id for row in told).values(), default=0) <= 1
    now_at: dict[int, datetime] = {row.id: row.starts_at for row in active()}
    items = {item.appointment_id: item.starts_at for row in told for item in row.items}
    assert {number: now_at[number] for number in items} == items
    assert set(items) == moved


@pytest.mark.parametrize("seed", range(4))
def test_every_proposal_can_be_carried_out_and_no_session_is_lost(context: Flask, seed: int) -> None:
    clinic = Clinic(seed)
    for _ in range(ABSENCES):
        db.session.expire_all()
        absence = clinic.absence()
        choices = clinic.choices(clinic.displaced(absence))
        outcomes = carry_out(choices, batch=batch_of(absence), actor=RECEPTIONIST, now=NOW)
        assert [outcome.state for outcome in outcomes] == [
            "moved" if choice.target else "released" for choice in choices
        ]
        db.session.expire_all()
        assert_sound()
        assert_told_once(absence, {choice.appointment_id for choice in choices if choice.target})
        away = db.session.scalars(select(TimeOff)).all()
        moved = {choice.appointment_id for choice in choices if choice.target}
        for row in active():
            hours = [
                (gap.starts_at, gap.ends_at) for gap in away if gap.practitioner_id == row.practitioner_id
            ]
            inside = any(row.starts_at < ends and row.ends_at > starts for starts, ends in hours)
            assert not (row.id in moved and inside)
        if clinic.random.random() < 0.3:
            remove_time_off(absence.id or 0, actor=RECEPTIONIST, now=NOW)
    assert {plan_id: len(get_plan(plan_id).lines) for plan_id in clinic.plans} == clinic.plans
