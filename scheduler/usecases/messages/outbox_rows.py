"""Rows of the outbox: what makes a message this one and no other, and writing each only once."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scheduler.models.appointments import Appointment
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState

UNSENT = (MessageState.DUE.value, MessageState.CLAIMED.value)
"""States in which a message can still be taken back."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message about to be written; ``appointments`` is never empty, the first names it."""

    kind: MessageKind
    appointments: Sequence[Appointment]
    address: str
    due_at: datetime
    offset_minutes: int | None = None
    batch: str | None = None

    @property
    def dedupe_key(self) -> str:
        """What makes it this message and no other."""
        if self.batch is not None:
            told = ",".join(f"{row.id}r{row.sequence}" for row in self.appointments)
            digest = hashlib.sha256(f"{self.batch}:{told}".encode()).hexdigest()[:32]
            return f"{self.kind.value}:{digest}:p{self.appointments[0].patient_id}"
        first = self.appointments[0]
        return dedupe_key(self.kind, first.id, first.sequence, self.offset_minutes, first.patient_id)


def dedupe_key(
    kind: MessageKind, appointment_id: int, sequence: int, offset_minutes: int | None, patient_id: int
) -> str:
    """One per kind, appointment, revision, offset and recipient (the person: addresses get corrected)."""
    offset = "" if offset_minutes is None else f":{offset_minutes}min"
    return f"{kind.value}:{appointment_id}:r{sequence}{offset}:p{patient_id}"


def write_drafts(session: Session, drafts: Iterable[Draft], now: datetime) -> None:
    """Insert messages and their items, two statements for any number; what is already owed is left as it is."""
    by_key = {draft.dedupe_key: draft for draft in drafts}
    if not by_key:
        return
    written = insert_messages(session, [_message_row(key, draft, now) for key, draft in by_key.items()])
    items = [
        {
            "message_row_id": number,
            "appointment_id": appointment.id,
            "sequence": appointment.sequence,
            "starts_at": appointment.starts_at,
        }
        for number, key in written
        for appointment in by_key[key].appointments
    ]
    if items:
        session.execute(insert(MessageItem.__table__), items)


def insert_messages(session: Session, rows: Sequence[dict[str, object]]) -> list[tuple[int, str]]:
    """Write rows made by ``message_row``; (id, dedupe key) of those that were not owed already."""
    insert_new = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    written = session.execute(
        insert_new(Message.__table__)
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(Message.id, Message.dedupe_key),
        rows,
    )
    return [(number, key) for number, key in written]


def message_row(
    key: str, kind: MessageKind, recipient: str, *, due_at: datetime, now: datetime
) -> dict[str, object]:
    """A message about to be written, as the values of its columns; what it is about is added by the caller."""
    return {
        "kind": kind.value,
        "dedupe_key": key,
        "recipient": recipient,
        "state": MessageState.DUE.value,
        "due_at": due_at,
        "next_attempt_at": due_at,
        "attempts": 0,
        "message_id": uuid.uuid4().hex,
        "server_reply": "",
        "created_at": now,
    }


def _message_row(key: str, draft: Draft, now: datetime) -> dict[str, object]:
    return {
        **message_row(key, draft.kind, draft.address, due_at=draft.due_at, now=now),
        "patient_id": draft.appointments[0].patient_id,
        "offset_minutes": draft.offset_minutes,
        "batch": draft.batch,
        "pointless_at": draft.appointments[-1].starts_at,
    }
