"""Repairs among everything else that happens to plans: what a preview promises is what accepting it brings."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.errors import SchedulerError
from scheduler.extensions import db
from scheduler.models import Appointment, Message, TreatmentPlan
from scheduler.usecases.plans.prescribing import get_plan, local_day
from scheduler.usecases.repairs.acceptance import accept_repair
from scheduler.usecases.repairs.lines import RepairPreview
from scheduler.usecases.repairs.preview import preview_cancel, preview_move, propose_repair
from scheduler.usecases.repairs.targets import HandCancel, HandMove
from tests.factories import RECEPTIONIST
from tests.usecases.plans.test_histories import Desk, check_diary_and_messages, check_plan, everything

STEPS = 60


class RepairingDesk(Desk):
    """Somebody who also drags sessions about, cancels them, and accepts what is offered then."""

    def repair(self, plan: TreatmentPlan) -> str:
        """Preview a change of one kind and accept its repair; what came of it."""
        before = everything()
        plan_id, visit = plan.id, self.visit(plan)
        kind = self.random.choice(("move", "move", "cancel", "plan"))
        if visit is None:
            return "nothing"
        visit_id, in_hand = visit.id, dict[str, Any]()
        if kind == "move":
            goal = visit.starts_at + timedelta(days=self.random.randint(-6, 9))
            in_hand["moved"] = HandMove(visit_id, goal)
            preview = preview_move(visit_id, starts_at=goal, now=self.now)
        elif kind == "cancel":
            in_hand["cancelled"] = HandCancel(visit_id, "patient")
            preview = preview_cancel(visit_id, now=self.now)
        else:
            preview = propose_repair(plan_id, now=self.now)
        assert everything() == before
        if not preview.offered or preview.busy:
            return f"{kind}: nothing offered"
        self.accept(preview, in_hand)
        return kind

    def accept(self, preview: RepairPreview, in_hand: dict[str, Any]) -> None:
        assert preview.plan_id is not None
        newest = db.session.scalar(select(func.max(Message.id))) or 0
        accept_repair(
            preview.plan_id,
            version=preview.plan_version,
            versions=preview.versions,
            changes=preview.changes,
            override_reason="as he wishes" if preview.repair_rules else None,
            actor=RECEPTIONIST,
            now=self.now,
            **in_hand,
        )
        check_promise(preview)
        mails = db.session.scalars(select(Message).where(Message.id > newest, Message.batch.is_not(None)))
        items = [item for mail in mails for item in mail.items]
        changed = {line.number for line in preview.lines if line.changes}
        rows = {row.id: row for row in db.session.scalars(select(Appointment))}
        told = {rows[item.appointment_id].planned_session.number for item in items}  # type: ignore[union-attr]
        assert told <= changed
        assert told or "cancelled" in in_hand


def check_promise(preview: RepairPreview) -> None:
    """Every session is where the preview said, and outside its window only where it said so."""
    assert preview.plan_id is not None
    held = {line.session.number: line for line in get_plan(preview.plan_id).lines}
    for line in preview.lines:
        row = held[line.number].appointment
        assert (row.starts_at if row else None) == (line.after.slot.starts_at if line.after.slot else None)
        if row and not line.after.broken and line.after.days is not None:
            assert local_day(row) in held[line.number].window


@pytest.mark.parametrize("seed", range(4))
def test_what_a_preview_promises_is_what_accepting_brings(context: Flask, seed: int) -> None:
    desk = RepairingDesk(seed)
    done: Counter[str] = Counter()
    for step in range(STEPS):
        if step % 2:
            done[desk.act()] += 1
        else:
            plan = db.session.get_one(TreatmentPlan, desk.random.choice(desk.plans))
            before = everything()
            try:
                done[desk.repair(plan)] += 1
            except SchedulerError as error:
                assert everything() == before
                done[error.code] += 1
        db.session.rollback()
        for plan_id in desk.plans:
            check_plan(plan_id)
        check_diary_and_messages()
    assert done.keys() & {"move", "cancel", "plan"}
