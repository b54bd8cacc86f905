"""Changing and disabling people who sign in, and giving them another password."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NotFound, SignInBackOff, SignInRefused, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry, BrowserSession, Staff
from scheduler.models.staff import Role
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.staff import sign_in as staff
from scheduler.usecases.staff.accounts import (
    StaffDetails,
    change_own_password,
    change_staff,
    disable_staff,
    enable_staff,
    get_staff,
    list_staff,
    set_password,
    staff_stamp,
)
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


def edit(number: int, *, seen: str | None = None, **changes: object) -> Staff:
    row = get_staff(number)
    known = {"email": row.email, "name": row.name, "role": Role(row.role), "locale": row.locale}
    stamp = staff_stamp(row) if seen is None else seen
    return change_staff(number, StaffDetails(**known | changes), seen=stamp, actor=COMMAND, now=NOW)


def test_a_person_is_changed_and_stays_signed_in(context: Flask) -> None:
    number = make_staff().id
    secret = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    edit(number, email="Rita@Clinic.example", name="Rita", role=Role.ADMIN, locale="de")
    found = staff.staff_for_cookie(secret, now=NOW)
    assert found is not None
    assert (found.email, found.name, found.role, found.locale) == (
        "rita@clinic.example",
        "Rita",
        Role.ADMIN,
        "de",
    )


def test_a_stale_change_of_a_person_is_refused(context: Flask) -> None:
    number = make_staff().id
    seen = staff_stamp(get_staff(number))
    edit(number, name="Rita")
    with pytest.raises(StaleVersion):
        edit(number, seen=seen, name="Rosa")


def test_a_name_of_somebody_else_is_taken_even_if_they_are_disabled(context: Flask) -> None:
    make_staff(Role.PRACTITIONER, archived_at=NOW)
    number = make_staff().id
    with pytest.raises(Conflict) as caught:
        edit(number, email="practitioner")
    assert caught.value.details["field"] == "email"


@pytest.mark.parametrize("removal", ["disabled", "another role"])
def test_the_last_administrator_stays(context: Flask, removal: str) -> None:
    number = make_staff(Role.ADMIN).id
    make_staff(Role.ADMIN, email="former", archived_at=NOW)

    def remove() -> None:
        if removal == "disabled":
            disable_staff("admin", actor=COMMAND, now=NOW)
        else:
            edit(number, role=Role.RECEPTION)

    with pytest.raises(Conflict):
        remove()
    make_staff(Role.ADMIN, email="second")
    remove()
    assert get_staff(number).role == "reception" or get_staff(number).archived_at == NOW


def test_two_administrators_cannot_remove_each_other_at_once(app: Flask) -> None:
    with app.app_context():
        for name in ("one", "two"):
            make_staff(Role.ADMIN, email=name)
    refused = []

    def remove(name: str) -> None:
        with app.app_context():
            try:
                disable_staff(name, actor=COMMAND, now=NOW)
            except Conflict:
                refused.append(name)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(remove, ("one", "two")))
    with app.app_context():
        left = [row.email for row in list_staff() if row.archived_at is None]
    assert left == refused
    assert len(left) == 1


def test_who_was_disabled_signs_in_again_with_a_new_password(context: Flask) -> None:
    number = make_staff(archived_at=NOW).id
    enable_staff(number, "another password", actor=COMMAND, now=NOW)
    assert staff.sign_in("reception", "another password", source=HERE, now=NOW)
    with pytest.raises(Conflict):
        enable_staff(number, "another password", actor=COMMAND, now=NOW)


def change_own(number: int, present: str = PASSWORD, password: str = "another password") -> None:
    session_id = db.session.scalar(select(BrowserSession.id).order_by(BrowserSession.id.desc())) or 0
    change_own_password(number, present, password, session_id=session_id, source=HERE, actor=COMMAND, now=NOW)


def test_ones_own_password_ends_all_sessions_but_this_one(context: Flask) -> None:
    number = make_staff().id
    other = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    this = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    change_own(number)
    assert staff.staff_for_cookie(other, now=NOW) is None
    assert staff.staff_for_cookie(this, now=NOW) is not None
    assert staff.sign_in("reception", "another password", source=HERE, now=NOW)


@pytest.mark.parametrize(
    ("field", "present", "password"),
    [
        ("present", "wrong", "another password"),
        ("password", PASSWORD, "short"),
        ("password", PASSWORD, PASSWORD),
    ],
)
def test_ones_own_password_is_not_changed_carelessly(
    context: Flask, field: str, present: str, password: str
) -> None:
    number = make_staff().id
    with pytest.raises(InvalidInput) as caught:
        change_own(number, present, password)
    assert caught.value.details["field"] == field
    assert staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)


def test_guessing_ones_present_password_is_slowed_down(context: Flask) -> None:
    number = make_staff().id
    for _ in range(5):
        with pytest.raises(InvalidInput):
            change_own(number, "wrong")
    with pytest.raises(SignInBackOff):
        change_own(number)
