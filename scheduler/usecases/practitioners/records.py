"""What is known of practitioners after they were added: their details, their credentials, archiving them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from scheduler.errors import Conflict, InvalidInput
from scheduler.models import Appointment, AppointmentType, Credential, Practitioner, TreatmentPlan
from scheduler.planning.hours import DAY_MINUTES
from scheduler.transaction import lock_resources, reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.clinic.appointment_types import RUNNING
from scheduler.usecases.diary_stamp import stamp_diaries
from scheduler.usecases.edits import (
    changed_names,
    colour_code,
    email_address,
    find_to_change,
    language,
    one_line,
    refuse_stale,
    stamp_of,
    whole_number,
)
from scheduler.usecases.feeds.tokens import touch_events
from scheduler.usecases.idempotency import Idempotency, recall, remember
from scheduler.usecases.lookup import find
from scheduler.usecases.practitioners.adding import HeldCredential, new_credential
from scheduler.usecases.usage import archive_row, delete_unused, refuse_if_booked, restore_row

WARN_AHEAD = timedelta(days=60)
"""A credential that ends sooner is warned of."""
NAME_NEEDED = "Please enter the given name and the family name."


@dataclass(frozen=True, slots=True)
class PractitionerRecord:
    """What is entered about a practitioner whom the clinic knows."""

    given_name: str
    family_name: str
    email: str | None = None
    colour: str = "#4f7cac"
    locale: str | None = None
    day_list_minute: int | None = None
    """Minute of the local day at which the day's list is mailed to them; None: it is not."""


@dataclass(frozen=True, slots=True)
class ExpiringCredential:
    """The last credential of its kind that a practitioner holds, and that ends soon or has ended."""

    practitioner_id: int
    practitioner: str
    kind: str
    expires_on: date


@reading
def list_all_practitioners(session: Session) -> list[Practitioner]:
    """Every practitioner with credentials and hours, the archived ones last."""
    query = select(Practitioner).options(
        selectinload(Practitioner.credentials), selectinload(Practitioner.working_hours)
    )
    ordered = query.order_by(Practitioner.archived_at.is_not(None), Practitioner.family_name, Practitioner.id)
    return list(session.scalars(ordered))


@reading
def get_practitioner(session: Session, practitioner_id: int) -> Practitioner:
    """One practitioner with credentials, archived or not. Raises NotFound."""
    row = find(session, Practitioner, practitioner_id)
    return session.scalars(
        select(Practitioner)
        .where(Practitioner.id == row.id)
        .options(selectinload(Practitioner.credentials))
        .execution_options(populate_existing=True)
    ).one()


@reading
def get_credential(session: Session, credential_id: int) -> Credential:
    """One credential. Raises NotFound."""
    return find(session, Credential, credential_id)


@reading
def expiring_credentials(session: Session, *, today: date) -> list[ExpiringCredential]:
    """Credentials of practitioners in use that end within 60 days or have ended, unless a later one follows."""
    latest = func.max(func.coalesce(Credential.expires_on, date.max))
    rows = session.execute(
        select(Practitioner, Credential.kind, latest)
        .join(Credential, Credential.practitioner_id == Practitioner.id)
        .where(Practitioner.archived_at.is_(None))
        .group_by(Practitioner.id, Credential.kind)
        .having(latest <= today + WARN_AHEAD)
        .order_by(latest, Practitioner.id)
    )
    return [ExpiringCredential(person.id, person.name, kind, ends) for person, kind, ends in rows]


@writing
def change_practitioner(
    session: Session,
    practitioner_id: int,
    details: PractitionerRecord,
    *,
    seen: str,
    actor: Actor,
    now: datetime,
) -> Practitioner:
    """Change names, address, colour and language; calendars are told of a new name.

    Raises NotFound, StaleVersion or InvalidInput naming the field.
    """
    row = find_to_change(session, Practitioner, practitioner_id)
    refuse_stale(seen, stamp_of(row))
    row.given_name = one_line("given_name", details.given_name, needed=NAME_NEEDED)
    row.family_name = one_line("family_name", details.family_name, needed=NAME_NEEDED)
    row.email = (
        email_address(details.email, most=320) if (details.email or "").strip() and details.email else None
    )
    row.colour, row.locale = colour_code(details.colour), language(details.locale)
    row.day_list_minute = details.day_list_minute
    if row.day_list_minute is not None:
        whole_number("day_list_minute", row.day_list_minute, 0, DAY_MINUTES - 1)
        if row.email is None:
            raise InvalidInput("The day's list needs an email address to go to.", field="email")
    fields = changed_names(row)
    if {"given_name", "family_name"} & set(fields):
        session.flush()
        touch_events(session, Appointment.practitioner_id == row.id, now=now)
    stamp_diaries(session)
    note_deed(session, actor, "practitioner_changed", "practitioner", row.id, now=now, fields=fields)
    return row


@writing
def archive_practitioner(
    session: Session, practitioner_id: int, *, actor: Actor, now: datetime
) -> tuple[Practitioner, int]:
    """Book a practitioner no more; with them, how many running plans they prescribed.

    Raises NotFound, or Conflict while something is booked with them.
    """
    row = _locked(session, practitioner_id)
    plans = select(func.count(TreatmentPlan.id)).where(
        TreatmentPlan.practitioner_id == row.id, TreatmentPlan.status.in_(RUNNING)
    )
    if row.archived_at is None:
        refuse_if_booked(session, Appointment.practitioner_id == row.id, row.name, now)
        archive_row(session, row, "practitioner", actor, now)
    return row, session.scalar(plans) or 0


@writing
def restore_practitioner(
    session: Session, practitioner_id: int, *, actor: Actor, now: datetime
) -> Practitioner:
    """Book an archived practitioner again. Raises NotFound."""
    row = _locked(session, practitioner_id)
    restore_row(session, row, "practitioner", actor, now)
    return row


@writing
def add_credential(
    session: Session,
    practitioner_id: int,
    held: HeldCredential,
    *,
    training_hours: int | None = None,
    actor: Actor,
    now: datetime,
    idempotency: Idempotency | None = None,
) -> Credential:
    """Add a credential to a practitioner. Raises NotFound or InvalidInput naming the field."""
    known = recall(session, actor, idempotency)
    if known is not None:
        return find(session, Credential, known[0])
    row = find_to_change(session, Practitioner, practitioner_id)
    credential = new_credential(held)
    credential.kind = one_line("kind", held.kind, most=40, needed="Please say what it allows.")
    credential.training_hours = _training_hours(training_hours)
    credential.practitioner_id = row.id
    session.add(credential)
    session.flush()
    _note_credential(session, actor, "credential_added", credential, now)
    remember(session, actor, idempotency, [credential.id], now=now)
    return credential


@writing
def change_credential(
    session: Session,
    credential_id: int,
    held: HeldCredential,
    *,
    training_hours: int | None = None,
    seen: str,
    actor: Actor,
    now: datetime,
) -> Credential:
    """Change a credential. Raises NotFound, StaleVersion or InvalidInput naming the field."""
    credential = find_to_change(session, Credential, credential_id)
    refuse_stale(seen, stamp_of(credential))
    fresh = new_credential(held)
    credential.kind = one_line("kind", held.kind, most=40, needed="Please say what it allows.")
    credential.issuer, credential.number = fresh.issuer, fresh.number
    credential.issued_on, credential.expires_on = fresh.issued_on, fresh.expires_on
    credential.training_hours = _training_hours(training_hours)
    _note_credential(session, actor, "credential_changed", credential, now)
    return credential


@writing
def delete_credential(session: Session, credential_id: int, *, actor: Actor, now: datetime) -> Credential:
    """Delete a credential written by mistake. Raises NotFound, or Conflict where appointments lean on it."""
    credential = find_to_change(session, Credential, credential_id)
    lock_resources(session, [("practitioner", credential.practitioner_id)])
    leaning = select(Appointment.id).join(AppointmentType)
    if session.scalar(
        leaning.where(
            Appointment.practitioner_id == credential.practitioner_id,
            AppointmentType.needs_credential == credential.kind,
        ).limit(1)
    ):
        raise Conflict(
            "Appointments were booked by this credential, so it is kept. If it no longer holds, enter its last day."
        )
    delete_unused(session, credential, credential.kind)
    _note_credential(session, actor, "credential_deleted", credential, now)
    return credential


def _locked(session: Session, practitioner_id: int) -> Practitioner:
    """The practitioner, after everybody who is booking with them."""
    row = find(session, Practitioner, practitioner_id)
    lock_resources(session, [("practitioner", row.id)])
    return find_to_change(session, Practitioner, practitioner_id)


def _training_hours(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= 10_000:
        raise InvalidInput("Enter the hours of training as a number up to 10,000.", field="training_hours")
    return value


def _note_credential(
    session: Session, actor: Actor, action: str, credential: Credential, now: datetime
) -> None:
    note_deed(
        session,
        actor,
        action,
        "credential",
        credential.id,
        now=now,
        practitioner_id=credential.practitioner_id,
        kind=credential.kind,
        issued_on=str(credential.issued_on),
        expires_on=str(credential.expires_on) if credential.expires_on else None,
    )
