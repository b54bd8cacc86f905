"""Everything of the clinic as CSV files: UTF-8 with a byte order mark, CRLF, no cell that a spreadsheet would run.

Read as of one moment, some rows at a time, so that any amount needs the same memory. Left out are secrets and what
only the machine needs: passwords, keys, addresses of feeds, sessions, search words.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, Table, select
from sqlalchemy.orm import Session, aliased

from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentStatus,
    AppointmentType,
    Location,
    Patient,
    Practitioner,
    Room,
)
from scheduler.models.base import Base
from scheduler.transaction import writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.imports.tables import harmless

CHUNK = 1000
NAMES = {
    "patients": "patients",
    "consents": "consents",
    "appointments": "appointments",
    "treatment_plans": "plans",
    "plan_phases": "plan_phases",
    "planned_sessions": "sessions",
    "outcomes": "outcomes",
    "messages": "messages",
    "message_items": "message_items",
    "tasks": "tasks",
    "waitlist_entries": "waitlist",
    "offers": "offers",
    "offer_turns": "offer_turns",
    "practitioners": "practitioners",
    "credentials": "credentials",
    "working_hours": "working_hours",
    "time_off": "absences",
    "clinics": "clinic",
    "locations": "locations",
    "rooms": "rooms",
    "closures": "closures",
    "appointment_types": "appointment_types",
    "protocols": "protocols",
    "protocol_phases": "protocol_phases",
    "audit_entries": "audit_trail",
}
"""Table -> name of its file. What is not named here is not given out; a table that is not there is passed over."""
SECRET = ("hash", "secret", "token", "password", "_key")
"""No column with such a name is given out, whatever table it is in."""
MARK = "\ufeff"


@writing
def note_export(session: Session, *, actor: Actor, now: datetime) -> None:
    """Write into the trail that everything is about to be taken out."""
    note_deed(
        session, actor, "data_exported", "clinic", 1, now=now, files=[name for name, _ in exported_tables()]
    )


def exported_tables() -> list[tuple[str, Table]]:
    """(name of the file, table) in the order of NAMES."""
    known = Base.metadata.tables
    return [(name, known[table]) for table, name in NAMES.items() if table in known]


def export_files(folder: Path) -> Iterator[str]:
    """Write one file after the other into a folder, readable by their owner only; yields each name when it is done.

    Call note_export first. Raises FileExistsError rather than overwrite a file.
    """
    _hold_still()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, table in exported_tables():
        path = folder / f"{name}.csv"
        path.touch(mode=0o600, exist_ok=False)
        with path.open("w", encoding="utf-8", newline="") as file:
            for piece in csv_pieces(table):
                file.write(piece)
        yield path.name


def export_zip() -> Iterator[bytes]:
    """The same files as one ZIP archive, piece by piece as it is made. Call note_export first."""
    _hold_still()
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in exported_tables():
            with archive.open(f"{name}.csv", "w") as file:
                for piece in csv_pieces(table):
                    file.write(piece.encode())
                    yield from pipe.take()
            yield from pipe.take()
    yield from pipe.take()


def _hold_still() -> None:
    """Begin a transaction in which all files show the same moment (SQLite's are like that anyway)."""
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def csv_pieces(table: Table) -> Iterator[str]:
    """A table as CSV text, CHUNK rows at a time; the first piece begins with the byte order mark and the headings."""
    query, headings = _query(table)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write(MARK)
    writer.writerow(headings)
    rows = db.session.execute(query, execution_options={"yield_per": CHUNK})
    for chunk in rows.partitions():
        writer.writerows([cell_of(value) for value in row] for row in chunk)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue()


def cell_of(value: Any) -> str:
    """A stored value as the text of a cell: instants in UTC as ISO 8601, lists joined, nothing that can run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return harmless(", ".join(str(part) for part in value))
    return harmless(json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value))


def _query(table: Table) -> tuple[Select[Any], Sequence[str]]:
    """Everything of a table that may go out; appointments with the names of whom and what they are about.

    A slot that is held for some minutes is no appointment, and does not go out.
    """
    columns = [column for column in table.columns if not any(word in column.name for word in SECRET)]
    headings = [column.name for column in columns]
    key = list(table.primary_key.columns)
    if table.name != "appointments":
        return select(*columns).order_by(*key), headings
    practitioner = aliased(Practitioner)
    # By what an import tells patients apart, also where they have other numbers than here.
    named = {
        "patient": Patient.given_name + " " + Patient.family_name,
        "patient_born_on": Patient.born_on,
        "patient_email": Patient.email,
        "patient_phone": Patient.phone,
        "patient_reference": Patient.reference,
        "practitioner": practitioner.given_name + " " + practitioner.family_name,
        "type": AppointmentType.name,
        "location": Location.name,
        "room": Room.name,
    }
    query = (
        select(*columns, *named.values())
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(practitioner, practitioner.id == Appointment.practitioner_id)
        .join(AppointmentType, AppointmentType.id == Appointment.appointment_type_id)
        .join(Location, Location.id == Appointment.location_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .where(Appointment.status != AppointmentStatus.HELD.value)
        .order_by(*key)
    )
    return query, [*headings, *named]


class _Pipe(io.RawIOBase):
    """A file that can only be written to and whose bytes are taken away as they come: so a ZIP can be streamed."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes until they are taken."""
        self._pieces.append(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        """How much was written; that it cannot be asked to go back is told by seek."""
        return self._at

    def take(self) -> Iterator[bytes]:
        """The bytes since the last time."""
        pieces, self._pieces = self._pieces, []
        if pieces:
            yield b"".join(pieces)
