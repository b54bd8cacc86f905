"""Practitioners: adding one, with weekly hours and the credential to needle."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models.practitioners import Credential, Practitioner, WorkingHours
from scheduler.planning.hours import DAY_MINUTES
from scheduler.planning.timeline import TICK_MINUTES
from scheduler.transaction import writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.clinic.catalogue import location_named
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.edits import EMAIL
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.patients.details import LONGEST_EMAIL, LONGEST_NAME

DRY_NEEDLING = "dry_needling"
"""The kind of credential that the shipped needling types ask for."""
LONGEST_NUMBER = 40
MOST_WEEKS = 52


@dataclass(frozen=True, slots=True)
class PractitionerDetails:
    """What is entered about a practitioner."""

    given_name: str
    family_name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class DayHours:
    """Work on one weekday (0 is Monday) over [starts_minute, ends_minute) of the local day; or InvalidInput."""

    weekday: int
    starts_minute: int
    ends_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise InvalidInput("A weekday is 0 (Monday) to 6 (Sunday).", field="hours")
        if not 0 <= self.starts_minute < self.ends_minute <= DAY_MINUTES:
            raise InvalidInput("Working hours end after they begin, on the same day.", field="hours")
        if self.starts_minute % TICK_MINUTES or self.ends_minute % TICK_MINUTES:
            raise InvalidInput("Working hours begin and end at full five minutes.", field="hours")


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A qualification valid on [issued_on, expires_on]; without ``expires_on`` for ever. Or InvalidInput."""

    issued_on: date
    expires_on: date | None = None
    issuer: str = ""
    number: str = ""
    kind: str = DRY_NEEDLING

    def __post_init__(self) -> None:
        if self.expires_on is not None and self.expires_on < self.issued_on:
            raise InvalidInput("A credential cannot end before it begins.", field="expires_on")


@writing
def add_practitioner(
    session: Session,
    details: PractitionerDetails,
    hours: Sequence[DayHours],
    credential: HeldCredential | None = None,
    *,
    location: str | None = None,
    every_n_weeks: int = 1,
    hours_from: date | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Practitioner:
    """Add a person who treats, working ``hours`` at one location.

    ``location`` is its name; None takes the only one. The hours hold from ``hours_from`` on (a local day, None is
    today), in every n-th week counted from that day's. Raises InvalidInput naming the field, or NotFound for the
    location.
    """
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Practitioner, known[0])
    place = location_named(session, location)
    practitioner = Practitioner(
        given_name=_text("given_name", details.given_name, LONGEST_NAME, is_needed=True),
        family_name=_text("family_name", details.family_name, LONGEST_NAME, is_needed=True),
        email=_email(details.email),
    )
    first_on = hours_from or now.astimezone(ZoneInfo(place.zone)).date()
    practitioner.working_hours = _first_hours(hours, place.id, first_on, every_n_weeks)
    practitioner.credentials = [new_credential(credential)] if credential else []
    session.add(practitioner)
    session.flush()
    stamp_diaries(session)
    _note_added(session, practitioner, place.id, actor, now)
    remember(session, actor, idempotency, [practitioner.id], now=now)
    return practitioner


def _note_added(
    session: Session, practitioner: Practitioner, location_id: int, actor: Actor, now: datetime
) -> None:
    note_deed(
        session,
        actor,
        "practitioner_added",
        "practitioner",
        practitioner.id,
        now=now,
        location_id=location_id,
        credentials=[held.kind for held in practitioner.credentials],
    )


def _first_hours(
    hours: Sequence[DayHours], location_id: int, first_on: date, every_n_weeks: int
) -> list[WorkingHours]:
    return [
        WorkingHours(
            location_id=location_id,
            weekday=day.weekday,
            starts_minute=day.starts_minute,
            ends_minute=day.ends_minute,
            valid_from=first_on,
            every_n_weeks=every_n_weeks,
        )
        for day in checked_hours(hours, every_n_weeks)
    ]


def checked_hours(hours: Sequence[DayHours], every_n_weeks: int) -> list[DayHours]:
    """The hours by day and time. Raises InvalidInput where there are none or two overlap."""
    if not hours:
        raise InvalidInput("Please enter at least one day with its hours.", field="hours")
    if not 1 <= every_n_weeks <= MOST_WEEKS:
        raise InvalidInput("Hours repeat every 1 to 52 weeks.", field="every_n_weeks")
    ordered = sorted(hours, key=lambda day: (day.weekday, day.starts_minute))
    for one, other in pairwise(ordered):
        if one.weekday == other.weekday and other.starts_minute < one.ends_minute:
            raise InvalidInput("Two of the working hours overlap on the same day.", field="hours")
    return ordered


def new_credential(held: HeldCredential) -> Credential:
    """A credential, not yet stored. Raises InvalidInput naming the field."""
    return Credential(
        kind=held.kind,
        issuer=_text("issuer", held.issuer, LONGEST_NAME),
        number=_text("number", held.number, LONGEST_NUMBER),
        issued_on=held.issued_on,
        expires_on=held.expires_on,
    )


def _text(field: str, value: str, most: int, *, is_needed: bool = False) -> str:
    clean = " ".join("".join(letter for letter in value if letter.isprintable()).split())
    if is_needed and not clean:
        raise InvalidInput("Please enter the given name and the family name.", field=field)
    if len(clean) > most:
        raise InvalidInput(
            "The %(what)s has at most %(most)s letters.", what=field.replace("_", " "), most=most, field=field
        )
    return clean


def _email(value: str | None) -> str | None:
    clean = (value or "").strip()
    if clean and (not EMAIL.fullmatch(clean) or len(clean) > LONGEST_EMAIL or not clean.isprintable()):
        raise InvalidInput("An email address looks like name@example.org.", field="email")
    return clean or None
