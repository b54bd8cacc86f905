"""What may be entered about a patient, value by value."""

import re
from datetime import date, datetime
from typing import Any

from scheduler.errors import InvalidInput
from scheduler.usecases.clinic.catalogue import checked_zone
from scheduler.usecases.edits import EMAIL
from scheduler.usecases.mail_choices import checked_muted, checked_offsets

OLDEST = date(1890, 1, 1)
LONGEST_NAME, LONGEST_EMAIL, LONGEST_PHONE = 200, 320, 40
LONGEST_ATTENTION, LONGEST_REFERENCE = 300, 40


def checked_detail(name: str, value: Any, now: datetime) -> Any:
    """One value of PatientDetails as it is stored; raises InvalidInput."""
    match name:
        case "given_name" | "family_name":
            return _name(name, value)
        case "email":
            return _email(value)
        case "phone":
            return _phone(value)
        case "born_on":
            return _born_on(value, now)
        case "locale":
            return value or None
        case "zone":
            return checked_zone(value) if value else None
        case "notes":
            return value.replace("\0", "").strip()
        case "cautions":
            return list(value)
        case "muted_kinds":
            return checked_muted(value)
        case "reminder_offsets_minutes":
            return checked_offsets(value)
        case "attention":
            return _attention(value)
        case "reference":
            return _reference(value)
        case _:
            return value


def _name(field: str, value: str) -> str:
    clean = " ".join("".join(letter for letter in value if letter.isprintable()).split())
    if not clean:
        raise InvalidInput("Please enter the given name and the family name.", field=field)
    if len(clean) > LONGEST_NAME:
        raise InvalidInput("A name has at most 200 letters.", field=field)
    return clean


def _email(value: str | None) -> str | None:
    clean = (value or "").strip()
    if not clean:
        return None
    if not EMAIL.fullmatch(clean) or len(clean) > LONGEST_EMAIL or not clean.isprintable():
        raise InvalidInput("An email address looks like name@example.org.", field="email")
    return clean


def _attention(value: str) -> str:
    clean = " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
    if len(clean) > LONGEST_ATTENTION:
        raise InvalidInput(
            "That is too long: at most %(most)s letters.", most=LONGEST_ATTENTION, field="attention"
        )
    return clean


def _reference(value: str | None) -> str | None:
    clean = " ".join((value or "").split())
    if not clean:
        return None
    if len(clean) > LONGEST_REFERENCE or not clean.isprintable():
        raise InvalidInput(
            "That is too long: at most %(most)s letters.", most=LONGEST_REFERENCE, field="reference"
        )
    return clean


def _phone(value: str | None) -> str | None:
    clean = " ".join((value or "").split())
    if not clean:
        return None
    if not re.fullmatch(r"[+\d][\d ()/.-]{2,}", clean) or len(clean) > LONGEST_PHONE:
        raise InvalidInput("A phone number has digits, spaces and + ( ) / - only.", field="phone")
    return clean


def _born_on(value: date | None, now: datetime) -> date | None:
    if value is not None and not OLDEST <= value <= now.date():
        raise InvalidInput("That birth date cannot be right; enter it as 1980-12-31.", field="born_on")
    return value
