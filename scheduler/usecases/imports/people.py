"""Who is who: finding the patient whom a row of a file means among those who are known.

A patient is known by the number that another program gave them, if it is stored as their reference; else by the name
with the birth date; else by the name with the email address or phone number; a bare name if it is the only one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Patient
from scheduler.usecases.patients.registry import fold


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
    written: str = ""
    """The name as it is written."""

    @classmethod
    def of(
        cls, number: int, given: str, family: str, born_on: date | None, email: str | None, phone: str | None
    ) -> "Person":
        """From what is stored or was read."""
        name = f"{given} {family}".strip()
        return cls(number, folded_name(name), born_on, fold(email or ""), digits_of(phone), name)

    def is_same(self, other: "Person") -> bool:
        """Whether both have this name and agree on something that tells people apart, the birth date first."""
        if self.name != other.name:
            return False
        if self.born_on and other.born_on:
            return self.born_on == other.born_on
        return bool(self.email and self.email == other.email) or bool(
            self.phone and self.phone == other.phone
        )

    def may_be(self, other: "Person") -> bool:
        """Whether nothing speaks against both being the same: people marry, but do not change everything at once."""
        if not (self.name and other.name) or set(self.name.split()) & set(other.name.split()):
            return True
        return self.born_on is not None and self.born_on == other.born_on

    @property
    def is_bare(self) -> bool:
        """Whether there is nothing but a name."""
        return not (self.born_on or self.email or self.phone)


@dataclass(slots=True)
class People:
    """Known people by name and by their number in another program."""

    by_name: dict[str, list[Person]] = field(default_factory=dict)
    by_reference: dict[str, Person] = field(default_factory=dict)
    reference_of: dict[int, str] = field(default_factory=dict)
    by_email: dict[str, list[Person]] = field(default_factory=dict)

    def add(self, person: Person, reference: str | None = None) -> None:
        """Know one more."""
        self.by_name.setdefault(person.name, []).append(person)
        if person.email:
            self.by_email.setdefault(person.email, []).append(person)
        if reference:
            self.by_reference[reference] = person
            self.reference_of[person.id] = reference

    def find(self, person: Person, reference: str = "") -> int | None:
        """The id of the one meant, or None for somebody new; raises InvalidInput where several could be meant."""
        if (numbered := self.by_reference.get(reference)) is not None:
            if not numbered.may_be(person):
                raise InvalidInput(
                    "The number %(number)s is that of another patient: %(name)s.",
                    number=reference,
                    name=numbered.written,
                )
            return numbered.id
        known = self.by_name.get(person.name, []) if person.name else self.by_email.get(person.email, [])
        if reference:  # A namesake whom the other program knows by another number is somebody else.
            known = [one for one in known if self.reference_of.get(one.id, reference) == reference]
        same = [one for one in known if one.is_same(person)]
        if not same and (person.is_bare or not person.name):
            same = known
        if len(same) > 1:
            raise InvalidInput(
                "Several known patients could be meant; a birth date or an email tells them apart."
            )
        return same[0].id if same else None


def load_people(session: Session, told: Iterable[tuple[Person, str]]) -> People:
    """Who can be meant by these people with their numbers: archived ones too."""
    wanted = list(told)
    names, references = {person.name for person, _ in wanted}, {reference for _, reference in wanted}
    people = People()
    columns = (
        Patient.id,
        Patient.given_name,
        Patient.family_name,
        Patient.born_on,
        Patient.email,
        Patient.phone,
    )
    everybody = select(*columns, Patient.reference).order_by(Patient.id)
    for row in session.execute(everybody, execution_options={"yield_per": 2000}):
        number, given, family, born_on, email, phone, reference = row
        person = Person.of(number, given, family, born_on, email, phone)
        # A row without a name is known by its email address, whoever has that.
        if "" in names or person.name in names or reference in references:
            people.add(person, reference)
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
