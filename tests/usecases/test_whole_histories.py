"""Everything at once, in any order: plans, holds, repairs, absences, offers, and the mails going out meanwhile.

No session is lost, no window disagrees with its history, nothing overlaps, and no mail tells what never was.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import SchedulerError
from scheduler.extensions import db
from scheduler.models import Appointment, Hold, Location, Offer, OfferTurn, TimeOff, TreatmentPlan
from scheduler.usecases.absences.displacement import list_displaced
from scheduler.usecases.absences.entering import add_time_off, remove_time_off
from scheduler.usecases.absences.rehousing import Choice, Target, carry_out
from scheduler.usecases.absences.rows import AbsenceKind
from scheduler.usecases.absences.times import WallTime
from scheduler.usecases.availability.slots import find_slots
from scheduler.usecases.gaps.free_slots import list_gaps, rank_gap
from scheduler.usecases.gaps.ranking import Slot
from scheduler.usecases.messages.claims import claim_messages
from scheduler.usecases.messages.dispatch import Outcome, Verdict, keep_outcomes
from scheduler.usecases.offers.asking import Chosen, accept_turn, decline_turn, start_offer, stop_offer
from scheduler.usecases.offers.expiry import expire_offers
from scheduler.usecases.repairs.acceptance import accept_repair
from scheduler.usecases.repairs.preview import propose_repair
from scheduler.usecases.series.holds import hold_slots, list_holds, release_hold
from scheduler.usecases.series.placement import ChosenSlot, place_plan
from tests.factories import RECEPTIONIST, World, make_patient
from tests.usecases.plans import test_histories as plans
from tests.usecases.plans.support import best, chosen, prescribe

STEPS = 60
KEY = "a key for links that only this test knows"
Told = tuple[int, datetime, bool]
"""An appointment, a start, and whether it stands."""


class WholeDesk(plans.Desk):
    """The desk of the plans' histories with everything else that it can do; ``was`` is every state there ever was."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        first = db.session.get_one(TreatmentPlan, self.plans[0])
        self.practitioner_id = first.practitioner_id
        self.location_id = self._location()
        for name in ("Third", "Fourth"):
            self.plans.append(self._plan(name))
        self.was: set[Told] = set()
        self.told: Counter[tuple[int, int, str]] = Counter()
        self.done: Counter[str] = Counter()

    def _location(self) -> int:
        found = db.session.scalar(select(Location.id))
        assert found is not None
        return found

    def _plan(self, name: str) -> int:
        patient = make_patient(name).id
        plan = db.session.get_one(TreatmentPlan, self.plans[0])
        world = World(self.location_id, (1, 2), 1, 2, 3, plan.practitioner_id, patient)
        return prescribe(world, patient_id=patient).id

    def deeds(self) -> list[tuple[int, Callable[[TreatmentPlan], Any]]]:
        """What can be done, with how often."""
        return [
            (5, self.place),
            (5, self.follow),
            (4, self.move),
            (2, self.decide),
            (1, self.change_status),
            (1, self.extend),
            (3, self.hold),
            (2, self.place_what_is_held),
            (3, self.repair),
            (3, self.be_away),
            (1, self.come_back),
            (3, self.rehouse),
            (4, self.offer),
            (3, self.answer),
            (3, self.expire),
        ]

    def step(self) -> None:
        """Do one thing, look at the state there is, and let due mails go."""
        self.now += timedelta(hours=self.random.choice((0, 0, 0, 1, 5, 26)))
        weighted = self.deeds()
        (deed,) = self.random.choices([deed for _, deed in weighted], [weight for weight, _ in weighted])
        plan = db.session.get_one(TreatmentPlan, self.random.choice(self.plans))
        try:
            did = deed(plan)
        except SchedulerError:
            did = "refused"
        self.done[f"{deed.__name__} {did}" if did else deed.__name__] += 1
        db.session.rollback()
        self.look()
        if self.random.random() < 0.5:
            self.send()

    def look(self) -> None:
        """Remember how every appointment is now."""
        for row in db.session.scalars(select(Appointment)):
            self.was.add((row.id, row.starts_at, row.status not in ("cancelled", "no_show", "held")))
        db.session.rollback()

    def send(self) -> None:
        """Let what is due go out, holding each letter against the present."""
        claim = claim_messages(limit=100, now=self.now)
        for letter in claim.letters:
            for visit in letter.visits:
                standing = letter.kind != "cancellation"
                assert (visit.appointment_id, visit.starts_at, standing) in self.was
                self.told[visit.appointment_id, visit.sequence, letter.kind] += 1
        sent = [Outcome(letter, Verdict.SENT, "250 taken") for letter in claim.letters]
        keep_outcomes(claim, sent, now=self.now)

    def hold(self, plan: TreatmentPlan) -> None:
        slots = chosen(best(plan, now=self.now, limit=1).sessions)
        hold_slots(plan.id, sessions=slots[: self.random.randint(1, 2)], actor=RECEPTIONIST, now=self.now)

    def place_what_is_held(self, _plan: TreatmentPlan) -> str | None:
        kept = list_holds(now=self.now)
        if not kept:
            return "nothing"
        one = self.random.choice(kept)
        if one.hold.plan_id is None or self.random.random() < 0.3:
            release_hold(one.hold.id, actor=RECEPTIONIST, now=self.now)
            return None
        slots = [ChosenSlot(slot.number or 0, slot.starts_at, slot.practitioner_id) for slot in one.slots]
        place_plan(one.hold.plan_id, sessions=slots, hold_id=one.hold.id, actor=RECEPTIONIST, now=self.now)
        return None

    def repair(self, plan: TreatmentPlan) -> str | None:
        preview = propose_repair(plan.id, now=self.now)
        if not preview.changes:
            return "nothing"
        accept_repair(
            plan.id,
            version=preview.plan_version,
            versions=preview.versions,
            changes=preview.changes,
            override_reason="as wished" if preview.repair_rules else None,
            actor=RECEPTIONIST,
            now=self.now,
        )
        return None

    def be_away(self, _plan: TreatmentPlan) -> None:
        """On a day on which something is booked, if there is one."""
        ahead = [row.starts_at for row in plans.active() if row.starts_at > self.now]
        on = self.random.choice(ahead or [self.now + timedelta(days=2)]).date()
        add_time_off(
            self.practitioner_id, WallTime(on), WallTime(on), reason="ill", actor=RECEPTIONIST, now=self.now
        )

    def _absence(self) -> int | None:
        rows = db.session.scalars(
            select(TimeOff.id).where(TimeOff.ends_at > self.now).order_by(TimeOff.id)
        ).all()
        db.session.rollback()
        return self.random.choice(rows) if rows else None

    def come_back(self, _plan: TreatmentPlan) -> str | None:
        number = self._absence()
        if number is None:
            return "nothing"
        remove_time_off(number, actor=RECEPTIONIST, now=self.now)
        return None

    def rehouse(self, _plan: TreatmentPlan) -> str | None:
        number = self._absence()
        lines = list_displaced(AbsenceKind.TIME_OFF, number, now=self.now).lines if number else []
        if not lines:
            return "nothing"
        choices = [
            Choice(
                line.appointment.id,
                line.appointment.version,
                Target(line.slot.starts_at, line.slot.practitioner_id, line.slot.location_id)
                if line.slot
                else None,
            )
            for line in lines
        ]
        outcomes = carry_out(choices, batch=f"away {number}", actor=RECEPTIONIST, now=self.now)
        assert {outcome.state for outcome in outcomes} <= {"moved", "released"}
        return None

    def offer(self, _plan: TreatmentPlan) -> str | None:
        """A slot that was freed, or any free one."""
        today = self.now.date()
        days = {"from_on": today, "to_on": today + timedelta(days=12), "now": self.now}
        free = [
            Slot(one.practitioner_id, one.location_id, one.starts_at, one.ends_at)
            for one in (
                *list_gaps(location_id=self.location_id, **days),
                *self.random.choices(find_slots(appointment_type_id=2, **days), k=4),
            )
        ]
        for slot in free:
            ranked = rank_gap(slot, now=self.now)
            if ranked:
                wanted = [Chosen(one.reason, one.number) for one in ranked[:3]]
                start_offer(slot, wanted, minutes_each=1440, actor=RECEPTIONIST, now=self.now, link_key=KEY)
                return None
        return "nothing"

    def _asked(self) -> OfferTurn | None:
        turns = db.session.scalars(
            select(OfferTurn).where(OfferTurn.status == "asked").order_by(OfferTurn.id)
        ).all()
        return self.random.choice(turns) if turns else None

    def answer(self, _plan: TreatmentPlan) -> str | None:
        turn = self._asked()
        if turn is None:
            return "nothing"
        if self.random.random() < 0.2:
            offer = db.session.get_one(Offer, turn.offer_id)
            stop_offer(offer.id, version=offer.version, actor=RECEPTIONIST, now=self.now)
            return None
        verb = accept_turn if self.random.random() < 0.7 else decline_turn
        verb(turn.id, actor=RECEPTIONIST, now=self.now, link_key=KEY)
        return None

    def expire(self, _plan: TreatmentPlan) -> str | None:
        return None if expire_offers(now=self.now, link_key=KEY) else "nothing"


def check_offers_and_holds() -> None:
    """Whoever is asked has the slot kept; nobody else's slot is."""
    holds = {row.id: row for row in db.session.scalars(select(Hold))}
    kept: defaultdict[int, list[Appointment]] = defaultdict(list)
    for row in db.session.scalars(select(Appointment).where(Appointment.status == "held")):
        assert row.hold_id in holds
        kept[row.hold_id].append(row)
    for turn in db.session.scalars(select(OfferTurn)):
        if turn.status != "asked":
            assert turn.hold_id is None
        elif turn.hold_id is not None:
            assert [(row.starts_at, row.patient_id) for row in kept[turn.hold_id]] == [
                (turn.starts_at, turn.patient_id)
            ]
    for offer in db.session.scalars(select(Offer)):
        asked = [turn for turn in offer.turns if turn.status == "asked"]
        accepted = [turn for turn in offer.turns if turn.status == "accepted"]
        assert len(asked) == (offer.status == "open")
        assert len(accepted) == (offer.status == "taken")


@pytest.mark.parametrize("seed", range(3))
def test_no_history_of_anything_loses_a_session_or_tells_what_never_was(context: Flask, seed: int) -> None:
    desk = WholeDesk(seed)
    for _ in range(STEPS):
        desk.step()
        db.session.rollback()
        for plan_id in desk.plans:
            plans.check_plan(plan_id)
        plans.check_diary_and_messages()
        check_offers_and_holds()
        db.session.rollback()
    desk.now += timedelta(days=1)
    desk.send()
    repeated = {key: times for key, times in desk.told.items() if times > 1 and key[2] != "reminder"}
    assert repeated == {}
    everything = {"place", "follow", "move", "hold", "repair", "be_away", "rehouse", "offer", "answer"}
    assert len(everything & desk.done.keys()) >= 6
