"""The rows that a hold keeps: writing them, clearing them away; private to the use cases."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler.models import Appointment, AppointmentStatus, Hold, PlannedSession
from scheduler.usecases.booking.rules import Wish


def keep_slots(
    session: Session,
    hold: Hold,
    wishes: Sequence[tuple[Wish, int | None, PlannedSession | None]],
    *,
    now: datetime,
) -> None:
    """Write a held row for each wish with its room and the session it is for; the caller has checked and locked."""
    for wish, room_id, planned in wishes:
        session.add(
            Appointment(
                uid=f"{uuid4()}@needletime",
                patient_id=wish.patient_id,
                practitioner_id=wish.practitioner_id,
                location_id=wish.location_id,
                room_id=room_id,
                appointment_type_id=wish.kind.id,
                planned_session_id=planned.id if planned is not None else None,
                starts_at=wish.starts_at,
                ends_at=wish.ends_at,
                busy_from=wish.busy_from,
                busy_until=wish.busy_until,
                status=AppointmentStatus.HELD.value,
                hold=hold,
                changed_at=now,
                created_at=now,
                override_rules=[],
            )
        )
    session.flush()


def clear_expired(session: Session, *, now: datetime) -> None:
    """Delete holds whose time is over, so that their rows stand in nobody's way; every booking begins with this."""
    over = session.scalars(
        select(Hold.id).where(Hold.expires_at <= now).order_by(Hold.id).with_for_update(skip_locked=True)
    ).all()
    drop_holds(session, over)


def drop_holds_of_plan(session: Session, plan_id: int) -> list[int]:
    """Let go whatever is kept for a plan, because the plan changes; which holds."""
    held = session.scalars(select(Hold.id).where(Hold.plan_id == plan_id).order_by(Hold.id)).all()
    drop_holds(session, held)
    return list(held)


def drop_holds(session: Session, hold_ids: Collection[int]) -> None:
    """Delete holds with their rows."""
    if not hold_ids:
        return
    quietly = {"synchronize_session": "fetch"}
    held = delete(Appointment).where(
        Appointment.hold_id.in_(hold_ids), Appointment.status == AppointmentStatus.HELD.value
    )
    session.execute(held, execution_options=quietly)
    session.execute(delete(Hold).where(Hold.id.in_(hold_ids)), execution_options=quietly)
