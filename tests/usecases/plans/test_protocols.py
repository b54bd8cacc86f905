"""Protocols: plans already written never change, whatever becomes of what they were copied from."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, StaleVersion
from scheduler.extensions import db
from scheduler.models import PlanPhase, Protocol, TreatmentPlan
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.plans import protocols
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from scheduler.usecases.plans.protocols import ProtocolDetails, protocol_stamp
from tests.factories import NOW, World, make_world

BY = {"actor": COMMAND, "now": NOW}
WEEKLY = ProtocolDetails("Weekly", (PhaseWish(6, 5, 7, 9), PhaseWish(3, 11, 14, 17)), review_months=(6, 1, 1))


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


@pytest.fixture
def weekly(world: World) -> int:
    return protocols.add_protocol(WEEKLY, **BY).id


def change(number: int, seen: str | None = None, **changes: Any) -> Protocol:
    stamp = protocol_stamp(protocols.get_protocol(number)) if seen is None else seen
    return protocols.change_protocol(number, replace(WEEKLY, **changes), seen=stamp, **BY)


def prescribe(world: World, protocol_id: int) -> int:
    return prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        protocol_id=protocol_id,
        starts_on=NOW.date(),
        **BY,
    ).id


def cadence(protocol: Protocol) -> list[tuple[int, int, int, int, int]]:
    rows = sorted(protocol.phases, key=lambda phase: phase.position)
    return [(row.position, row.sessions, row.min_days, row.ideal_days, row.max_days) for row in rows]


def test_a_protocol_is_kept_as_entered(weekly: int) -> None:
    row = protocols.get_protocol(weekly)
    assert (row.name, row.version, row.review_months) == ("Weekly", 1, [1, 6])
    assert cadence(row) == [(1, 6, 5, 7, 9), (2, 3, 11, 14, 17)]


@pytest.mark.parametrize(
    "phases",
    [(PhaseWish(2, 1, 2, 3),), (PhaseWish(2, 1, 2, 3), PhaseWish(3, 1, 2, 3), PhaseWish(4, 1, 2, 3))],
)
def test_without_plans_the_row_itself_changes(weekly: int, phases: tuple[PhaseWish, ...]) -> None:
    row = change(weekly, phases=phases)
    db.session.expire_all()
    assert (row.id, row.version) == (weekly, 1)
    assert [line[1] for line in cadence(protocols.get_protocol(weekly))] == [wish.sessions for wish in phases]


def test_with_plans_a_new_version_takes_its_place(world: World, weekly: int) -> None:
    plan = prescribe(world, weekly)
    row = change(weekly, phases=(PhaseWish(2, 1, 2, 3),))
    db.session.expire_all()
    assert (row.version, row.archived_at) == (2, None)
    former = protocols.get_protocol(weekly)
    assert former.archived_at == NOW
    assert cadence(former) == [(1, 6, 5, 7, 9), (2, 3, 11, 14, 17)]
    assert db.session.get_one(TreatmentPlan, plan).protocol_id == weekly
    sessions = select(PlanPhase.sessions).where(PlanPhase.plan_id == plan).order_by(PlanPhase.position)
    assert list(db.session.scalars(sessions)) == [6, 3]


def test_saving_what_is_stored_already_makes_no_version(world: World, weekly: int) -> None:
    prescribe(world, weekly)
    change(weekly)
    rows = db.session.execute(select(Protocol.id, Protocol.version, Protocol.archived_at))
    assert rows.all() == [(weekly, 1, None)]


def test_a_former_version_cannot_be_edited_nor_brought_back_beside_the_present_one(
    world: World, weekly: int
) -> None:
    prescribe(world, weekly)
    change(weekly, source="A trial")
    with pytest.raises(Conflict):
        change(weekly)
    with pytest.raises(Conflict):
        protocols.restore_protocol(weekly, **BY)


def test_a_stale_edit_is_refused_even_if_only_a_phase_changed(weekly: int) -> None:
    seen = protocol_stamp(protocols.get_protocol(weekly))
    change(weekly, phases=(PhaseWish(6, 5, 7, 10), PhaseWish(3, 11, 14, 17)))
    with pytest.raises(StaleVersion):
        change(weekly, seen, name="Other")


def test_a_name_is_given_once_among_those_in_use(weekly: int) -> None:
    with pytest.raises(Conflict):
        protocols.add_protocol(WEEKLY, **BY)
    protocols.archive_protocol(weekly, **BY)
    assert protocols.add_protocol(WEEKLY, **BY).version == 2


def test_renaming_to_a_former_name_counts_its_versions_on(weekly: int) -> None:
    protocols.archive_protocol(weekly, **BY)
    other = protocols.add_protocol(replace(WEEKLY, name="Other"), **BY).id
    row = change(other, name="Weekly")
    assert (row.id, row.version) == (other, 2)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": ""}),
        ("phases", {"phases": ()}),
        ("phases", {"phases": (PhaseWish(0, 1, 2, 3),)}),
        ("phases", {"phases": (PhaseWish(2, 3, 2, 1),)}),
        ("phases", {"phases": (PhaseWish(61, 1, 2, 3),)}),
        ("review_months", {"review_months": (0,)}),
        ("review_months", {"review_months": (61,)}),
        ("review_months", {"review_months": (1, 2, 3, 4, 5, 6, 7)}),
    ],
)
def test_nonsense_is_refused_beside_its_field(weekly: int, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        change(weekly, **changes)
    assert caught.value.details["field"] == field
    db.session.expire_all()
    assert cadence(protocols.get_protocol(weekly)) == [(1, 6, 5, 7, 9), (2, 3, 11, 14, 17)]


def test_only_what_no_plan_was_written_from_is_deleted(world: World, weekly: int) -> None:
    other = protocols.add_protocol(replace(WEEKLY, name="Other"), **BY).id
    prescribe(world, weekly)
    for number in (weekly, other):
        with pytest.raises(Conflict):
            protocols.delete_protocol(number, **BY)
        protocols.archive_protocol(number, **BY)
    with pytest.raises(Conflict):
        protocols.delete_protocol(weekly, **BY)
    assert protocols.delete_protocol(other, **BY) == "Other"
    assert [(each.protocol.id, each.plans) for each in protocols.list_all_protocols()] == [(weekly, 1)]
