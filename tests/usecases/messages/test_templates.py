"""The clinic's own words as they are stored: kept, refused, thrown away; and that mails use them."""

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InvalidInput, NotFound, StaleVersion
from scheduler.extensions import db
from scheduler.models import AuditEntry
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.messages.letter_rows import load_letters
from scheduler.usecases.messages.own_words import OwnWords
from scheduler.usecases.messages.templates import (
    change_mail_template,
    find_mail_template,
    list_mail_templates,
    reset_mail_template,
)
from tests.factories import NOW, World, at, make_appointment, make_message, make_world

BY = {"actor": COMMAND, "now": NOW}
WORDS = OwnWords("See you {{ when }}", "Dear {{ name }},", "Bye")


def change(words: OwnWords = WORDS, version: int = 0, kind: str = "reminder", locale: str = "en") -> int:
    return change_mail_template(kind, locale, words, version=version, **BY).version


def deeds() -> list[tuple[str, dict[str, object]]]:
    rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.action, row.detail) for row in rows]


@pytest.fixture(autouse=True)
def world(context: Flask) -> World:
    return make_world()


def test_words_are_kept_and_noted() -> None:
    assert change() == 1
    row = find_mail_template("reminder", "en")
    assert row is not None
    assert (row.subject, row.lead, row.closing, row.version) == (*WORDS, 1)
    told = {"kind": "reminder", "locale": "en", "fields": ["subject", "lead", "closing"]}
    assert deeds() == [("mail_template_changed", told)]


def test_a_change_says_what_changed() -> None:
    change()
    assert change(WORDS._replace(closing=""), version=1) == 2
    assert deeds()[-1][1]["fields"] == ["closing"]


@pytest.mark.parametrize("version", [0, 2])
def test_a_stale_edit_is_refused(version: int) -> None:
    change()
    with pytest.raises(StaleVersion):
        change(WORDS._replace(closing=""), version=version)
    with pytest.raises(StaleVersion):
        reset_mail_template("reminder", "en", version=version, **BY)
    assert {key: row.closing for key, row in list_mail_templates().items()} == {("reminder", "en"): "Bye"}


def test_a_broken_text_is_refused_and_nothing_changes() -> None:
    change()
    with pytest.raises(InvalidInput):
        change(WORDS._replace(lead="{{ diagnosis }}"), version=1)
    assert [row.version for row in list_mail_templates().values()] == [1]


def test_reset_goes_back_and_keeps_the_words_in_the_trail() -> None:
    change()
    reset_mail_template("reminder", "en", version=1, **BY)
    assert list_mail_templates() == {}
    assert deeds()[-1] == (
        "mail_template_reset",
        {"kind": "reminder", "locale": "en", "before": WORDS._asdict()},
    )
    reset_mail_template("reminder", "en", version=0, **BY)
    assert len(deeds()) == 2


@pytest.mark.parametrize(("kind", "locale"), [("nothing", "en"), ("reminder", "xx")])
def test_what_is_no_mail_has_no_words(kind: str, locale: str) -> None:
    with pytest.raises(NotFound):
        change(kind=kind, locale=locale)


def test_control_characters_are_dropped() -> None:
    change(OwnWords("a\r\nBcc: b\x00", "one\r\ntwo\x1b", ""))
    row = find_mail_template("reminder", "en")
    assert row is not None
    assert (row.subject, row.lead) == ("a Bcc: b", "one\ntwo")


def test_letters_carry_the_words_and_none_where_there_are_none(world: World) -> None:
    message = make_message(make_appointment(world, at(9)))
    (before,) = load_letters(db.session(), [message.id], now=NOW)
    change()
    (after,) = load_letters(db.session(), [message.id], now=NOW)
    assert (before.own_words, after.own_words) == (None, {("reminder", "en"): WORDS})
