"""The first start: a clinic is set up in the browser by whoever can read where the service was started.

The code is worked out from SECRET_KEY, so every process of an installation accepts the same one and nothing is stored;
it opens only a database without a clinic, so it is dead once it was used.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import Conflict, InvalidInput, SignInBackOff, TooManyTries
from scheduler.models import Clinic
from scheduler.models.staff import Role, Staff
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.clinic.catalogue import new_clinic, new_location
from scheduler.usecases.edits import email_address, language, one_line
from scheduler.usecases.staff.people import new_staff
from scheduler.usecases.staff.sign_in import count_failure
from scheduler.usecases.tries import forget_tries

PURPOSE = b"needletime: code of the first set-up"
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""32, none easily mistaken for another."""
CODE_LETTERS, GROUP = 16, 4
"""80 bits: out of reach of guessing, even from many addresses at once."""


@dataclass(frozen=True, slots=True)
class FirstSetup:
    """What is entered at the first start."""

    clinic: str
    email: str
    phone: str
    location: str
    address: str
    zone: str
    rooms: int
    admin_name: str
    admin_email: str
    password: str
    locale: str = "en"


@reading
def is_set_up(session: Session) -> bool:
    """Whether there is a clinic."""
    return session.scalar(select(Clinic.id)) is not None


def setup_code(secret_key: str) -> str:
    """The code of an installation, in groups that can be typed from a screen."""
    digest = hmac.new(secret_key.encode(), PURPOSE, hashlib.sha256).digest()
    letters = "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:CODE_LETTERS])
    return "-".join(letters[start : start + GROUP] for start in range(0, CODE_LETTERS, GROUP))


def set_up_first(
    code: str, details: FirstSetup, *, secret_key: str, source: str, actor: Actor, now: datetime
) -> Staff:
    """Write the clinic, its first location and its first administrator, whom it returns.

    Raises Conflict when there is a clinic already, TooManyTries after too many wrong codes from ``source`` (a
    network address), InvalidInput for a wrong code or naming the field that makes no sense.
    """
    _count_try(source, now=now)
    entered = "".join(letter for letter in code.lower() if letter.isalnum())
    if not hmac.compare_digest(entered.encode(), setup_code(secret_key).replace("-", "").encode()):
        raise InvalidInput(
            "That is not the code that was printed where the service was started.", field="code"
        )
    _forget_tries(source)
    return _write(details, actor=actor, now=now)


@writing
def _count_try(session: Session, source: str, *, now: datetime) -> None:
    if session.get(Clinic, 1) is not None:
        raise Conflict("The clinic is set up already.")
    try:
        count_failure(session, [_subject(source)], now=now)
    except SignInBackOff as error:
        raise TooManyTries(**error.details) from None  # Nobody signs in here.


@writing
def _forget_tries(session: Session, source: str) -> None:
    forget_tries(session, [_subject(source)])


@writing
def _write(session: Session, details: FirstSetup, *, actor: Actor, now: datetime) -> Staff:
    place = new_location(
        one_line("location", details.location, needed="Please enter the name of the location."),
        details.address,
        details.zone,
        details.rooms,
    )
    new_clinic(
        session,
        name=one_line("clinic", details.clinic, needed="Please enter the name of the clinic."),
        email=email_address(details.email),
        phone=one_line("phone", details.phone, most=40, needed="Please enter the phone number of the desk."),
        place=place,
        locale=language(details.locale) or "en",
        actor=actor,
        now=now,
    )
    try:
        return new_staff(
            session,
            email=details.admin_email,
            name=details.admin_name,
            role=Role.ADMIN,
            password=details.password,
            actor=actor,
            now=now,
        )
    except (InvalidInput, Conflict) as error:
        field = str(error.details.get("field", ""))
        raise InvalidInput(error.sentence, field=FIELDS.get(field, field)) from None


FIELDS = {"email": "admin_email", "name": "admin_name"}
"""How the form calls what belongs to the administrator."""


def _subject(source: str) -> str:
    return f"setup:{source}"
