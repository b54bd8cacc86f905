"""What the forms about absences carry: who and when, the absence itself, what was chosen for each line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import request

from scheduler import clock
from scheduler.errors import InvalidInput
from scheduler.usecases.absences import entering as absences
from scheduler.usecases.absences.displacement_question import Others
from scheduler.usecases.absences.entering import Absence, AbsenceKind
from scheduler.usecases.absences.rehousing import Choice
from scheduler.usecases.absences.times import WallTime
from scheduler.web.displaced_cards import target_in

KINDS = {"practitioner": "practitioner_id", "location": "location_id", "room": "room_id"}
"""How a form says who or what -> the use cases' argument."""
MOVE, RELEASE = "move", "release"
DEEDS = (MOVE, RELEASE, "call", "later")
"""What can be chosen for a line; the last two leave it as it is."""
NEAR = timedelta(weeks=4)
"""What begins within it is at the top of the list."""


@dataclass(frozen=True, slots=True)
class Row:
    """An absence with its days on its own clock, and whether it is made of whole days."""

    absence: Absence
    first: datetime
    last: datetime
    whole_days: bool

    @property
    def to_midnight(self) -> bool:
        """Whether it ends with the day on which it begins."""
        return (
            not self.whole_days
            and self.last.time() == time()
            and self.last.date() - self.first.date() == timedelta(days=1)
        )


def row_of(absence: Absence) -> Row:
    """The absence with its days on its own clock; the last one is included."""
    starts, ends = (instant.astimezone(absence.zone) for instant in (absence.starts_at, absence.ends_at))
    whole = starts.time() == ends.time() == time()
    return Row(absence, starts, ends - timedelta(days=1) if whole else ends, whole)


@dataclass(frozen=True, slots=True)
class Groups:
    """The list of absences in the order in which it matters; each by start."""

    soon: list[Row]
    """Begun, near, or with something still booked."""
    later: list[Row]
    closures: list[Row]
    """Of whole locations, later: mostly public holidays."""


def grouped(rows: Sequence[Row], now: datetime) -> Groups:
    """The rows, which are by start, in their groups."""
    soon = [row for row in rows if row.absence.starts_at < now + NEAR or row.absence.appointments]
    rest = [row for row in rows if row not in soon]
    return Groups(
        soon,
        later=[row for row in rest if row.absence.kind != AbsenceKind.CLOSURE],
        closures=[row for row in rest if row.absence.kind == AbsenceKind.CLOSURE],
    )


def gap_of(absence: Absence) -> str:
    """A saved absence as forms carry it."""
    return f"{absence.kind.value}:{absence.id}"


def absence_in(code: str) -> Absence:
    """The absence that a form carries. Raises InvalidInput or NotFound."""
    kind, _, number = code.partition(":")
    if kind in set(AbsenceKind) and number.isascii() and number.isdecimal():
        return absences.get_absence(AbsenceKind(kind), int(number[:10]), now=clock.now())
    raise InvalidInput("The choice cannot be read. Please choose again.", field="gap")


def absence_asked() -> dict[str, Any]:
    """Who and when, as the use cases take it. Raises InvalidInput."""
    entered = request.form
    kind, _, number = entered.get("who", "").partition("-")
    if kind not in KINDS or not number.isascii() or not number.isdecimal():
        raise InvalidInput("Please choose one practitioner, location or room.", field="who")
    starts = _wall(entered.get("from", ""), entered.get("from_time", ""))
    until = _wall(entered.get("until") or entered.get("from", ""), entered.get("until_time", ""))
    return {
        KINDS[kind]: int(number[:10]),
        "starts": starts,
        "until": until,
        "clock": entered.get("clock", type=int),
        "reason": entered.get("reason", ""),
    }


def _wall(on: str, at: str) -> WallTime:
    try:
        day = date.fromisoformat(on)
        minute = None
        if at:
            hour = time.fromisoformat(at)
            minute = hour.hour * 60 + hour.minute
    except ValueError:
        raise InvalidInput("Please enter the dates, such as 2026-08-03.", field="from") from None
    return WallTime(day, minute)


def others_in(asked: Mapping[str, str]) -> Others:
    """Whom patients may be offered; as the plans' wishes say where nothing known is asked for."""
    try:
        return Others(asked.get("others", Others.WISHES.value))
    except ValueError:
        return Others.WISHES


def choices_in() -> list[Choice]:
    """The lines for which something is to be done, in the order of the form. Raises InvalidInput."""
    found = []
    for name, deed in request.form.items():
        number = name.removeprefix("do-")
        if not name.startswith("do-") or not number.isdecimal() or deed not in DEEDS:
            continue
        code = request.form.get(f"slot-{number}", "")
        version = request.form.get(f"version-{number}", 0, type=int)
        if deed == RELEASE:
            found.append(Choice(int(number), version, None))
        elif deed == MOVE and code:
            found.append(Choice(int(number), version, target_in(code)))
    return found
