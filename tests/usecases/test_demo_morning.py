"""What goes on at the demo clinic as it is opened."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import (
    AuditEntry,
    BusyCalendar,
    Message,
    MessageState,
    Offer,
    OfferTurn,
    Outcome,
    Patient,
    PatientLink,
    Task,
    WaitlistEntry,
)
from scheduler.usecases.absences.displacement import list_displaced
from scheduler.usecases.absences.entering import AbsenceKind, list_closures
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.demo.invent import invent_demo
from scheduler.usecases.demo.load import load_demo
from scheduler.usecases.demo.morning import play_morning
from scheduler.usecases.demo.size import DemoSize
from scheduler.usecases.outcomes.courses import plans_no_better
from scheduler.usecases.patient_side.page import see_own_page
from scheduler.usecases.practitioners.busy_calendars import list_busy_calendars
from scheduler.usecases.practitioners.busy_conflicts import list_busy_conflicts
from scheduler.usecases.series.holds import list_holds
from tests.usecases.demo_sweep import AT_NOON, PASSWORD, SMALL

KEY = "k" * 40


def open_demo(size: DemoSize, now: datetime) -> tuple[list[str], int]:
    """The scenes that were played, and the example patient."""
    demo = invent_demo(size, now=now)
    load_demo(demo, password=PASSWORD, actor=COMMAND, now=now)
    patient_id = demo.example_patient_id
    return play_morning(example_patient_id=patient_id, link_key=KEY, now=now), patient_id


@pytest.mark.usefixtures("context")
def test_every_screen_of_the_desk_has_something_to_show() -> None:
    scenes, patient_id = open_demo(SMALL, AT_NOON)
    assert len(scenes) == 11
    assert [hold.hold.expires_at - AT_NOON for hold in list_holds(now=AT_NOON) if hold.hold.plan_id] == [
        timedelta(hours=1)
    ]
    assert {offer.status for offer in db.session.scalars(select(Offer))} == {"open", "taken"}
    turns = {turn.status for turn in db.session.scalars(select(OfferTurn))}
    assert turns >= {"asked", "accepted", "declined"}
    waiting = Counter(entry.closed_why for entry in db.session.scalars(select(WaitlistEntry)))
    assert waiting == {None: 6, "booked": 1, "withdrawn": 1}
    tasks = Counter((task.kind, task.done_at is None) for task in db.session.scalars(select(Task)))
    assert tasks == {("call", True): 2, ("call", False): 1, ("request", True): 2, ("address", True): 1}
    assert db.session.scalar(select(func.count()).where(Patient.address_failed_at.is_not(None))) == 1
    states = set(db.session.scalars(select(Message.state)))
    assert states >= {"due", "sent", "failed", "cancelled", "unknown"}
    assert [bool(calendar.error) for calendar in list_busy_calendars()] == [False, True]
    assert len(list_busy_conflicts(now=AT_NOON)) == 1
    assert db.session.scalar(select(func.count()).where(PatientLink.last_used_at.is_not(None))) == 2
    (shut,) = [one for one in list_closures(now=AT_NOON).items if one.kind == AbsenceKind.ROOM]
    found = list_displaced(shut.kind, shut.id or 0, now=AT_NOON)
    assert (found.same_time > 0, (shut.starts_at - AT_NOON).days) == (True, 8)
    assert any(visit.may_move for visit in see_own_page(patient_id, now=AT_NOON).visits)


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # a Sunday night, the hour that comes twice
        datetime(2026, 3, 29, 1, 5, tzinfo=UTC),  # the hour that does not come
        datetime(2026, 7, 3, 22, 50, tzinfo=UTC),  # just after midnight
    ],
)
def test_it_can_be_opened_at_any_hour(now: datetime) -> None:
    scenes, _ = open_demo(DemoSize(2, 30, 8), now)
    assert len(scenes) >= 8
    owed = db.session.scalars(select(Message).where(Message.state == MessageState.DUE.value)).all()
    assert owed
    assert [row.recipient for row in owed if not row.recipient.endswith(".example")] == []


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_clinic_with_one_patient_goes_without_most_scenes() -> None:
    scenes, _ = open_demo(DemoSize(1, 1, 1), AT_NOON)
    assert "open_own_pages" in scenes
    assert db.session.scalar(select(func.count(BusyCalendar.id))) == 1


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_most_patients_get_better_and_some_do_not() -> None:
    demo = invent_demo(DemoSize(4, 120, 16), now=AT_NOON)
    load_demo(demo, password=PASSWORD, actor=COMMAND, now=AT_NOON)
    rows = db.session.scalars(select(Outcome)).all()
    assert {row.measure for row in rows} == {"nprs", "headache_days", "hit6", "ndi", "rotation"}
    assert [row.id for row in rows if row.created_at > AT_NOON] == []
    told = select(AuditEntry.entity_id).where(AuditEntry.action == "outcome_recorded")
    assert set(db.session.scalars(told)) == {row.id for row in rows}
    assert plans_no_better()
