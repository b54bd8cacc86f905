"""Writing many rows at once, inside a transaction that somebody else commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from scheduler.models import Appointment, AuditEntry, Patient, PatientTerm
from scheduler.models.appointments import NOT_BOOKED
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.feeds.tokens import bump_feeds
from scheduler.usecases.messages.outbox import owe_reminders, owe_series_confirmation
from scheduler.usecases.patients.registry import search_terms

IMPORT_LOCK = 0x696D7074
"""One import at a time: two of the same file would not see each other's rows."""
Details = Mapping[str, Any]
UNNEST = """
INSERT INTO patient_terms (patient_id, term)
SELECT * FROM unnest(CAST(:patient_ids AS integer[]), CAST(:terms AS text[]))
"""


def insert_patients(
    session: Session, told: Sequence[Details], *, reference: int, actor: Actor, now: datetime
) -> list[int]:
    """Add patients with the words they are found by and an audit row each; returns their ids in the same order.

    ``told`` are checked values, those that are known.
    """
    empty: dict[str, Any] = {
        "email": None,
        "phone": None,
        "born_on": None,
        "locale": None,
        "notes": "",
        "wants_reminders": True,
        "attention": "",
        "cautions": [],
        "reference": None,
    }
    fixed = {"created_at": now, "version": 1}
    rows = [{**empty, **values, **fixed} for values in told]
    numbers = list(session.scalars(insert(Patient).returning(Patient.id, sort_by_parameter_order=True), rows))
    terms = [
        (number, term)
        for number, values in zip(numbers, rows, strict=True)
        for term in search_terms(Patient(**values))
    ]
    _insert_terms(session, terms)
    insert_audit(
        session,
        [{"action": "patient_imported", "entity": "patient", "entity_id": number} for number in numbers],
        reference=reference,
        actor=actor,
        now=now,
    )
    return numbers


def insert_audit(
    session: Session, rows: Sequence[dict[str, Any]], *, reference: int, actor: Actor, now: datetime
) -> None:
    """Add audit rows about patients (``entity_id``, unless ``patient_id`` is given)."""
    if not rows:
        return
    who = {
        "at": now,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "source": actor.source,
    }
    filled = [
        {
            "patient_id": row["entity_id"],
            **who,
            **row,
            "detail": {**row.get("detail", {}), "import": reference},
        }
        for row in rows
    ]
    session.execute(insert(AuditEntry), filled)


def note_import(
    session: Session,
    actor: Actor,
    what: str,
    counts: Mapping[str, int],
    *,
    reference: int,
    now: datetime,
) -> None:
    """One audit row for the whole file; its presence says that the import was committed."""
    note_deed(session, actor, "imported", "import", reference, now=now, what=what, **counts)


def _insert_terms(session: Session, terms: Sequence[tuple[int, str]]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        # One statement with two arrays: four times as fast as a list of rows.
        numbers, words = zip(*terms, strict=True)
        session.execute(text(UNNEST), {"patient_ids": list(numbers), "terms": list(words)})
    else:
        session.execute(insert(PatientTerm), [{"patient_id": number, "term": term} for number, term in terms])


def insert_appointments(
    session: Session, rows: Sequence[Details], *, reference: int, actor: Actor, now: datetime
) -> list[int]:
    """Add appointments with an audit row each; returns their ids in the same order."""
    statement = insert(Appointment).returning(Appointment.id, sort_by_parameter_order=True)
    numbers = list(session.scalars(statement, list(rows)))
    trail = [
        {
            "action": "appointment_imported",
            "entity": "appointment",
            "entity_id": number,
            "patient_id": row["patient_id"],
            "detail": {
                "starts_at": row["starts_at"].isoformat(),
                "status": row["status"],
                "rules": row["override_rules"],
            },
        }
        for number, row in zip(numbers, rows, strict=True)
    ]
    insert_audit(session, trail, reference=reference, actor=actor, now=now)
    return numbers


def tell_everybody(session: Session, numbers: Sequence[int], *, confirm: bool, now: datetime) -> None:
    """Owe what patients are to be told of new appointments still to come, and let the feeds know.

    Reminders as the clinic's policy says; with ``confirm`` also one mail to each that lists all dates.
    """
    rows = session.scalars(
        select(Appointment).where(Appointment.id.in_(numbers)).order_by(Appointment.starts_at)
    ).all()
    coming = [row for row in rows if row.starts_at > now and row.status not in NOT_BOOKED]
    owe_reminders(session, coming, now=now)
    if confirm:
        by_patient: dict[int, list[Appointment]] = {}
        for row in coming:
            by_patient.setdefault(row.patient_id, []).append(row)
        for dates in by_patient.values():
            owe_series_confirmation(session, dates, now=now)
    bump_feeds(
        session,
        patient_ids=sorted({row.patient_id for row in rows}),
        practitioner_ids=sorted({row.practitioner_id for row in rows}),
        now=now,
    )
