"""Appointments from a CSV file. What was agreed elsewhere stands: the clinic's rules warn, double bookings are refused.

Each is known by patient, practitioner and start as the file says them (by its uid, made from these): bringing the
file in again writes nothing new, even where an appointment was moved or cancelled here meanwhile.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Appointment, AppointmentStatus
from scheduler.models.appointments import INACTIVE
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.booking.held_slots import clear_expired
from scheduler.usecases.booking.rules import RULES
from scheduler.usecases.imports.appointment_rows import Line, read_lines
from scheduler.usecases.imports.appointment_slots import AppointmentChoices, Slot, make_slot
from scheduler.usecases.imports.bulk import IMPORT_LOCK, insert_appointments, note_import, tell_everybody
from scheduler.usecases.imports.clashes import SHUT, STORED, Busy, load_busy
from scheduler.usecases.imports.house import House, load_house
from scheduler.usecases.imports.people import load_people
from scheduler.usecases.imports.report import NEW, UNCHANGED, Progress, Report, silent
from scheduler.usecases.imports.tables import Table
from scheduler.usecases.imports.unusual import rules_broken

CHUNK = 1000
IMPORTED = "Imported"
"""The reason for which rules were set aside, as booking by hand asks for one."""
TAKEN = "The %(busy)s is already busy at that time."
TAKEN_BY_ROW = "The %(busy)s is already busy at that time, by row %(row)s."
ELSEWHERE = (
    "Known appointments that are at another time here than in the file, and stay as they are: %(count)s."
)


def check_appointments(table: Table, choices: AppointmentChoices, *, now: datetime) -> Report:
    """What an import would do; writes nothing. Raises InvalidInput for a mapping that cannot be worked with."""
    lines, report = read_lines(table, choices.mapping, choices.date_format, today=now.date())
    return check_lines(lines, report, choices, now=now)


def import_appointments(
    table: Table,
    choices: AppointmentChoices,
    *,
    only_good: bool = False,
    reference: int = 0,
    actor: Actor,
    now: datetime,
    progress: Progress = silent,
) -> Report:
    """Write the rows in one transaction: all of them, or none (``report.written``), or with only_good what is good."""
    lines, report = read_lines(table, choices.mapping, choices.date_format, today=now.date())
    progress(0.2)
    if not report.may_write(only_good):
        return check_lines(lines, report, choices, now=now)
    return write_lines(lines, report, choices, only_good, reference, actor=actor, now=now, progress=progress)


@reading
def check_lines(
    session: Session, lines: Sequence[Line], report: Report, choices: AppointmentChoices, *, now: datetime
) -> Report:
    """What would become of these lines."""
    _settle(session, lines, report, choices, now)
    return report


@writing
def write_lines(
    session: Session,
    lines: Sequence[Line],
    checked: Report,
    choices: AppointmentChoices,
    only_good: bool,
    reference: int,
    *,
    actor: Actor,
    now: datetime,
    progress: Progress,
) -> Report:
    """Write what can be written, as asked; the report says whether it was."""
    report = checked.copy()
    house = load_house(session)
    # Whoever books locks the practitioner and the location: with all of them locked, nothing can come in between.
    people = [("practitioner", number) for number in house.practitioners]
    places = [("location", number) for number in house.locations]
    lock_resources(session, [("request", IMPORT_LOCK), *people, *places])
    clear_expired(session, now=now)
    slots = _settle(session, lines, report, choices, now)
    if not report.may_write(only_good):
        return report
    for start in range(0, len(slots), CHUNK):
        chunk = slots[start : start + CHUNK]
        numbers = insert_appointments(
            session, [_values(slot, now) for slot in chunk], reference=reference, actor=actor, now=now
        )
        tell_everybody(session, numbers, confirm=choices.confirm, now=now)
        progress(0.3 + 0.6 * (start + len(chunk)) / len(slots))
    report.written = True
    note_import(session, actor, "appointments", report.counts, reference=reference, now=now)
    return report


def _settle(
    session: Session, lines: Sequence[Line], report: Report, choices: AppointmentChoices, now: datetime
) -> list[Slot]:
    """The lines that can be booked as they are; the report gets every line's outcome, or its problem."""
    house = load_house(session)
    people = load_people(session, [(line.person, line.reference) for line in lines])
    made = [make_slot(line, house, people, choices, report, now=now) for line in lines]
    slots = [slot for slot in made if slot is not None]
    stored = _stored(session, slots)
    busy = load_busy(session, [slot.starts_at for slot in slots])
    fresh: list[Slot] = []
    seen: dict[str, int] = {}
    elsewhere = 0
    for slot in slots:
        known = stored.get(slot.uid) or stored.get((slot.patient_id, slot.practitioner_id, slot.starts_at))
        if slot.uid in seen:
            twice = InvalidInput("The same appointment is in row %(row)s already.", row=seen[slot.uid])
            report.refuse(slot.row, "", _shown(slot, house), twice)
        elif known is not None:
            elsewhere += known != slot.starts_at
            seen[slot.uid] = slot.row
            report.outcomes[slot.row] = UNCHANGED
        elif (placed := _placed(slot, house, busy, report, now)) is not None:
            fresh.append(placed)
            seen[slot.uid] = slot.row
            report.outcomes[slot.row] = NEW
    if elsewhere:
        report.notes.append((ELSEWHERE, {"count": elsewhere}))
    return _warned(session, fresh, house, report, now)


def _warned(
    session: Session, slots: Sequence[Slot], house: House, report: Report, now: datetime
) -> list[Slot]:
    """The slots with what they break of the clinic's rules, which the report tells."""
    broken = rules_broken(session, slots, house, now=now)
    for slot in slots:
        for code in broken.get(slot.row, ()):
            report.warn(slot.row, "", _shown(slot, house), RULES[code].sentence)
    return [replace(slot, rules=tuple(broken.get(slot.row, ()))) for slot in slots]


def _shown(slot: Slot, house: House) -> str:
    """The beginning on the location's wall clock."""
    return f"{slot.starts_at.astimezone(house.zone(house.locations[slot.location_id])):%Y-%m-%d %H:%M}"


def _stored(session: Session, slots: Sequence[Slot]) -> dict[object, datetime]:
    """Appointments that are there: by uid, and by patient, practitioner and start -> start."""
    found: dict[object, datetime] = {}
    if not slots:
        return found
    for start in range(0, len(slots), CHUNK):
        uids = [slot.uid for slot in slots[start : start + CHUNK]]
        same = select(Appointment.uid, Appointment.starts_at).where(Appointment.uid.in_(uids))
        found.update((row.uid, row.starts_at) for row in session.execute(same))
    starts = [slot.starts_at for slot in slots]
    columns = (Appointment.patient_id, Appointment.practitioner_id, Appointment.starts_at)
    near = Appointment.starts_at.between(min(starts), max(starts)), Appointment.status.not_in(INACTIVE)
    return found | {
        (row[0], row[1], row[2]): row[2] for row in session.execute(select(*columns).where(*near))
    }


def _placed(slot: Slot, house: House, busy: Busy, report: Report, now: datetime) -> Slot | None:
    """The slot with its room, noted as taken; None where somebody is busy, all of whom the report tells."""
    if slot.status in INACTIVE:
        return slot
    outer = (int(slot.busy_from.timestamp()), int(slot.busy_until.timestamp()))
    inner = (int(slot.starts_at.timestamp()), int(slot.ends_at.timestamp()))
    needs = [("practitioner", slot.practitioner_id, outer), ("patient", slot.patient_id, inner)]
    if slot.room_id is not None:
        needs.append(("room", slot.room_id, outer))
    clashes = [(word, busy.clash((word, number), *span)) for word, number, span in needs]
    for word, row in clashes:
        if row is not None:
            by_row = InvalidInput(TAKEN_BY_ROW, busy=word, row=row)
            taken = InvalidInput(TAKEN, busy=word) if row == STORED else by_row
            report.refuse(slot.row, "", _shown(slot, house), taken)
    if any(row is not None for _, row in clashes):
        return None
    if slot.room_id is None and slot.kind.needs_room:
        rooms = [room.id for room in house.rooms.values() if room.location_id == slot.location_id]
        free = [
            room for room in rooms if all(busy.clash((what, room), *outer) is None for what in ("room", SHUT))
        ]
        if not free and slot.starts_at > now:
            report.refuse(slot.row, "", _shown(slot, house), InvalidInput("No room is free at that time."))
            return None
        slot = replace(slot, room_id=free[0] if free else None)
        needs += [("room", free[0], outer)] if free else []
    for word, number, span in needs:
        busy.take((word, number), *span, slot.row)
    return slot


def _values(slot: Slot, now: datetime) -> dict[str, object]:
    """The row to insert."""
    is_cancelled = slot.status == AppointmentStatus.CANCELLED.value
    return {
        "uid": slot.uid,
        "patient_id": slot.patient_id,
        "practitioner_id": slot.practitioner_id,
        "location_id": slot.location_id,
        "room_id": slot.room_id,
        "appointment_type_id": slot.kind.id,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "busy_from": slot.busy_from,
        "busy_until": slot.busy_until,
        "status": slot.status,
        "version": 1,
        "sequence": 0,
        "changed_at": now,
        "created_at": now,
        "cancelled_at": now if is_cancelled else None,
        "cancel_reason": "",
        "override_reason": IMPORTED if slot.rules else None,
        "override_rules": list(slot.rules),
    }


__all__ = [
    "AppointmentChoices",
    "Line",
    "check_appointments",
    "check_lines",
    "import_appointments",
    "write_lines",
]
