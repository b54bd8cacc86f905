"""The secret address of a patient's page: one that is good, derived, renewed, revocable; and what mails say of it."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NotFound, StaleVersion
from scheduler.extensions import db
from scheduler.mail.site import Site
from scheduler.models import AppointmentType, AuditEntry, Clinic, FeedToken, PatientLink, Task
from scheduler.usecases.appointments.changing import book_appointment
from scheduler.usecases.feeds.tokens import hash_secret, issue_feed_token
from scheduler.usecases.messages.claims import claim_messages
from scheduler.usecases.patient_side.links import (
    LASTS,
    issue_link,
    note_use,
    patient_actor,
    revoke_links,
    use_is_to_be_noted,
    visitor_for,
)
from scheduler.usecases.patient_side.times import Wish, ask_for_times, read, written
from scheduler.usecases.patient_side.wishes import calendar_for
from scheduler.usecases.patients.archive import archive_patient
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_patient, make_world

KEY = "a key of these tests"


@pytest.fixture
def world(context: Flask) -> World:
    return make_world()


def issue(world: World, now: datetime = NOW) -> str:
    return issue_link(world.patient_id, key=KEY, actor=RECEPTIONIST, now=now)


def test_one_link_is_reused_and_only_its_hash_is_kept(world: World) -> None:
    secret = issue(world)
    assert (len(secret), issue(world)) == (43, secret)
    row = db.session.query(PatientLink).one()
    assert row.token_hash == hash_secret(secret)
    assert secret not in str(vars(row))
    assert visitor_for(secret, now=NOW).patient_id == world.patient_id


def test_another_key_makes_no_link_that_opens_anything(world: World) -> None:
    issue(world)
    with pytest.raises(NotFound):
        visitor_for(issue_link(world.patient_id, key="other", actor=RECEPTIONIST, now=NOW), now=NOW)


def test_a_link_ends_after_half_a_year_and_use_renews_it(world: World) -> None:
    secret = issue(world)
    with pytest.raises(NotFound):
        visitor_for(secret, now=NOW + LASTS)
    late = NOW + LASTS - timedelta(days=1)
    visitor = visitor_for(secret, now=late)
    assert use_is_to_be_noted(visitor, now=late)
    note_use(visitor, now=late + timedelta(minutes=20))
    again = visitor_for(secret, now=NOW + LASTS)
    assert again.last_used_at == late
    assert not use_is_to_be_noted(again, now=late + timedelta(minutes=50))
    assert again.expires_at == late + timedelta(minutes=20) + LASTS


def test_a_revoked_link_opens_nothing_and_the_next_is_another(world: World) -> None:
    secret = issue(world)
    for _ in range(2):
        revoke_links(world.patient_id, actor=RECEPTIONIST, now=NOW)
    with pytest.raises(NotFound):
        visitor_for(secret, now=NOW)
    assert issue(world) != secret
    assert db.session.query(AuditEntry).filter_by(action="patient_link_revoked").count() == 1


def test_calendars_made_on_the_page_end_with_its_link_and_those_of_the_desk_stay(world: World) -> None:
    visitor = visitor_for(issue(world), now=NOW)
    patient = patient_actor(world.patient_id, "192.0.2.1")
    for name in ("Google", "Apple"):
        calendar_for(visitor, name, key=KEY, actor=patient, now=NOW)
    of_the_desk = issue_feed_token(patient_id=world.patient_id, name="Google", actor=RECEPTIONIST, now=NOW)
    of_another = issue_feed_token(patient_id=make_patient().id, actor=RECEPTIONIST, now=NOW)
    assert revoke_links(world.patient_id, actor=RECEPTIONIST, now=NOW) == 2
    good = select(FeedToken.id).where(FeedToken.revoked_at.is_(None)).order_by(FeedToken.id)
    assert db.session.scalars(good).all() == [of_the_desk.id, of_another.id]
    (row,) = db.session.query(AuditEntry).filter_by(action="patient_link_revoked")
    assert row.detail == {"calendars": 2}
    assert db.session.query(AuditEntry).filter_by(action="feed_token_revoked").count() == 2


def test_an_archived_patient_has_no_page(world: World) -> None:
    secret = issue(world)
    archive_patient(world.patient_id, version=1, actor=RECEPTIONIST, now=NOW)
    with pytest.raises(NotFound):
        visitor_for(secret, now=NOW)


def test_a_claimed_mail_knows_the_page_that_opens(world: World) -> None:
    book_appointment(
        patient_id=world.patient_id,
        practitioner_id=world.practitioner_id,
        appointment_type_id=world.needling_id,
        starts_at=at(10),
        actor=RECEPTIONIST,
        now=NOW,
    )
    (letter,) = claim_messages(limit=10, now=NOW, link_key=KEY).letters
    assert letter.page is not None
    url = Site("https://desk.example", KEY).patient(letter.page)
    assert url == f"https://desk.example/p/{issue(world)}"
    assert visitor_for(url.rpartition("/")[2], now=NOW).patient_id == world.patient_id
    assert letter.page.nonce not in repr(letter)


@pytest.fixture
def open_world(world: World) -> World:
    db.session.get_one(Clinic, 1).rebooking = "request"
    db.session.get_one(AppointmentType, world.needling_id).patients_may_move = True
    db.session.commit()
    return world


def ask(
    world: World, number: int, *wishes: Wish, version: int = 1, remark: str = "", now: datetime = NOW
) -> Task:
    return ask_for_times(
        world.patient_id,
        number,
        wishes,
        version=version,
        remark=remark,
        actor=patient_actor(world.patient_id, "127.0.0.1"),
        now=now,
    )


def test_asking_again_changes_the_open_request(open_world: World) -> None:
    row = make_appointment(open_world, at(10)).id
    wish = Wish(at(11), open_world.practitioner_id, open_world.location_id)
    later = wish._replace(starts_at=at(12))
    first, second = ask(open_world, row, wish), ask(open_world, row, later, later, remark="a\nb\0c")
    assert first.id == second.id
    assert second.detail == {
        "fields": {"when": "2026-03-10 10:00", "remark": "a b c"},
        "wishes": [written(later)],
    }
    assert read(written(wish)) == wish
    assert db.session.query(AuditEntry).filter_by(actor_kind="patient").count() == 2


def test_what_may_not_be_asked_is_refused(open_world: World) -> None:
    row = make_appointment(open_world, at(10)).id
    wish = Wish(at(11), open_world.practitioner_id, open_world.location_id)
    with pytest.raises(InvalidInput):
        ask(open_world, row)
    with pytest.raises(InvalidInput):
        ask(open_world, row, *(wish._replace(starts_at=at(day)) for day in (11, 12, 13, 14)))
    with pytest.raises(StaleVersion):
        ask(open_world, row, wish, version=2)
    with pytest.raises(Conflict):
        ask(open_world, row, wish, now=at(10) - timedelta(hours=23))
    with pytest.raises(NotFound):
        ask(open_world, 99, wish)
    db.session.get_one(AppointmentType, open_world.needling_id).patients_may_move = False
    db.session.commit()
    with pytest.raises(Conflict):
        ask(open_world, row, wish)
    assert db.session.query(Task).count() == 0


@pytest.mark.parametrize("text", ["", "1|2", "a|b|c", "1|2|3|4", "99999999999999999999|1|1"])
def test_a_wish_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read(text)
