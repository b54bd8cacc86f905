"""Disabling people who sign in, and giving them another password."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput, NotFound, SignInRefused
from scheduler.extensions import db
from scheduler.models import AuditEntry, BrowserSession
from scheduler.models.staff import Role
from scheduler.usecases import staff
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.staff_accounts import disable_staff, list_staff, set_password
from tests.factories import NOW, PASSWORD, make_staff

HERE = "192.0.2.1"
CHANGES: dict[str, Callable[[], object]] = {
    "disabled": lambda: disable_staff("reception", actor=COMMAND, now=NOW),
    "another password": lambda: set_password("reception", "another password", actor=COMMAND, now=NOW),
}


@pytest.fixture(params=CHANGES)
def change(request: pytest.FixtureRequest) -> Callable[[], object]:
    """What ends the sessions of reception, to be called."""
    return CHANGES[request.param]


def test_it_ends_that_persons_sessions_and_no_others(context: Flask, change: Callable[[], object]) -> None:
    make_staff()
    other_id = make_staff(Role.ADMIN).id
    for name in ("reception", "reception", "admin"):
        staff.sign_in(name, PASSWORD, source=HERE, now=NOW)
    change()
    assert list(db.session.scalars(select(BrowserSession.staff_id))) == [other_id]


def test_the_old_password_opens_nothing(context: Flask, change: Callable[[], object]) -> None:
    make_staff()
    change()
    with pytest.raises(SignInRefused):
        staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)


def test_who_was_just_signing_in_is_refused(context: Flask, change: Callable[[], object]) -> None:
    make_staff()
    staff_id, verified = staff._count_try("reception", HERE, now=NOW)
    assert staff_id is not None
    change()
    with pytest.raises(SignInRefused):
        staff._open_session(staff_id, verified, "reception", HERE, now=NOW)
    assert list(db.session.scalars(select(BrowserSession))) == []


def test_another_password_signs_in(context: Flask) -> None:
    make_staff()
    set_password(" RECEPTION", "another password", actor=COMMAND, now=NOW)
    assert staff.sign_in("reception", "another password", source=HERE, now=NOW)


def test_a_password_too_short_changes_nothing(context: Flask) -> None:
    make_staff()
    secret = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    with pytest.raises(InvalidInput):
        set_password("reception", "short", actor=COMMAND, now=NOW)
    assert staff.staff_for_cookie(secret, now=NOW) is not None


def test_nobody_is_disabled_twice(context: Flask) -> None:
    make_staff()
    disable_staff("reception", actor=COMMAND, now=NOW)
    with pytest.raises(NotFound) as caught:
        disable_staff("reception", actor=COMMAND, now=NOW)
    assert str(caught.value) == "Nobody signs in as reception."
    with pytest.raises(NotFound):
        set_password("reception", "another password", actor=COMMAND, now=NOW)


def test_the_disabled_are_listed_last(context: Flask) -> None:
    make_staff(Role.ADMIN, archived_at=NOW)
    make_staff(Role.RECEPTION)
    make_staff(Role.PRACTITIONER)
    assert [row.email for row in list_staff()] == ["practitioner", "reception", "admin"]


def test_the_trail_tells_what_was_done_and_no_password(context: Flask) -> None:
    number = make_staff().id
    set_password("reception", "another password", actor=COMMAND, now=NOW)
    disable_staff("reception", actor=COMMAND, now=NOW)
    trail = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    assert [(row.action, row.entity_id, row.detail) for row in trail] == [
        ("password_set", number, {}),
        ("staff_disabled", number, {}),
    ]
