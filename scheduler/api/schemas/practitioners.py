"""Practitioners as they are set up, with their credentials, in and out."""

from collections.abc import Iterable, Mapping
from typing import Any

from scheduler.api.answers import day_or_none, picked, utc_or_none
from scheduler.api.fields import Choice, Day, Input, Many, Number, Part, Text, TimeOfDay
from scheduler.api.schemas.catalogue import PractitionerSchema, practitioner_json
from scheduler.api.schemas.clinic import Edit
from scheduler.api.schemas.common import Output, day, instant, parts, text, whole
from scheduler.models import Credential, Practitioner
from scheduler.planning.hours import DAY_MINUTES
from scheduler.usecases.edits import LANGUAGES, LONGEST_NAME, stamp_of
from scheduler.usecases.practitioners.adding import DRY_NEEDLING, MOST_WEEKS, DayHours

MOST_DAYS = 42
"""So many stretches of work in a week: six a day."""


class NewCredential(Input):
    """A qualification."""

    kind = Text(40, shortest=1, metadata={"description": f"What it allows; {DRY_NEEDLING} if not given."})
    issuer = Text(LONGEST_NAME)
    number = Text(40)
    issued_on = Day(required=True)
    expires_on = Day(allow_none=True, metadata={"description": "The last day that it holds; null: for ever."})
    training_hours = Number(0, 10_000, allow_none=True)


class CredentialChange(Edit, NewCredential):
    """What changes of a credential; the rest stays."""

    issued_on = Day()


class WorkingDay(Input):
    """Work on one weekday, on the clock of the location."""

    weekday = Number(0, 6, required=True, metadata={"description": "0 is Monday."})
    from_time = TimeOfDay("Such as 08:30.", data_key="from", required=True)
    until = TimeOfDay("Such as 12:30, or 24:00.", required=True)


class NewPractitioner(Input):
    """A person who treats; more hours and credentials can follow."""

    given_name = Text(LONGEST_NAME, shortest=1, required=True)
    family_name = Text(LONGEST_NAME, shortest=1, required=True)
    email = Text(320, allow_none=True)
    location_id = Number(required=True, metadata={"description": "Where the hours are worked."})
    hours = Many(Part(WorkingDay), MOST_DAYS, least=1, required=True)
    every_n_weeks = Number(1, MOST_WEEKS, load_default=1)
    hours_from = Day(metadata={"description": "From this day on; if not given, from today."})


class PractitionerChange(Edit):
    """What changes of a practitioner; the rest stays, null empties."""

    given_name = Text(LONGEST_NAME, shortest=1)
    family_name = Text(LONGEST_NAME, shortest=1)
    email = Text(320, allow_none=True)
    locale = Choice(LANGUAGES, allow_none=True)
    colour = Text(7, metadata={"description": "#rrggbb"})
    day_list_minute = Number(
        0,
        DAY_MINUTES - 1,
        allow_none=True,
        metadata={"description": "Minute of the day at which the day's list is mailed; null: not at all."},
    )


class CredentialSchema(Output):
    """A qualification, good on issued_on to expires_on, both included."""

    id = whole()
    practitioner_id = whole()
    kind = text()
    issuer = text()
    number = text()
    training_hours = whole(none=True)
    issued_on = day()
    expires_on = day(none=True)
    version = text("Changes with every edit; send it back with yours.")


class PractitionerSettingsSchema(PractitionerSchema):
    """A practitioner as they are set up."""

    email = text(none=True)
    locale = text(none=True)
    day_list_minute = whole(none=True)
    credentials = parts(CredentialSchema)
    archived_at = instant(none=True)
    version = text("Changes with every edit; send it back with yours.")


def day_hours(listed: Iterable[Mapping[str, Any]]) -> list[DayHours]:
    """Working days as the use cases take them."""
    return [DayHours(one["weekday"], one["from_time"], one["until"]) for one in listed]


def credential_json(row: Credential) -> dict[str, Any]:
    """A credential."""
    return {
        **picked(row, "id", "practitioner_id", "kind", "issuer", "number", "training_hours"),
        "issued_on": day_or_none(row.issued_on),
        "expires_on": day_or_none(row.expires_on),
        "version": stamp_of(row),
    }


def practitioner_settings_json(row: Practitioner) -> dict[str, Any]:
    """A practitioner with their credentials and what an edit needs."""
    return {
        **practitioner_json(row),
        **picked(row, "email", "locale", "day_list_minute"),
        "credentials": [credential_json(one) for one in row.credentials],
        "archived_at": utc_or_none(row.archived_at),
        "version": stamp_of(row),
    }
