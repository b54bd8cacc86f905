"""What goes on at the demo clinic as it is opened: every scene is played through the use cases of the desk itself.

A scene for which this clinic has nobody, or that a rule forbids, is left out. The mails that scenes owe are due at
once; all addresses end in .example, which no mail server delivers to.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from scheduler.errors import SchedulerError
from scheduler.models import Location, PlannedSession, Role, Room, SessionStatus, Staff, TreatmentPlan
from scheduler.models.plans import PlanStatus
from scheduler.transaction import reading
from scheduler.usecases.absences.entering import add_closure, add_time_off
from scheduler.usecases.absences.times import WallTime
from scheduler.usecases.actors import Actor
from scheduler.usecases.demo.callers import CALLS, Call, booked_ahead
from scheduler.usecases.demo.private import read_private_calendars
from scheduler.usecases.demo.words import clinic_data
from scheduler.usecases.gaps.free_slots import Gap, list_gaps, rank_gap
from scheduler.usecases.gaps.ranking import Slot
from scheduler.usecases.offers.asking import Chosen, accept_turn, decline_turn, patient_actor, start_offer
from scheduler.usecases.offers.turns import ASKED
from scheduler.usecases.series.holds import hold_slots
from scheduler.usecases.series.placement import ChosenSlot
from scheduler.usecases.series.proposals import propose_series

HOLD_MINUTES = 60
ASKED_AT_MOST = 4
"""So many are asked about one slot."""
SHUT_FROM, SHUT_UNTIL = 9, 12
"""A room is out of use from so many days ahead on, up to and including that one."""
SOURCE = "demo"


def play_morning(
    *,
    example_patient_id: int,
    link_key: str,
    now: datetime,
    progress: Callable[[float], None] = lambda _: None,
) -> list[str]:
    """Play every scene in a freshly loaded demo clinic; the names of those that took place.

    ``link_key`` is the service's own secret, from which the links in mails follow.
    """
    call = _call(example_patient_id, link_key, now)
    scenes = (*CALLS, offer_gaps, hold_a_series, go_away, shut_a_room, read_private_calendars)
    played = []
    for number, scene in enumerate(scenes, start=1):
        with suppress(SchedulerError):  # a rule forbids it in this clinic: the morning goes on without it
            if scene(call):
                played.append(scene.__name__)
        progress(number / len(scenes))
    return played


@reading
def _call(session: Session, example_patient_id: int, link_key: str, now: datetime) -> Call:
    person = session.scalars(
        select(Staff).where(Staff.role == Role.RECEPTION.value).order_by(Staff.id)
    ).first()
    desk = Actor(
        "staff", person.id if person else None, person.name if person else "", Role.RECEPTION, SOURCE
    )
    zone = ZoneInfo(str(clinic_data().facts["zone"]))
    return Call(desk, zone, now, link_key, example_patient_id)


@dataclass(frozen=True, slots=True)
class _Play:
    """How an offer went so far: how long ago it began, and what the first patient answered."""

    minutes_ago: int
    answer: str


PLAYS = (_Play(25, ""), _Play(50, "declined"), _Play(70, "accepted"))


def offer_gaps(call: Call) -> bool:
    """One slot waits for its first answer, one was declined and goes to the next, one is taken."""
    plays = list(PLAYS)
    for gap in _gaps(call):
        if not plays:
            break
        slot = Slot(gap.practitioner_id, gap.location_id, gap.starts_at, gap.ends_at)
        chosen = [
            Chosen(one.reason, one.number)
            for one in rank_gap(slot, now=call.now)
            if one.has_address and one.patient_id != call.example
        ][:ASKED_AT_MOST]
        if not chosen:
            continue
        with suppress(SchedulerError):  # just after midnight, what is ranked for today was none an hour ago
            _play_offer(call, slot, chosen, plays[0])
            plays.pop(0)
    return len(plays) < len(PLAYS)


def _gaps(call: Call) -> list[Gap]:
    """What is free again in the next days, at all locations; the farthest first, which has most candidates."""
    first, last = call.today + timedelta(days=1), call.today + timedelta(days=10)
    found = [
        gap
        for place in _locations()
        for gap in list_gaps(location_id=place, from_on=first, to_on=last, now=call.now)
    ]
    return sorted(found, key=lambda gap: (gap.starts_at, gap.practitioner_id), reverse=True)


def _play_offer(call: Call, slot: Slot, chosen: list[Chosen], play: _Play) -> None:
    begun = call.now - timedelta(minutes=play.minutes_ago)
    offer = start_offer(slot, chosen, actor=call.desk, now=begun, link_key=call.link_key)
    turn = next((turn for turn in offer.turns if turn.status == ASKED), None)
    if turn is None or not play.answer:
        return
    answer = accept_turn if play.answer == "accepted" else decline_turn
    patient = patient_actor(turn.patient_id, SOURCE)
    answer(turn.id, actor=patient, now=call.now - timedelta(minutes=15), link_key=call.link_key)


@reading
def _locations(session: Session) -> list[int]:
    return list(
        session.scalars(select(Location.id).where(Location.archived_at.is_(None)).order_by(Location.id))
    )


def hold_a_series(call: Call) -> bool:
    """A patient is on the phone: the slots of the first proposal are kept for an hour."""
    best: tuple[int, int, list[ChosenSlot]] | None = None
    for plan_id in _plans_without_a_date():
        for proposal in propose_series(plan_id, limit=1, now=call.now):
            slots = [
                ChosenSlot(one.number, one.starts_at, one.practitioner_id, one.location_id)
                for one in proposal.sessions
            ]
            if slots and (best is None or len(proposal.unplaced) < best[0]):
                best = len(proposal.unplaced), plan_id, slots
        if best is not None and best[0] == 0:
            break
    if best is None:
        return False
    hold_slots(best[1], sessions=best[2], minutes=HOLD_MINUTES, actor=call.desk, now=call.now)
    return True


@reading
def _plans_without_a_date(session: Session) -> list[int]:
    """Active plans all of whose sessions are to place."""
    waiting = func.count().filter(PlannedSession.status == SessionStatus.TO_PLACE.value)
    query = (
        select(TreatmentPlan.id)
        .join(PlannedSession, PlannedSession.plan_id == TreatmentPlan.id)
        .where(TreatmentPlan.status == PlanStatus.ACTIVE.value)
        .group_by(TreatmentPlan.id)
        .having(waiting == func.count())
        .order_by(func.count(), TreatmentPlan.id)
    )
    return list(session.scalars(query))


def go_away(call: Call) -> bool:
    """Somebody will be away on a day that is booked already: the screen of absences says where everybody can go."""
    by_day: dict[tuple[int, date], int] = {}
    for row in booked_ahead(call, from_days=7, to_days=18):
        key = row.practitioner_id, row.starts_at.astimezone(call.zone).date()
        by_day[key] = by_day.get(key, 0) + 1
    if not by_day:
        return False
    practitioner_id, on = max(by_day, key=lambda key: (by_day[key], -key[0], key[1]))
    day = WallTime(on)
    reason = clinic_data().words["absence"][0]
    add_time_off(practitioner_id, day, day, reason=reason, actor=call.desk, now=call.now)
    return True


def shut_a_room(call: Call) -> bool:
    """A room is out of use for some days in the week after next; what little is booked in it can go next door."""
    days = [WallTime(call.today + timedelta(days=ahead)) for ahead in (SHUT_FROM, SHUT_UNTIL)]
    rooms = _rooms_beside_others()
    ahead = booked_ahead(call, from_days=SHUT_FROM, to_days=SHUT_UNTIL + 1)
    booked = Counter(row.room_id for row in ahead if row.room_id in rooms)
    if not booked:
        return False
    room_id = min(booked, key=lambda room: (booked[room], room))
    reason = clinic_data().words["room_closure"][0]
    add_closure(None, *days, room=room_id, reason=reason, actor=call.desk, now=call.now)
    return True


@reading
def _rooms_beside_others(session: Session) -> list[int]:
    """Rooms in use at locations that have another one."""
    others = aliased(Room)
    beside = exists().where(
        others.location_id == Room.location_id, others.id != Room.id, others.archived_at.is_(None)
    )
    return list(session.scalars(select(Room.id).where(Room.archived_at.is_(None), beside)))
