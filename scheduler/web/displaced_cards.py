"""Displaced appointments as the repair page shows them: by patient, the most urgent first, with a small calendar."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext

from scheduler.errors import InvalidInput
from scheduler.models import Appointment, Patient
from scheduler.usecases.absences.displacement import DisplacedLine, Displacement, MeantSlot, Slot
from scheduler.usecases.absences.rehousing import Target
from scheduler.wording.displaced import compromise_word, no_slot_sentence

MOST_WEEKS = 8
"""More weeks than that are not drawn side by side: those without anything are left out."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a day holds: ``old`` (it goes), ``new`` (it comes) or ``stays``, with the session's number or a dot."""

    kind: str
    text: str
    appointment_id: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the small calendar."""

    on: date
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class LineCard:
    """A displaced appointment with its proposal in words; ``code`` is the slot as the form carries it."""

    line: DisplacedLine
    code: str
    compromises: list[str]
    sentence: str
    days_left: int


@dataclass(frozen=True, slots=True)
class PatientCard:
    """A patient's displaced appointments, and the weeks in which they are."""

    patient: Patient
    lines: list[LineCard]
    weeks: list[list[Day]]


def cards_of(found: Displacement, zones: Mapping[int, str], now: datetime) -> list[PatientCard]:
    """The patients in the order of their most urgent line; ``zones`` are the locations' IANA names."""
    today = now.astimezone(found.absence.zone).date()
    by_patient: dict[int, list[DisplacedLine]] = defaultdict(list)
    for line in found.lines:
        by_patient[line.appointment.patient_id].append(line)
    return [
        PatientCard(
            lines[0].appointment.patient,
            [_card(line, today) for line in lines],
            _weeks(lines, found.stays.get(patient_id, []), zones),
        )
        for patient_id, lines in by_patient.items()
    ]


def compromises_of(slot: Slot) -> list[str]:
    """What the patient is not used to, in words."""
    return [compromise_word(code, gettext) for code in slot.compromises]


def code_of(slot: Slot) -> str:
    """A slot as a form carries it."""
    numbers = (slot.practitioner_id, slot.location_id, slot.room_id or "")
    return "|".join([f"{slot.starts_at.timestamp():.0f}", *map(str, numbers)])


def target_in(code: str) -> Target:
    """Where a line goes; another room will do if that one is taken meanwhile. Raises InvalidInput."""
    try:
        starts, practitioner, location, room = code.split("|")
        starts_at = datetime.fromtimestamp(int(starts), UTC)
        numbers = (int(practitioner), int(location), int(room) if room else None)
    except (ValueError, OverflowError, OSError):
        raise InvalidInput("The choice cannot be read. Please choose again.", field="slot") from None
    return Target(starts_at, *numbers, or_any_room=True)


def meant_in(number: str, code: str) -> MeantSlot:
    """What another line is to have. Raises InvalidInput."""
    target = target_in(code)
    appointment_id = int(number) if number.isascii() and number.isdecimal() else 0
    return MeantSlot(appointment_id, target.starts_at, target.practitioner_id, target.room_id)


def _card(line: DisplacedLine, today: date) -> LineCard:
    return LineCard(
        line,
        code_of(line.slot) if line.slot else "",
        compromises_of(line.slot) if line.slot else [],
        no_slot_sentence(line.reason, gettext) if line.reason else "",
        (line.window.latest - today).days,
    )


def _weeks(
    lines: Sequence[DisplacedLine], stays: Sequence[Appointment], zones: Mapping[int, str]
) -> list[list[Day]]:
    """All weeks from the first window to the last one."""
    marks: dict[date, list[Mark]] = defaultdict(list)
    for line in lines:
        row = line.appointment
        marks[_day(row.starts_at, row.location.zone)].append(Mark("old", _number(row), row.id))
        if line.slot:
            on = _day(line.slot.starts_at, zones[line.slot.location_id])
            marks[on].append(Mark("new", _number(row), row.id))
    first = min([*marks, *(line.window.earliest for line in lines)])
    last = max([*marks, *(line.window.latest for line in lines)])
    begins = first - timedelta(days=first.weekday())
    mondays = [begins + timedelta(weeks=week) for week in range((last - begins).days // 7 + 1)]
    for row in stays:
        on = _day(row.starts_at, row.location.zone)
        if begins <= on < mondays[-1] + timedelta(weeks=1):
            marks[on].append(Mark("stays", _number(row), row.id))
    if len(mondays) > MOST_WEEKS:
        used = {day - timedelta(days=day.weekday()) for day in marks}
        mondays = [monday for monday in mondays if monday in used]
    return [
        [Day(on, marks.get(on, [])) for on in (monday + timedelta(days=offset) for offset in range(7))]
        for monday in mondays
    ]


def _day(instant: datetime, zone: str) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()


def _number(row: Appointment) -> str:
    return str(row.planned_session.number) if row.planned_session else "•"
