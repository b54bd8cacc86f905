"""Who is who: finding the patient whom a row of a file means among those who are known.

A patient is known by the identity that another program gave them, if an earlier import wrote it down; else by the
name with the birth date; else by the name with the email address or phone number; a bare name if it is the only one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import AuditEntry, Patient
from scheduler.usecases.patients.registry import fold

IDENTITY = "patient_identity"
"""Entity of the audit rows that keep a patient's identity in another program: there is no column for it."""
LONGEST_IDENTITY = 80


@dataclass(frozen=True, slots=True)
class Person:
    """What tells people apart."""

    id: int
    name: str
    """Folded given and family name."""
    born_on: date | None
    email: str
    phone: str
    """Digits only."""

    @classmethod
    def of(
        cls, number: int, given: str, family: str, born_on: date | None, email: str | None, phone: str | None
    ) -> "Person":
        """From what is stored or was read."""
        return cls(number, folded_name(f"{given} {family}"), born_on, fold(email or ""), digits_of(phone))

    def is_same(self, other: "Person") -> bool:
        """Whether both have this name and agree on something that tells people apart, the birth date first."""
        if self.name != other.name:
            return False
        if self.born_on and other.born_on:
            return self.born_on == other.born_on
        return bool(self.email and self.email == other.email) or bool(
            self.phone and self.phone == other.phone
        )

    @property
    def is_bare(self) -> bool:
        """Whether there is nothing but a name."""
        return not (self.born_on or self.email or self.phone)


@dataclass(slots=True)
class People:
    """Known people by name and by their identity in another program."""

    by_name: dict[str, list[Person]] = field(default_factory=dict)
    by_identity: dict[str, int] = field(default_factory=dict)
    identity_of: dict[int, str] = field(default_factory=dict)
    by_email: dict[str, list[Person]] = field(default_factory=dict)

    def add(self, person: Person, identity: str = "") -> None:
        """Know one more."""
        self.by_name.setdefault(person.name, []).append(person)
        if person.email:
            self.by_email.setdefault(person.email, []).append(person)
        if identity:
            self.by_identity[identity] = person.id
            self.identity_of[person.id] = identity

    def find(self, person: Person, identity: str = "") -> int | None:
        """The id of the one meant, or None for somebody new; raises InvalidInput where several could be meant."""
        if identity in self.by_identity:
            return self.by_identity[identity]
        known = self.by_name.get(person.name, []) if person.name else self.by_email.get(person.email, [])
        if identity:  # A namesake whom the other program knows by another identity is somebody else.
            known = [one for one in known if self.identity_of.get(one.id, identity) == identity]
        same = [one for one in known if one.is_same(person)]
        if not same and (person.is_bare or not person.name):
            same = known
        if len(same) > 1:
            raise InvalidInput(
                "Several known patients could be meant; a birth date or an email tells them apart."
            )
        return same[0].id if same else None


def load_people(session: Session, names: Iterable[str] | None = None) -> People:
    """The people of these folded names (None: everybody), archived ones too, and every noted identity."""
    wanted = None if names is None else set(names)
    people = People()
    told = select(AuditEntry.entity_id, AuditEntry.detail).where(AuditEntry.entity == IDENTITY)
    for number, detail in session.execute(told.order_by(AuditEntry.id)):
        people.by_identity[detail["external_id"]] = number
        people.identity_of[number] = detail["external_id"]
    columns = (
        Patient.id,
        Patient.given_name,
        Patient.family_name,
        Patient.born_on,
        Patient.email,
        Patient.phone,
    )
    for row in session.execute(select(*columns).order_by(Patient.id), execution_options={"yield_per": 2000}):
        person = Person.of(*row)
        if wanted is None or person.name in wanted:
            people.add(person)
    return people


def folded_name(name: str) -> str:
    """For comparing names: ``Dr.  Müller-Lüdenscheidt`` and ``dr muller ludenscheidt`` are the same."""
    return " ".join(re.findall(r"[^\W_]+", fold(name)))


def digits_of(phone: str | None) -> str:
    """For comparing phone numbers: the last nine digits, so that +49 30 … and 030 … are the same."""
    return re.sub(r"\D", "", phone or "")[-9:]


def split_name(name: str) -> tuple[str, str]:
    """(given, family): ``Family, Given`` by its comma, else the last word is the family name, with its particles."""
    if "," in name:
        family, _, given = name.partition(",")
        return given.strip(), family.strip()
    words = name.split()
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].lower() in {
        "von",
        "van",
        "de",
        "der",
        "den",
        "zu",
        "zur",
        "vom",
        "di",
        "da",
    }:
        cut -= 1
    return " ".join(words[:cut]), " ".join(words[cut:])
