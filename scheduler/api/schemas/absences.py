"""Absences and closures in and out, and what they displace with a proposal for each appointment."""

from datetime import date, datetime
from typing import Any

from scheduler.api.answers import utc
from scheduler.api.fields import (
    Choice,
    DayOrInstant,
    Input,
    Instant,
    Many,
    Number,
    Paging,
    Part,
    QueryNumber,
    Text,
)
from scheduler.api.schemas.appointments import LONGEST_REASON, OVERRIDE
from scheduler.api.schemas.common import Output, instant, page_of, text, whole
from scheduler.usecases.absences import entering as absences
from scheduler.usecases.absences.displacement_question import Others
from scheduler.usecases.absences.entering import Absence, AbsenceKind
from scheduler.usecases.absences.rehousing import Target
from scheduler.usecases.absences.times import Edge, WallTime

ALL, COMING = "all", "coming"
FROM = "A date means its beginning on the clock of the location."
TO = "A date is included, an instant is not."
OTHERS = (
    "Whether other qualified practitioners are proposed: as the plan's preferences say (wishes: those named there, or "
    "anyone where nobody is named), to anyone, or to nobody."
)
MOST_LINES = 2000


class AbsencesQuery(Paging):
    """Which ones."""

    which = Choice(
        (COMING, ALL),
        load_default=COMING,
        metadata={"description": "coming leaves out those that are over."},
    )


class TimeOffQuery(AbsencesQuery):
    """Which absences."""

    practitioner_id = QueryNumber()


class ClosuresQuery(AbsencesQuery):
    """Which closures; those of a location are its rooms' too."""

    location_id = QueryNumber()
    room_id = QueryNumber()


class _Span(Input):
    """From when until when, and why."""

    from_ = DayOrInstant(FROM, data_key="from", required=True)
    to = DayOrInstant(TO, required=True)
    reason = Text(absences.LONGEST_REASON, load_default="", metadata={"description": "Seen by staff only."})


CLOCK = "On whose clock dates are meant where the practitioner works in several time zones."


class NewTimeOff(_Span):
    """An absence of a practitioner to enter."""

    practitioner_id = Number(required=True)
    location_id = Number(allow_none=True, load_default=None, metadata={"description": CLOCK})


ROOM = (
    "The room that alone is out of use, while its location stays open; null: all of the location is closed."
)


class NewClosure(_Span):
    """A closure to enter: of a location, or of one of its rooms."""

    location_id = Number(
        allow_none=True, load_default=None, metadata={"description": "May be left out where a room is named."}
    )
    room_id = Number(allow_none=True, load_default=None, metadata={"description": ROOM})


class OthersFor(Input):
    """The same for one appointment."""

    appointment_id = Number(required=True)
    others = Choice(Others, required=True)


class Preview(_Span):
    """An absence to look at before it is entered: of exactly one practitioner, location or room."""

    practitioner_id = Number(allow_none=True, load_default=None)
    location_id = Number(allow_none=True, load_default=None)
    room_id = Number(allow_none=True, load_default=None)
    clock_location_id = Number(allow_none=True, load_default=None, metadata={"description": CLOCK})
    others = Choice(Others, load_default=Others.WISHES.value, metadata={"description": OTHERS})
    others_for = Many(Part(OthersFor()), MOST_LINES, load_default=list)


class DisplacedQuery(Input):
    """What may be proposed."""

    others = Choice(Others, load_default=Others.WISHES.value, metadata={"description": OTHERS})
    anyone_for = Many(
        QueryNumber(),
        MOST_LINES,
        load_default=list,
        metadata={"description": "Appointments for which it is anyone."},
    )
    nobody_for = Many(
        QueryNumber(),
        MOST_LINES,
        load_default=list,
        metadata={"description": "Appointments for which it is nobody."},
    )


class Rehousing(Input):
    """What becomes of a displaced appointment."""

    version = Number(required=True, metadata={"description": "The one that you saw."})
    action = Choice(
        ("move", "release"),
        required=True,
        metadata={
            "description": "release cancels it for the clinic's reasons: its session is to place again."
        },
    )
    slot = Part(
        lambda: SlotWish(),
        allow_none=True,
        load_default=None,
        metadata={"description": "Where it moves; needed to move."},
    )
    batch = Text(
        60,
        allow_none=True,
        load_default=None,
        metadata={"description": "As it was listed: joins the changes of one patient in one mail."},
    )
    override_reason = Text(
        LONGEST_REASON, allow_none=True, load_default=None, metadata={"description": OVERRIDE}
    )


class SlotWish(Input):
    """A slot, as it was proposed or another."""

    starts_at = Instant(required=True)
    practitioner_id = Number(required=True)
    location_id = Number(required=True)
    room_id = Number(
        allow_none=True, load_default=None, metadata={"description": "Without it: a free room is chosen."}
    )


class _AbsenceSchema(Output):
    """Common to both kinds."""

    id = whole()
    starts_at = instant()
    ends_at = instant("Exclusive.")
    reason = text()
    appointments = whole("Booked for that time and still to come.")


class TimeOffSchema(_AbsenceSchema):
    """An absence of a practitioner."""

    practitioner_id = whole()


class ClosureSchema(_AbsenceSchema):
    """A closure of a location, or of one of its rooms."""

    location_id = whole()
    room_id = whole(ROOM, none=True)


TimeOffPage = page_of(TimeOffSchema)
ClosurePage = page_of(ClosureSchema)


def span_of(body: dict[str, Any]) -> dict[str, Edge]:
    """The ends as the use cases take them."""
    return {"starts": _edge(body.pop("from_")), "until": _edge(body.pop("to"))}


def _edge(value: date | datetime) -> Edge:
    return value if isinstance(value, datetime) else WallTime(value)


def others_of(body: dict[str, Any]) -> dict[str, Any]:
    """Whom patients may be offered, from a body or a query."""
    single = {entry["appointment_id"]: Others(entry["others"]) for entry in body.get("others_for", ())}
    single |= dict.fromkeys(body.get("anyone_for", ()), Others.ANYONE)
    single |= dict.fromkeys(body.get("nobody_for", ()), Others.NOBODY)
    return {"others": Others(body["others"]), "others_for": single}


def target_of(slot: dict[str, Any]) -> Target:
    """The slot as the use case takes it."""
    return Target(**slot)


def absence_json(row: Absence, **whose: int | None) -> dict[str, Any]:
    """An absence; ``whose`` are the members that say of whom or what."""
    return {
        "id": row.id,
        **whose,
        "starts_at": utc(row.starts_at),
        "ends_at": utc(row.ends_at),
        "reason": row.reason,
        "appointments": row.appointments,
    }


def time_off_json(row: Absence) -> dict[str, Any]:
    """An absence of a practitioner."""
    return absence_json(row, practitioner_id=row.whose)


def closure_json(row: Absence) -> dict[str, Any]:
    """A closure of a location or a room."""
    room_id = row.whose if row.kind == AbsenceKind.ROOM else None
    return absence_json(row, location_id=row.location_id, room_id=room_id)
