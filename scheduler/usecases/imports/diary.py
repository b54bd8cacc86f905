"""A practitioner's existing diary from an iCalendar file: as absences, or as appointments of patients it names."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import AuditEntry, TimeOff
from scheduler.planning.hours import start_of_day
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.imports.apart import read_diary_apart
from scheduler.usecases.imports.appointment_rows import Line
from scheduler.usecases.imports.appointment_slots import AppointmentChoices
from scheduler.usecases.imports.appointments import check_lines, write_lines
from scheduler.usecases.imports.bulk import IMPORT_LOCK, insert_audit, note_import
from scheduler.usecases.imports.clashes import load_busy
from scheduler.usecases.imports.house import load_house
from scheduler.usecases.imports.ics import Diary, Occurrence
from scheduler.usecases.imports.people import Person, split_name
from scheduler.usecases.imports.report import LEFT_OUT, NEW, UNCHANGED, UPDATED, Progress, Report, silent
from scheduler.usecases.imports.times import Written

ABSENCES, APPOINTMENTS = "absences", "appointments"
IMPORTED = "imported_absence"
"""Entity of the audit rows that keep which entry of which calendar an absence came from: there is no column for it."""
LONGEST_REASON = 200
WINDOW_DAYS = 366
OVERLAPS = "Absences that overlap booked appointments, which somebody must move or cancel: %(count)s."
PASSED_OVER = "Passed over, because they are cancelled or take nobody's time: %(count)s of the entries."


@dataclass(frozen=True, slots=True)
class DiaryChoices:
    """How a diary is brought in; [from_on, until_on] are days in the location's zone."""

    practitioner_id: int
    as_what: str = ABSENCES
    from_on: date | None = None
    until_on: date | None = None
    location_id: int | None = None
    with_titles: bool = True
    """Whether an absence's reason is the entry's title; private entries never show theirs."""
    appointment_type_id: int | None = None
    confirm: bool = False


def check_diary(data: bytes, choices: DiaryChoices, *, now: datetime) -> Report:
    """What an import would do; writes nothing. Raises InvalidInput."""
    return _check(read_diary_apart(data, *_window(choices, now=now)), choices, now=now)


def _check(diary: Diary, choices: DiaryChoices, *, now: datetime) -> Report:
    report = _report(diary)
    if choices.as_what == APPOINTMENTS:
        return check_lines(_lines(diary, choices, report), report, _appointment_choices(choices), now=now)
    return _check_absences(diary, choices, report, now=now)


def import_diary(
    data: bytes,
    choices: DiaryChoices,
    *,
    only_good: bool = False,
    reference: int = 0,
    actor: Actor,
    now: datetime,
    progress: Progress = silent,
) -> Report:
    """Write the entries of the window in one transaction, all or none, or with only_good those that are good.

    An entry that was brought in before is followed to its new time (an absence), or left as it is (an appointment).
    """
    diary = read_diary_apart(data, *_window(choices, now=now))
    report = _report(diary)
    progress(0.3)
    lines = _lines(diary, choices, report) if choices.as_what == APPOINTMENTS else []
    if not report.may_write(only_good):
        return _check(diary, choices, now=now)
    if choices.as_what == APPOINTMENTS:
        wanted = _appointment_choices(choices)
        return write_lines(
            lines, report, wanted, only_good, reference, actor=actor, now=now, progress=progress
        )
    return _write_absences(diary, choices, report, reference, actor=actor, now=now, progress=progress)


@reading
def _window(session: Session, choices: DiaryChoices, *, now: datetime) -> tuple[ZoneInfo, datetime, datetime]:
    """The zone of where the practitioner works, and [begin, end) of what is brought in."""
    if choices.as_what not in (ABSENCES, APPOINTMENTS):
        raise InvalidInput("A diary is brought in as absences or as appointments.", field="as_what")
    house = load_house(session)
    if choices.practitioner_id not in house.practitioners:
        raise InvalidInput("Choose the practitioner whose diary this is.", field="practitioner_id")
    try:
        zone = house.zone(
            house.location("", choices.location_id, house.practitioners[choices.practitioner_id])
        )
    except InvalidInput:
        raise InvalidInput(
            "Choose the location on whose clock the diary is kept.", field="location_id"
        ) from None
    first = choices.from_on or now.astimezone(zone).date()
    last = choices.until_on or first + timedelta(days=WINDOW_DAYS)
    if not first <= last <= first + timedelta(days=10 * WINDOW_DAYS) or not 1980 < first.year < 2190:
        raise InvalidInput("The window ends after it begins, and is at most ten years long.", field="until")
    return zone, start_of_day(first, zone), start_of_day(last + timedelta(days=1), zone)


def _report(diary: Diary) -> Report:
    report = Report(dict.fromkeys((one.row for one in diary.problems), LEFT_OUT), list(diary.problems))
    if diary.passed_over:
        report.notes.append((PASSED_OVER, {"count": diary.passed_over}))
    return report


def _appointment_choices(choices: DiaryChoices) -> AppointmentChoices:
    return AppointmentChoices(
        practitioner_id=choices.practitioner_id,
        appointment_type_id=choices.appointment_type_id,
        location_id=choices.location_id,
        confirm=choices.confirm,
    )


def _lines(diary: Diary, choices: DiaryChoices, report: Report) -> list[Line]:
    """Entries as rows whose title is the patient's name; numbered by occurrence, after the events with problems."""
    lines = []
    for number, entry in enumerate(diary.occurrences, len(report.outcomes) + 1):
        if entry.is_all_day:
            report.refuse(number, "SUMMARY", entry.title, InvalidInput("A whole day is no appointment."))
            continue
        given, family = split_name(entry.title)
        lines.append(
            Line(
                number,
                Person.of(-number, given, family, None, None, None),
                "",
                _written(entry.starts_at),
                _written(entry.ends_at),
                key=f"ics:{choices.practitioner_id}:{entry.uid}:{entry.recurrence}",
                words={
                    "patient": ("SUMMARY", entry.title),
                    "starts": ("DTSTART", f"{entry.title}, {entry.recurrence}"),
                },
            )
        )
    return lines


def _written(instant: datetime) -> Written:
    return Written(instant.date(), instant.hour * 60 + instant.minute, 0)


@reading
def _check_absences(
    session: Session, diary: Diary, choices: DiaryChoices, report: Report, *, now: datetime
) -> Report:
    _compare(session, diary, choices, report, now)
    return report


@writing
def _write_absences(
    session: Session,
    diary: Diary,
    choices: DiaryChoices,
    checked: Report,
    reference: int,
    *,
    actor: Actor,
    now: datetime,
    progress: Progress,
) -> Report:
    report = checked.copy()
    lock_resources(session, [("request", IMPORT_LOCK), ("practitioner", choices.practitioner_id)])
    new, moved = _compare(session, diary, choices, report, now)
    rows = [
        {
            "practitioner_id": choices.practitioner_id,
            "starts_at": entry.starts_at,
            "ends_at": entry.ends_at,
            "reason": _reason(entry, choices),
        }
        for entry in new
    ]
    numbers: list[int] = []
    if rows:
        statement = insert(TimeOff).returning(TimeOff.id, sort_by_parameter_order=True)
        numbers = list(session.scalars(statement, rows))
    for entry, row in moved:
        row.starts_at, row.ends_at = entry.starts_at, entry.ends_at
    stamp_diaries(session)
    progress(0.8)
    written = [*zip(new, numbers, strict=True), *((entry, row.id) for entry, row in moved)]
    trail = [_trail(entry, number, choices) for entry, number in written]
    insert_audit(session, trail, reference=reference, actor=actor, now=now)
    report.written = True
    note_import(session, actor, "diary", report.counts, reference=reference, now=now)
    return report


def _compare(
    session: Session, diary: Diary, choices: DiaryChoices, report: Report, now: datetime
) -> tuple[list[Occurrence], list[tuple[Occurrence, TimeOff]]]:
    """(new entries, entries that moved with their absences); the report gets every outcome."""
    known = _known(session, choices.practitioner_id)
    stored = session.scalars(select(TimeOff).where(TimeOff.practitioner_id == choices.practitioner_id)).all()
    by_id = {row.id: row for row in stored}
    spans = {(row.starts_at, row.ends_at) for row in stored}
    busy = load_busy(session, [max(entry.starts_at, now) for entry in diary.occurrences])
    new, moved, overlaps = [], [], 0
    for number, entry in enumerate(diary.occurrences, len(report.outcomes) + 1):
        earlier = known.get(_key(entry))
        span = (entry.starts_at, entry.ends_at)
        if earlier is not None:
            row = by_id.get(earlier.number)
            # An absence that somebody took back here stays away; its number may be another one's by now.
            row = row if row is not None and row.starts_at == earlier.starts_at else None
            is_same = row is None or (row.starts_at, row.ends_at) == span
            report.outcomes[number] = UNCHANGED if is_same else UPDATED
            if row is not None and not is_same:
                moved.append((entry, row))
        elif span in spans:
            report.outcomes[number] = UNCHANGED
        else:
            report.outcomes[number] = NEW
            new.append(entry)
            spans.add(span)
        seconds = (int(max(entry.starts_at, now).timestamp()), int(entry.ends_at.timestamp()))
        overlaps += busy.clash(("practitioner", choices.practitioner_id), *seconds) is not None
    if overlaps:
        report.notes.append((OVERLAPS, {"count": overlaps}))
    return new, moved


class _Imported(NamedTuple):
    """An absence as it was last brought in."""

    number: int
    starts_at: datetime


def _known(session: Session, practitioner_id: int) -> dict[str, _Imported]:
    """Entry -> absence, of this practitioner's earlier imports."""
    told = select(AuditEntry.entity_id, AuditEntry.detail).where(AuditEntry.entity == IMPORTED)
    return {
        detail["key"]: _Imported(number, datetime.fromisoformat(detail["starts_at"]))
        for number, detail in session.execute(told.order_by(AuditEntry.id))
        if detail["practitioner_id"] == practitioner_id and number is not None
    }


def _trail(entry: Occurrence, number: int, choices: DiaryChoices) -> dict[str, object]:
    return {
        "action": "time_off_imported",
        "entity": IMPORTED,
        "entity_id": number,
        "patient_id": None,
        "detail": {
            "key": _key(entry),
            "practitioner_id": choices.practitioner_id,
            "starts_at": entry.starts_at.isoformat(),
            "ends_at": entry.ends_at.isoformat(),
        },
    }


def _key(entry: Occurrence) -> str:
    """Of the entry's identity, so that nothing of somebody's calendar is in the trail."""
    return hashlib.sha256(f"{entry.uid}\n{entry.recurrence}".encode()).hexdigest()[:32]


def _reason(entry: Occurrence, choices: DiaryChoices) -> str:
    if not choices.with_titles or entry.is_private:
        return ""
    return "".join(letter for letter in entry.title if letter.isprintable())[:LONGEST_REASON]


__all__ = ["ABSENCES", "APPOINTMENTS", "DiaryChoices", "check_diary", "import_diary"]
