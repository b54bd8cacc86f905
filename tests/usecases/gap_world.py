"""A small clinic with a free slot that several people want."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from scheduler.extensions import db
from scheduler.models import Appointment, OfferTurn, PlannedSession, WaitlistEntry
from scheduler.usecases.gaps.ranking import Slot
from scheduler.usecases.gaps.waitlist import EntryWish, add_to_waitlist
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_patient

KEY = "a secret that only these tests know"
SLOT_AT = at(4, 10)
"""Wednesday."""


def slot_in(world: World, starts_at: datetime = SLOT_AT, minutes: int = 30) -> Slot:
    """A free half hour of the practitioner."""
    return Slot(world.practitioner_id, world.location_id, starts_at, starts_at + timedelta(minutes=minutes))


def make_plan(
    world: World,
    name: str,
    *,
    starts_on: date = date(2026, 3, 2),
    placed: tuple[datetime, ...] = (),
    sessions: int = 3,
    cadence: tuple[int, int, int] = (5, 7, 10),
    **preferences: object,
) -> int:
    """An active plan of a new patient whose first sessions are booked at these times."""
    patient = make_patient(name)
    plan = prescribe_plan(
        patient_id=patient.id,
        practitioner_id=world.practitioner_id,
        starts_on=starts_on,
        phases=[PhaseWish(sessions, *cadence)],
        preferences=preferences or None,
        actor=RECEPTIONIST,
        now=NOW,
    )
    if placed:
        place_plan(
            plan.id,
            sessions=[
                ChosenSlot(number, starts_at, world.practitioner_id)
                for number, starts_at in enumerate(placed, start=1)
            ],
            override_reason="as it was",
            actor=RECEPTIONIST,
            now=NOW,
        )
    return plan.id


def wish_for(world: World, **changes: object) -> EntryWish:
    """Needling within the next four weeks."""
    usual = EntryWish(world.needling_id, NOW.date(), NOW.date() + timedelta(days=28))
    return replace(usual, **changes)  # type: ignore[arg-type]


def enter(world: World, name: str, *, now: datetime = NOW, **changes: object) -> WaitlistEntry:
    """An entry of a new patient on the waitlist."""
    return add_to_waitlist(make_patient(name).id, wish_for(world, **changes), actor=RECEPTIONIST, now=now)


def sessions_of(plan_id: int) -> list[PlannedSession]:
    """A plan's sessions in order."""
    rows = db.session.query(PlannedSession).filter_by(plan_id=plan_id)
    return list(rows.order_by(PlannedSession.number).populate_existing())


def fresh(turn: OfferTurn) -> OfferTurn:
    """A turn as it is in the database now."""
    db.session.expire_all()
    return db.session.get_one(OfferTurn, turn.id)


def active() -> list[Appointment]:
    """Everything that takes a slot, held ones included, by start."""
    db.session.expire_all()
    rows = db.session.query(Appointment).filter(Appointment.status.not_in(["cancelled", "no_show"]))
    return list(rows.order_by(Appointment.starts_at, Appointment.id))
