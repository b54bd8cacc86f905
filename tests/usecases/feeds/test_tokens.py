"""Secret calendar addresses: issued once, stored as hashes, told of every change."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import Appointment, AuditEntry, FeedToken, Patient
from scheduler.transaction import writing
from scheduler.usecases.feeds.tokens import (
    IssuedFeedToken,
    bump_feeds,
    issue_feed_token,
    list_feed_tokens,
    revoke_feed_token,
    touch_events,
)
from scheduler.usecases.patients.registry import PatientDetails, change_patient
from tests.factories import (
    NOW,
    RECEPTIONIST,
    at,
    make_appointment,
    make_patient,
    make_practitioner,
    make_world,
)

LATER = NOW + timedelta(hours=1)
bump = writing(bump_feeds)
touch = writing(touch_events)


def issue(**wishes: Any) -> IssuedFeedToken:
    return issue_feed_token(**wishes, actor=RECEPTIONIST, now=NOW)


def stored(token: IssuedFeedToken) -> FeedToken:
    db.session.expire_all()
    return db.session.get_one(FeedToken, token.id)


def test_a_secret_has_256_bits_and_only_its_hash_is_stored(context: Flask) -> None:
    token = issue(patient_id=make_world().patient_id)
    assert len(token.secret) == 43
    assert stored(token).token_hash == hashlib.sha256(token.secret.encode()).hexdigest()


def test_an_issued_token_does_not_print_its_secret(context: Flask) -> None:
    token = issue(patient_id=make_world().patient_id)
    assert repr(token) == f"IssuedFeedToken(id={token.id})"


def test_a_token_keeps_what_was_asked_for(context: Flask) -> None:
    token = issue(
        practitioner_id=make_world().practitioner_id, name="  my\0 phone ", detail="full", alarm_minutes=30
    )
    row = stored(token)
    assert (row.name, row.detail, row.alarm_minutes, row.revision) == ("my phone", "full", 30, 0)


def test_a_token_is_minimal_and_silent_unless_asked(context: Flask) -> None:
    row = stored(issue(patient_id=make_world().patient_id))
    assert (row.name, row.detail, row.alarm_minutes) == ("", "minimal", None)


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"detail": "everything"}, "detail"),
        ({"alarm_minutes": -1}, "alarm_minutes"),
        ({"alarm_minutes": 40321}, "alarm_minutes"),
        ({"name": "n" * 201}, "name"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_field(
    context: Flask, wishes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        issue(patient_id=make_world().patient_id, **wishes)
    assert caught.value.details["field"] == field
    assert db.session.scalars(select(FeedToken)).all() == []


def test_a_token_needs_one_owner(context: Flask) -> None:
    world = make_world()
    with pytest.raises(InvalidInput):
        issue()
    with pytest.raises(InvalidInput):
        issue(patient_id=world.patient_id, practitioner_id=world.practitioner_id)


def test_nobody_unknown_or_archived_gets_a_token(context: Flask) -> None:
    make_world()
    with pytest.raises(NotFound):
        issue(patient_id=4711)
    with pytest.raises(InvalidInput, match="patient is archived"):
        issue(patient_id=make_patient("Gone", archived_at=NOW).id)


def test_issuing_and_revoking_are_noted_without_the_secret(context: Flask) -> None:
    world = make_world()
    token = issue(patient_id=world.patient_id, name="phone")
    for _ in range(2):
        revoke_feed_token(token.id, actor=RECEPTIONIST, now=LATER)
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.at, entry.patient_id, entry.entity_id) for entry in entries] == [
        ("feed_token_issued", NOW, world.patient_id, token.id),
        ("feed_token_revoked", LATER, world.patient_id, token.id),
    ]
    told = {"name": "phone", "detail": "minimal", "practitioner_id": None, "room_id": None}
    assert [entry.detail for entry in entries] == [told, told]


def test_revoking_what_is_not_there_is_refused(context: Flask) -> None:
    with pytest.raises(NotFound):
        revoke_feed_token(4711, actor=RECEPTIONIST, now=NOW)


def test_a_persons_valid_tokens_are_listed(context: Flask) -> None:
    world = make_world()
    phone, old, tablet = (
        issue(patient_id=world.patient_id, name=name) for name in ("phone", "old", "tablet")
    )
    issue(practitioner_id=world.practitioner_id, name="another's")
    revoke_feed_token(old.id, actor=RECEPTIONIST, now=LATER)
    assert [row.id for row in list_feed_tokens(patient_id=world.patient_id)] == [phone.id, tablet.id]


def test_a_change_is_told_to_the_feeds_of_those_concerned(context: Flask) -> None:
    world = make_world()
    mine, theirs = issue(patient_id=world.patient_id), issue(practitioner_id=world.practitioner_id)
    others = (
        issue(patient_id=make_patient("Other").id),
        issue(practitioner_id=make_practitioner(world.location_id, given_name="Other").id),
    )
    bump(patient_ids=[world.patient_id], practitioner_ids=[world.practitioner_id], now=LATER)
    bump(patient_ids=[], practitioner_ids=[world.practitioner_id], now=LATER)
    bump(patient_ids=[], practitioner_ids=[], now=LATER)
    assert [stored(token).revision for token in (mine, theirs, *others)] == [1, 2, 0, 0]
    assert [stored(token).changed_at for token in (mine, theirs, *others)] == [LATER, LATER, NOW, NOW]


def test_a_change_that_is_rolled_back_is_told_to_nobody(context: Flask) -> None:
    world = make_world()
    token = issue(patient_id=world.patient_id)
    session = db.session()
    bump_feeds(session, patient_ids=[world.patient_id], practitioner_ids=[], now=LATER)
    session.rollback()
    assert stored(token).revision == 0


def test_renaming_a_room_counts_as_a_change_of_its_appointments(context: Flask) -> None:
    world = make_world()
    here = make_appointment(world, at(3))
    there = make_appointment(world, at(4), room_id=world.room_ids[1])
    past = make_appointment(world, at(3) - timedelta(days=40))
    token = issue(patient_id=world.patient_id)
    touch(Appointment.room_id == world.room_ids[0], now=LATER)
    db.session.expire_all()
    assert [(row.sequence, row.changed_at) for row in (here, there, past)] == [
        (1, LATER),
        (0, NOW),
        (0, NOW),
    ]
    assert stored(token).revision == 1


def test_renaming_leaves_the_versions_that_edits_carry_alone(context: Flask) -> None:
    world = make_world()
    appointment = make_appointment(world, at(3))
    touch(Appointment.patient_id == world.patient_id, now=LATER)
    db.session.refresh(appointment)
    assert appointment.version == 1


def test_renaming_is_told_to_nobody_without_such_appointments(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3))
    token = issue(patient_id=make_patient("Other").id)
    touch(Appointment.room_id == world.room_ids[0], now=LATER)
    assert stored(token).revision == 0


def test_a_patients_new_name_reaches_the_practitioners_calendar(context: Flask) -> None:
    world = make_world()
    appointment = make_appointment(world, at(3))
    token = issue(practitioner_id=world.practitioner_id, detail="full")
    known = {"family_name": "Pain", "email": "paul.pain@mail.example"}
    for version, given_name in enumerate(("Paula", "Paula"), start=1):
        details = PatientDetails(given_name=given_name, **known)
        change_patient(world.patient_id, details, version=version, actor=RECEPTIONIST, now=LATER)
    db.session.refresh(appointment)
    assert (appointment.sequence, appointment.changed_at, stored(token).revision) == (1, LATER, 1)


def test_what_is_loaded_follows_a_renaming(context: Flask) -> None:
    world = make_world()
    patient = db.session.get_one(Patient, world.patient_id)
    appointment = make_appointment(world, at(3))
    patient.given_name = "Paula"
    touch_events(db.session(), Appointment.patient_id == patient.id, now=LATER)
    db.session.commit()
    assert (patient.given_name, appointment.sequence) == ("Paula", 1)
