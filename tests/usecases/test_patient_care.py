"""Consents, the archive, the mailed list of appointments and the trail of one patient."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NotFound, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry, Consent, FeedToken, Message, MessageItem, MessageState, Patient
from scheduler.usecases.appointments.mailed_list import LIST, mail_appointment_list
from scheduler.usecases.feeds.tokens import issue_feed_token
from scheduler.usecases.gaps.waitlist import add_to_waitlist
from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.patients.archive import archive_patient, list_archived_patients, restore_patient
from scheduler.usecases.patients.consents import record_consent, withdraw_consent
from scheduler.usecases.patients.registry import find_patients, view_patient
from scheduler.usecases.patients.trail import read_trail
from scheduler.usecases.plans.life import discontinue_plan
from scheduler.usecases.plans.prescribing import PhaseWish, prescribe_plan
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient, make_world
from tests.mail.smtp_server import ScriptedServer
from tests.mail.support import dispatch
from tests.usecases.gap_world import wish_for

BY = {"actor": RECEPTIONIST, "now": NOW}


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def consents(patient_id: int) -> list[tuple[str, str, date, date | None]]:
    rows = db.session.scalars(select(Consent).where(Consent.patient_id == patient_id).order_by(Consent.id))
    return [(row.kind, row.version, row.given_on, row.withdrawn_on) for row in rows]


def record(patient_id: int, **changes: object) -> Consent:
    values = {"kind": "dry_needling", "version": "2026-01", "given_on": date(2026, 3, 1)} | changes
    return record_consent(patient_id, **values, **BY)  # type: ignore[arg-type]


def test_a_consent_is_in_force_until_it_is_withdrawn_and_can_be_given_again(world: World) -> None:
    first = record(world.patient_id).id
    with pytest.raises(Conflict):
        record(world.patient_id)
    withdraw_consent(world.patient_id, first, **BY)
    withdraw_consent(world.patient_id, first, **BY | {"now": NOW + timedelta(days=3)})
    record(world.patient_id, version=" 2026-02 ")
    assert consents(world.patient_id) == [
        ("dry_needling", "2026-01", date(2026, 3, 1), date(2026, 3, 2)),
        ("dry_needling", "2026-02", date(2026, 3, 1), None),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "made_up"},
        {"version": " "},
        {"version": "x" * 41},
        {"given_on": date(2026, 3, 3)},
        {"given_on": date(1949, 12, 31)},
    ],
)
def test_a_consent_that_cannot_be_is_refused(world: World, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        record(world.patient_id, **changes)
    assert consents(world.patient_id) == []


def test_nobody_signs_before_their_birth(world: World) -> None:
    child = make_patient("Kim", "Kind", born_on=date(2020, 5, 5)).id
    with pytest.raises(InvalidInput):
        record(child, given_on=date(2020, 5, 4))


def test_a_consent_of_somebody_else_is_not_found(world: World) -> None:
    other = record(make_patient("Other").id).id
    with pytest.raises(NotFound):
        withdraw_consent(world.patient_id, other, **BY)


def test_the_archive_hides_a_patient_and_gives_them_back(world: World) -> None:
    token = issue_feed_token(patient_id=world.patient_id, **BY).id
    archive_patient(world.patient_id, version=1, **BY)
    assert find_patients("").items == []
    assert [row.id for row in list_archived_patients().items] == [world.patient_id]
    assert db.session.get_one(FeedToken, token).revoked_at == NOW
    restore_patient(world.patient_id, version=2, **BY)
    assert list_archived_patients().items == []
    assert db.session.get_one(Patient, world.patient_id).archived_at is None
    assert db.session.get_one(FeedToken, token).revoked_at == NOW


def test_who_is_put_away_waits_for_nothing_and_the_trail_says_what_was_let_go(world: World) -> None:
    issue_feed_token(patient_id=world.patient_id, **BY)
    entry = add_to_waitlist(world.patient_id, wish_for(world), **BY)
    archive_patient(world.patient_id, version=1, **BY)
    db.session.refresh(entry)
    assert (entry.closed_why, entry.closed_at) == ("withdrawn", NOW)
    told = select(AuditEntry.action).where(AuditEntry.patient_id == world.patient_id).order_by(AuditEntry.id)
    assert list(db.session.scalars(told))[-3:] == [
        "feed_token_revoked",
        "waitlist_closed",
        "patient_archived",
    ]


def test_a_patient_who_is_still_to_come_is_not_archived(world: World) -> None:
    row = make_appointment(world, at(3))
    with pytest.raises(Conflict, match="Appointments lie ahead"):
        archive_patient(world.patient_id, version=1, **BY)
    db.session.delete(db.session.merge(row))
    db.session.commit()
    plan = prescribe_plan(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        starts_on=date(2026, 3, 3),
        phases=[PhaseWish(1, 1, 1, 1)],
        **BY,
    )
    with pytest.raises(Conflict, match="Individual plan"):
        archive_patient(world.patient_id, version=1, **BY)
    discontinue_plan(plan.id, version=1, release=True, **BY)
    with pytest.raises(StaleVersion):
        archive_patient(world.patient_id, version=9, **BY)
    assert archive_patient(world.patient_id, version=1, **BY).archived_at == NOW


def mails() -> list[Message]:
    return list(db.session.scalars(select(Message).where(Message.batch == LIST).order_by(Message.id)))


def test_the_list_names_every_appointment_ahead_once(world: World) -> None:
    make_appointment(world, at(2, 7), uid="past")
    make_appointment(world, at(4), uid="cancelled", status="cancelled")
    later, sooner = make_appointment(world, at(9)), make_appointment(world, at(5))
    mail_appointment_list(world.patient_id, **BY)
    (mail,) = mails()
    told = db.session.scalars(select(MessageItem.appointment_id).where(MessageItem.message_row_id == mail.id))
    assert set(told) == {sooner.id, later.id}
    assert (mail.kind, mail.recipient, mail.due_at) == ("series_confirmation", "paul.pain@mail.example", NOW)
    assert mail.pointless_at == at(9)


def test_the_mailed_list_says_every_date(world: World) -> None:
    for day in (9, 5):
        make_appointment(world, at(day))
    mail_appointment_list(world.patient_id, **BY)
    with ScriptedServer() as server:
        dispatch(server, NOW + timedelta(minutes=1))
    (mail,) = server.taken
    body = mail.parsed.get_body(preferencelist=("plain",))
    assert body is not None
    text = str(body.get_content())
    assert str(mail.parsed["Subject"]) == "Your 2 appointments from Thursday, 5 March"
    assert [date in text for date in ("5 March 2026, 10:00", "9 March 2026, 10:00")] == [True, True]


def test_the_list_goes_out_again_once_the_first_is_gone_but_not_twice_at_once(world: World) -> None:
    make_appointment(world, at(5))
    once = Idempotency(key="k", fingerprint="f")
    first = mail_appointment_list(world.patient_id, **BY, idempotency=once).id
    assert mail_appointment_list(world.patient_id, **BY, idempotency=once).id == first
    with pytest.raises(Conflict, match="on its way"):
        mail_appointment_list(world.patient_id, **BY)
    mails()[0].state = MessageState.SENT.value
    db.session.commit()
    mail_appointment_list(world.patient_id, **BY)
    assert [mail.kind for mail in mails()] == ["confirmation", "confirmation"]


def test_without_an_address_or_an_appointment_there_is_no_list(world: World) -> None:
    with pytest.raises(Conflict, match="no appointment ahead"):
        mail_appointment_list(world.patient_id, **BY)
    silent = make_patient("No", "Mail", email=None).id
    make_appointment(world, at(5), patient_id=silent)
    with pytest.raises(InvalidInput, match="no email address"):
        mail_appointment_list(silent, **BY)
    assert mails() == []


def test_the_trail_tells_changes_and_on_request_who_looked(world: World) -> None:
    record(world.patient_id)
    view_patient(world.patient_id, **BY | {"now": NOW + timedelta(minutes=1)})
    view_patient(make_patient("Other").id, **BY)
    assert [row.action for row in read_trail(world.patient_id).items] == ["consent_recorded"]
    assert [row.action for row in read_trail(world.patient_id, looks=True).items] == [
        "patient_viewed",
        "consent_recorded",
    ]
    assert read_trail(world.patient_id, looks=True, page=2, page_size=1).items[0].action == "consent_recorded"
    assert db.session.query(AuditEntry).count() == 3
