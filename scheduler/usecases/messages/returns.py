"""What came back: mails that could not be delivered after all, and complaints about them.

Reports are matched by the message's own random id, which nobody else knows. Keeping one twice changes nothing more.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models.messages import Message, MessageState
from scheduler.models.patients import Patient
from scheduler.models.tasks import Task, TaskKind
from scheduler.transaction import writing
from scheduler.usecases.actors import CLOCK
from scheduler.usecases.audit import note_deed
from scheduler.usecases.tasks import write_task

S = MessageState


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a task is shown."""
    return message


RETURNED = _("Mail to %(address)s came back: %(reason)s. Ask for the right address.")
UNWANTED = _("Mail to %(address)s was reported as unwanted. Ask which mails are wanted.")
HANDED_OVER = (S.SENT.value, S.SENDING.value, S.UNKNOWN.value)


class ReportKind(StrEnum):
    """What a report says of a mail."""

    RETURNED = "returned"
    UNWANTED = "unwanted"


@dataclass(frozen=True, slots=True)
class Report:
    """One mail's fate as another mail server, or the patient's mail service, tells it."""

    kind: ReportKind
    message_id: str
    """The part of our Message-ID before the @."""
    reason: str
    """The server's diagnostic, in one line; "" in complaints."""


@writing
def keep_report(session: Session, report: Report, *, now: datetime) -> bool:
    """Keep what became of a mail, and give reception a task; whether it was one of ours."""
    query = select(Message).where(Message.message_id == report.message_id).with_for_update()
    message = session.scalars(query.execution_options(populate_existing=True)).first()
    if message is None:
        return False
    if report.kind == ReportKind.RETURNED and message.state in HANDED_OVER:
        message.state, message.server_reply = S.FAILED.value, report.reason
        message.claimed_by = None
        note_deed(
            session, CLOCK, "mail_returned", "message", message.id, now=now, patient_id=message.patient_id
        )
    patient = session.get(Patient, message.patient_id) if message.patient_id else None
    if patient is not None and not _is_known(session, patient, message, report.kind):
        _tell_reception(session, patient, message, report, now)
    return True


def _tell_reception(
    session: Session, patient: Patient, message: Message, report: Report, now: datetime
) -> None:
    returned = report.kind == ReportKind.RETURNED
    if returned and (patient.email or "").lower() == message.recipient.lower():
        patient.address_failed_at = now
    fields = {"address": message.recipient, "reason": report.reason.rstrip(".")}
    write_task(
        session,
        TaskKind.ADDRESS if returned else TaskKind.MAIL,
        patient.id,
        RETURNED if returned else UNWANTED,
        detail={"fields": fields, "message_id": message.id, "report": report.kind.value},
        actor=CLOCK,
        now=now,
    )


def _is_known(session: Session, patient: Patient, message: Message, kind: ReportKind) -> bool:
    """Whether there is a task of this very mail, done or not, or an open one about the same address."""
    for task in session.scalars(select(Task).where(Task.patient_id == patient.id)):
        if task.detail.get("report") != kind.value:
            continue
        same_address = task.detail.get("fields", {}).get("address") == message.recipient
        if task.detail.get("message_id") == message.id or (task.done_at is None and same_address):
            return True
    return False
