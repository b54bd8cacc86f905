"""Signing in, being slowed down, and browser sessions that end."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from flask import Flask
from sqlalchemy import func, select

from scheduler.errors import Conflict, InvalidInput, NotFound, SignInBackOff, SignInRefused
from scheduler.extensions import db
from scheduler.models import AuditEntry, BrowserSession, SignInFailure
from scheduler.models.staff import Role
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.staff import passwords
from scheduler.usecases.staff import sign_in as staff
from scheduler.usecases.staff.people import add_staff
from tests.conftest import COSTLY_HASHER, COSTLY_NOBODYS
from tests.factories import NOW, PASSWORD, make_staff, save

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
ADDED = {
    "email": "Rita@Clinic.example",
    "name": "Rita",
    "role": Role.RECEPTION,
    "password": "a good password",
}


def fail(times: int, *, name: str = "reception", source: str = HERE, now: datetime = NOW) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            staff.sign_in(name, "wrong", source=source, now=now)


def test_added_staff_sign_in_whatever_the_case_of_the_name(context: Flask) -> None:
    add_staff(**ADDED, actor=COMMAND, now=NOW)
    secret = staff.sign_in(" rita@clinic.EXAMPLE ", "a good password", source=HERE, now=NOW)
    found = staff.staff_for_cookie(secret, now=NOW)
    assert found is not None
    assert (found.name, found.email, found.role) == ("Rita", "rita@clinic.example", Role.RECEPTION)


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "two words"), ("email", " "), ("name", " "), ("password", "short"), ("password", "x" * 201)],
)
def test_staff_that_could_not_sign_in_are_refused(context: Flask, field: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add_staff(**ADDED | {field: value}, actor=COMMAND, now=NOW)
    assert caught.value.details["field"] == field


def test_a_sign_in_name_is_given_once(context: Flask) -> None:
    add_staff(**ADDED, actor=COMMAND, now=NOW)
    with pytest.raises(Conflict):
        add_staff(**ADDED | {"email": "rita@clinic.example"}, actor=COMMAND, now=NOW)


def test_passwords_and_session_secrets_are_stored_as_hashes_only(context: Flask) -> None:
    row = add_staff(**ADDED, actor=COMMAND, now=NOW)
    secret = staff.sign_in("rita@clinic.example", "a good password", source=HERE, now=NOW)
    assert row.password_hash.startswith("$argon2id$")
    assert db.session.scalar(select(BrowserSession.token_hash)) == staff._hash(secret) != secret


def test_a_password_costs_who_guesses_what_the_rfc_recommends() -> None:
    assert extract_parameters(COSTLY_HASHER.hash("a good password")) == RFC_9106_LOW_MEMORY
    assert extract_parameters(COSTLY_NOBODYS) == RFC_9106_LOW_MEMORY


def test_unknown_names_are_refused_like_wrong_passwords(context: Flask) -> None:
    make_staff()
    refusals = []
    for name in ("reception", "nobody"):
        with pytest.raises(SignInRefused) as caught:
            staff.sign_in(name, "wrong", source=HERE, now=NOW)
        refusals.append(str(caught.value))
    assert refusals[0] == refusals[1]


def test_archived_staff_cannot_sign_in_and_lose_their_sessions(context: Flask) -> None:
    person = make_staff()
    secret = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    person = db.session.merge(person)
    person.archived_at = NOW
    save()
    assert staff.staff_for_cookie(secret, now=NOW) is None
    fail(1)


def test_the_fifth_failure_makes_everybody_wait_for_that_name(context: Flask) -> None:
    make_staff()
    fail(5)
    with pytest.raises(SignInBackOff) as caught:
        staff.sign_in("reception", PASSWORD, source=ELSEWHERE, now=NOW)
    assert caught.value.details == {"retry_after_seconds": 2}
    assert staff.sign_in("reception", PASSWORD, source=ELSEWHERE, now=NOW + timedelta(seconds=2))


def test_the_fifth_failure_makes_one_address_wait_for_all_names(context: Flask) -> None:
    make_staff()
    for number in range(5):
        fail(1, name=f"guess {number}")
    with pytest.raises(SignInBackOff):
        staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    assert staff.sign_in("reception", PASSWORD, source=ELSEWHERE, now=NOW)


def test_unknown_names_wait_as_known_ones_do(context: Flask) -> None:
    fail(5, name="nobody")
    with pytest.raises(SignInBackOff):
        staff.sign_in("nobody", "wrong", source=ELSEWHERE, now=NOW)


def test_tries_while_waiting_do_not_lengthen_the_wait(context: Flask) -> None:
    fail(5)
    for _ in range(20):
        with pytest.raises(SignInBackOff):
            staff.sign_in("reception", "wrong", source=HERE, now=NOW)
    fail(1, now=NOW + timedelta(seconds=2))


def test_guessing_side_by_side_wins_no_extra_tries(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", COSTLY_HASHER)  # so that all are still busy with the first

    def guess(_number: int) -> type[Exception]:
        with app.app_context(), pytest.raises((SignInRefused, SignInBackOff)) as caught:
            staff.sign_in("reception", "wrong", source=HERE, now=NOW)
        return caught.type

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(guess, range(16)))
    assert outcomes == {SignInRefused: 5, SignInBackOff: 11}


def test_success_forgets_the_failures(context: Flask) -> None:
    make_staff()
    fail(4)
    staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    assert db.session.scalar(select(func.count()).select_from(SignInFailure)) == 0
    fail(4)


def test_old_failures_are_forgotten_after_a_day(context: Flask) -> None:
    fail(5)
    later = NOW + timedelta(hours=25)
    fail(5, now=later)
    with pytest.raises(SignInBackOff) as caught:
        staff.sign_in("reception", "wrong", source=HERE, now=later)
    assert caught.value.details == {"retry_after_seconds": 2}


def test_a_session_ends_twelve_hours_after_its_last_use(context: Flask) -> None:
    make_staff()
    secret = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    used_at = NOW + timedelta(hours=11)
    assert staff.staff_for_cookie(secret, now=used_at) is not None
    assert (
        staff.staff_for_cookie(secret, now=used_at + timedelta(hours=12) - timedelta(seconds=1)) is not None
    )
    assert staff.staff_for_cookie(secret, now=used_at + timedelta(hours=36)) is None


def test_using_a_session_is_written_at_most_every_five_minutes(context: Flask) -> None:
    make_staff()
    secret = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    seen = []
    for minutes in (4, 5, 9, 10):
        staff.staff_for_cookie(secret, now=NOW + timedelta(minutes=minutes))
        db.session.expire_all()
        seen.append(db.session.scalar(select(BrowserSession.last_seen_at)))
    assert seen == [NOW + timedelta(minutes=minutes) for minutes in (0, 5, 5, 10)]


def test_signing_out_ends_the_session_and_no_other(context: Flask) -> None:
    make_staff()
    first, second = (staff.sign_in("reception", PASSWORD, source=HERE, now=NOW) for _ in range(2))
    staff.sign_out(first, actor=COMMAND, now=NOW)
    assert staff.staff_for_cookie(first, now=NOW) is None
    assert staff.staff_for_cookie(second, now=NOW) is not None


def test_one_revokes_ones_own_sessions_only(context: Flask) -> None:
    mine, other = make_staff(), make_staff(Role.ADMIN)
    mine_id, other_id = mine.id, other.id
    secret = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    (row,) = staff.list_sessions(mine_id, now=NOW)
    row_id = row.id
    with pytest.raises(NotFound):
        staff.revoke_session(row_id, staff_id=other_id, actor=COMMAND, now=NOW)
    staff.revoke_session(row_id, staff_id=mine_id, actor=COMMAND, now=NOW)
    assert staff.staff_for_cookie(secret, now=NOW) is None


def test_signing_in_sweeps_up_sessions_that_ended(context: Flask) -> None:
    make_staff()
    staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    staff.sign_in("reception", PASSWORD, source=HERE, now=NOW + timedelta(hours=12))
    assert db.session.scalar(select(func.count()).select_from(BrowserSession)) == 1


def test_signing_in_and_out_leave_a_trail(context: Flask) -> None:
    make_staff()
    secret = staff.sign_in("reception", PASSWORD, source=HERE, now=NOW)
    staff.sign_out(secret, actor=COMMAND, now=NOW)
    trail = db.session.execute(select(AuditEntry.action, AuditEntry.source).order_by(AuditEntry.id)).all()
    assert [tuple(row) for row in trail] == [("signed_in", HERE), ("signed_out", "cli")]
