"""Keys of programs: issued once, told apart by role, revocable."""

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Conflict, InvalidInput, NotFound
from scheduler.extensions import db
from scheduler.models import ApiKey
from scheduler.models.staff import Role
from scheduler.usecases.actors import COMMAND, Actor
from scheduler.usecases.staff import api_keys
from tests.factories import NOW


def test_a_key_acts_in_its_role(context: Flask) -> None:
    issued = api_keys.issue_api_key(" kiosk ", Role.PRACTITIONER, actor=COMMAND, now=NOW)
    assert api_keys.actor_for_api_key(issued.key, source="192.0.2.1") == Actor(
        kind="api_key", id=issued.id, name="kiosk", role=Role.PRACTITIONER, source="192.0.2.1"
    )


@pytest.mark.parametrize("key", ["", "ntk_wrong", "ntk_"])
def test_an_unknown_key_is_nobody(context: Flask, key: str) -> None:
    api_keys.issue_api_key("kiosk", Role.ADMIN, actor=COMMAND, now=NOW)
    assert api_keys.actor_for_api_key(key, source="192.0.2.1") is None


def test_a_revoked_key_is_nobody(context: Flask) -> None:
    issued = api_keys.issue_api_key("kiosk", Role.ADMIN, actor=COMMAND, now=NOW)
    api_keys.revoke_api_key("kiosk", actor=COMMAND, now=NOW)
    assert api_keys.actor_for_api_key(issued.key, source="192.0.2.1") is None
    with pytest.raises(NotFound):
        api_keys.revoke_api_key("kiosk", actor=COMMAND, now=NOW)


def test_the_key_itself_is_not_stored(context: Flask) -> None:
    issued = api_keys.issue_api_key("kiosk", Role.ADMIN, actor=COMMAND, now=NOW)
    row = db.session.scalars(select(ApiKey)).one()
    assert issued.key not in {row.name, row.key_hash}
    assert len(issued.key) == len(api_keys.PREFIX) + 43


def test_names_of_keys_are_unique_and_not_empty(context: Flask) -> None:
    api_keys.issue_api_key("kiosk", Role.ADMIN, actor=COMMAND, now=NOW)
    with pytest.raises(Conflict, match="kiosk"):
        api_keys.issue_api_key("kiosk", Role.ADMIN, actor=COMMAND, now=NOW)
    with pytest.raises(InvalidInput):
        api_keys.issue_api_key("  ", Role.ADMIN, actor=COMMAND, now=NOW)
