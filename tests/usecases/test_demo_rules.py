"""The demo clinic keeps every rule that bookings must keep, as an independent sweep over the written rows sees it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    AuditEntry,
    Closure,
    Credential,
    Message,
    MessageItem,
    MessageState,
    Patient,
    PlannedSession,
    PlanPhase,
    Room,
    SessionStatus,
    TimeOff,
    WorkingHours,
)
from scheduler.models.appointments import INACTIVE
from scheduler.models.base import Base
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.demo.invent import invent_demo
from scheduler.usecases.demo.load import load_demo
from tests.conftest import DATABASES, empty_database
from tests.factories import BERLIN
from tests.usecases.demo_sweep import AT_NOON, DAY, PASSWORD, SMALL, meets, works


@pytest.fixture(scope="module", params=DATABASES)
def every(request: pytest.FixtureRequest) -> dict[type[Any], list[Any]]:
    """All rows of a small demo clinic, by model, as each database gives them back."""
    app: Flask = request.getfixturevalue(f"{request.param}_app")
    with app.app_context():
        empty_database()
        load_demo(invent_demo(SMALL, now=AT_NOON), password=PASSWORD, actor=COMMAND, now=AT_NOON)
        db.session.remove()
        return {
            mapper.class_: list(db.session.scalars(select(mapper.class_))) for mapper in Base.registry.mappers
        }


Rows = dict[type[Any], list[Any]]


def active(every: Rows) -> list[Appointment]:
    return [row for row in every[Appointment] if row.status not in INACTIVE]


def grouped(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def test_nobody_and_no_room_is_in_two_places_at_once(every: Rows) -> None:
    overlaps = []
    for resource in ("practitioner_id", "room_id", "patient_id"):
        for rows in grouped(active(every), lambda row, name=resource: getattr(row, name)).values():
            rows.sort(key=lambda row: row.starts_at)
            overlaps += [(a.id, b.id) for a, b in pairwise(rows) if a.busy_until > b.busy_from]
    assert overlaps == []


def test_everything_is_within_hours_and_outside_absences_and_closures(every: Rows) -> None:
    hours = grouped(every[WorkingHours], lambda row: (row.practitioner_id, row.location_id))
    away = grouped(every[TimeOff], lambda row: row.practitioner_id)
    closed = grouped(every[Closure], lambda row: row.location_id)
    wrong = [
        row.id
        for row in every[Appointment]
        if not any(works(rule, row) for rule in hours[row.practitioner_id, row.location_id])
        or any(meets(row, other) for other in away[row.practitioner_id] + closed[row.location_id])
    ]
    assert wrong == []


def test_two_days_lie_between_two_needling_sessions_of_a_patient(every: Rows) -> None:
    needling = {row.id for row in every[AppointmentType] if row.is_needling}
    rows = [row for row in active(every) if row.appointment_type_id in needling]
    too_soon = []
    for visits in grouped(rows, lambda row: row.patient_id).values():
        walls = sorted(row.starts_at.astimezone(BERLIN).replace(tzinfo=None) for row in visits)
        too_soon += [(a, b) for a, b in pairwise(walls) if b - a < 2 * DAY]
    assert len(rows) > 100
    assert too_soon == []


def test_rooms_fit_and_credentials_are_valid(every: Rows) -> None:
    places = {room.id: room.location_id for room in every[Room]}
    held = grouped(every[Credential], lambda row: row.practitioner_id)
    kinds = {row.id: row for row in every[AppointmentType]}
    wrong = []
    for row in every[Appointment]:
        day = row.starts_at.astimezone(BERLIN).date()
        needed = kinds[row.appointment_type_id].needs_credential
        may = needed is None or any(
            c.kind == needed and c.issued_on <= day <= c.expires_on for c in held[row.practitioner_id]
        )
        if places.get(row.room_id) != row.location_id or not may:
            wrong.append(row.id)
    assert wrong == []
    soon = [c for c in every[Credential] if AT_NOON.date() < c.expires_on < AT_NOON.date() + 60 * DAY]
    assert len(soon) == 1


def test_sessions_agree_with_the_appointments_that_fill_them(every: Rows) -> None:
    filled = grouped(
        [row for row in active(every) if row.planned_session_id], lambda row: row.planned_session_id
    )
    expected = {
        SessionStatus.TO_PLACE: [],
        SessionStatus.SKIPPED: [],
        SessionStatus.COMPLETED: [{AppointmentStatus.COMPLETED.value}],
        SessionStatus.PLACED: [{"booked", "confirmed", "arrived"}],
    }
    wrong = []
    for session in every[PlannedSession]:
        allowed = expected[SessionStatus(session.status)]
        statuses = [row.status for row in filled[session.id]]
        if len(statuses) != len(allowed) or any(s not in a for s, a in zip(statuses, allowed, strict=True)):
            wrong.append((session.id, session.status, statuses))
    assert wrong == []


def test_sessions_follow_each_other_at_no_less_than_the_smallest_gap(every: Rows) -> None:
    filled = {row.planned_session_id: row for row in active(every) if row.planned_session_id}
    wrong = []
    phases = {phase.id: phase for phase in every[PlanPhase]}
    for plan, sessions in grouped(every[PlannedSession], lambda row: row.plan_id).items():
        held = [row for row in sorted(sessions, key=lambda row: row.number) if row.id in filled]
        days = [filled[session.id].starts_at.astimezone(BERLIN).date() for session in held]
        gaps = [(b - a).days for a, b in pairwise(days)]
        if any(gap < phases[later.phase_id].min_days for gap, later in zip(gaps, held[1:], strict=False)):
            wrong.append(plan)
    assert wrong == []


def test_past_appointments_are_settled_and_future_ones_are_not(every: Rows) -> None:
    ahead = {row.status for row in every[Appointment] if row.starts_at > AT_NOON}
    behind = {row.status for row in every[Appointment] if row.ends_at <= AT_NOON}
    assert ahead == {"booked", "confirmed", "cancelled"}
    assert behind == {"completed", "no_show", "cancelled"}


def test_the_outbox_owes_only_what_is_still_to_come(every: Rows) -> None:
    messages = every[Message]
    waiting = [row for row in messages if row.state == MessageState.DUE]
    assert {row.state for row in messages} <= {"due", "sent", "failed", "cancelled", "unknown"}
    assert {row.kind for row in waiting} == {"reminder"}
    assert [row.id for row in waiting if row.due_at <= AT_NOON or row.next_attempt_at != row.due_at] == []
    assert [row.id for row in messages if row.state == MessageState.SENT and row.sent_at > AT_NOON] == []
    assert {row.state for row in messages if row.due_at > AT_NOON} == {"due", "cancelled"}


def test_reminders_that_wait_tell_the_present_start_of_a_booked_appointment(every: Rows) -> None:
    appointments = {row.id: row for row in active(every)}
    wanting = {row.id for row in every[Patient] if row.wants_reminders and row.email}
    told = {row.message_row_id: row for row in every[MessageItem]}
    wrong, waiting = [], [row for row in every[Message] if row.state == MessageState.DUE]
    for message in waiting:
        item = told[message.id]
        about = appointments[item.appointment_id]
        if (item.starts_at, item.sequence) != (about.starts_at, about.sequence):
            wrong.append(message.id)
    assert len(waiting) > 50
    assert wrong == []
    assert {row.patient_id for row in waiting} <= wanting


def test_every_appointment_has_its_confirmation_and_its_audit_row(every: Rows) -> None:
    confirmations = {row.id for row in every[Message] if row.kind in {"confirmation", "series_confirmation"}}
    confirmed = {row.appointment_id for row in every[MessageItem] if row.message_row_id in confirmations}
    audited = grouped(every[AuditEntry], lambda row: row.action)
    addressed = {row.id for row in every[Patient] if row.email}
    assert confirmed == {row.id for row in every[Appointment] if row.patient_id in addressed}
    assert {row.entity_id for row in audited["appointment_booked"]} == {row.id for row in every[Appointment]}
    assert {row.entity_id for row in audited["appointment_cancelled"]} == {
        row.id for row in every[Appointment] if row.status == "cancelled"
    }
    assert {row.actor_kind for row in every[AuditEntry]} == {"command"}


def test_a_lost_session_is_made_up_on_another_day(every: Rows) -> None:
    by_session = grouped(every[Appointment], lambda row: row.planned_session_id)
    by_session.pop(None)
    made_up = [
        (lost.starts_at.astimezone(BERLIN).date(), later.starts_at.astimezone(BERLIN).date())
        for rows in by_session.values()
        for lost, later in pairwise(sorted(rows, key=lambda row: row.id))
    ]
    assert made_up
    assert [pair for pair in made_up if pair[0] == pair[1]] == []


def test_some_appointments_were_moved_before_they_were_held(every: Rows) -> None:
    moved = {row.id for row in every[Appointment] if row.sequence and row.status == "completed"}
    told = {row.entity_id for row in every[AuditEntry] if row.action == "appointment_moved"}
    assert moved
    assert moved <= told
