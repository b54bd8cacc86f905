"""Changing what the clinic is set up with: who edits says what they saw, and what they enter is checked.

These rows carry no version column. A form carries a stamp of what it showed instead, and an edit whose stamp differs
from what is stored now is refused.
"""

import hashlib
import json
import re
from collections.abc import Collection
from typing import TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput, StaleVersion
from scheduler.models.base import Base
from scheduler.usecases.lookup import find

Row = TypeVar("Row", bound=Base)
STAMP_LENGTH = 20
LONGEST_NAME, LONGEST_PROSE = 200, 2000
LANGUAGES = ("en", "de")
EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+\.[^@\s<>,;:\"()\[\]\\.]+")
_COLOUR = re.compile(r"#[0-9a-f]{6}")


def stamp_of(*rows: Base, only: Collection[str] = ()) -> str:
    """What somebody saw, in a few letters: the same as long as no column of the rows (or none of ``only``) changes."""
    seen = [
        [
            (column.key, getattr(row, column.key))
            for column in inspect(type(row)).column_attrs
            if not only or column.key in only
        ]
        for row in rows
    ]
    return hashlib.sha256(json.dumps(seen, default=str).encode()).hexdigest()[:STAMP_LENGTH]


def refuse_stale(seen: str, now_stored: str) -> None:
    """Raise StaleVersion unless what was seen is what is stored."""
    if seen != now_stored:
        raise StaleVersion(current={"seen": now_stored})


def find_to_change(session: Session, model: type[Row], number: int) -> Row:
    """The row, locked until the transaction ends and read anew. Raises NotFound."""
    row = find(session, model, number)
    session.refresh(row, with_for_update=True)
    return row


def changed_names(row: Base) -> list[str]:
    """Which columns this transaction changes in a row, by name, before they are flushed."""
    state = inspect(row)
    return sorted(
        column.key for column in state.mapper.column_attrs if state.attrs[column.key].history.has_changes()
    )


def one_line(field: str, value: str, *, most: int = LONGEST_NAME, needed: str | None = None) -> str:
    """Text in one line without control characters. Raises InvalidInput: ``needed`` is said where it is empty."""
    clean = " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
    if needed and not clean:
        raise InvalidInput(needed, field=field)
    if len(clean) > most:
        raise InvalidInput("That is too long: at most %(most)s letters.", most=most, field=field)
    return clean


def prose(field: str, value: str) -> str:
    """Text with line breaks. Raises InvalidInput where it is too long."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    clean = "\n".join("".join(letter for letter in line if letter.isprintable()).strip() for line in lines)
    if len(clean.strip()) > LONGEST_PROSE:
        raise InvalidInput("That is too long: at most %(most)s letters.", most=LONGEST_PROSE, field=field)
    return clean.strip()


def email_address(value: str, *, most: int = LONGEST_NAME, field: str = "email") -> str:
    """An email address. Raises InvalidInput."""
    clean = value.strip()
    if not EMAIL.fullmatch(clean) or len(clean) > most or not clean.isprintable():
        raise InvalidInput("An email address looks like name@example.org.", field=field)
    return clean


def whole_number(field: str, value: int, least: int, most: int, *, step: int = 1) -> int:
    """A number within its limits, on its step. Raises InvalidInput."""
    if not least <= value <= most:
        raise InvalidInput("Enter a number from %(least)s to %(most)s.", least=least, most=most, field=field)
    if value % step:
        raise InvalidInput("Enter a multiple of %(step)s.", step=step, field=field)
    return value


def colour_code(value: str) -> str:
    """A colour as #rrggbb. Raises InvalidInput."""
    clean = value.strip().lower()
    if not _COLOUR.fullmatch(clean):
        raise InvalidInput("A colour looks like #4f7cac.", field="colour")
    return clean


def language(value: str | None) -> str | None:
    """A language that there are words for, or None. Raises InvalidInput."""
    if value and value not in LANGUAGES:
        raise InvalidInput("Please choose a language from the list.", field="locale")
    return value or None
