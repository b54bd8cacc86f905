"""A mail to look at before its words are kept: about invented dates, or about a real patient's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.models import (
    Appointment,
    AuditEntry,
    Location,
    MessageKind,
    Patient,
    Practitioner,
    Room,
)
from scheduler.models.appointments import NOT_BOOKED
from scheduler.models.offers import TurnStatus
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.lookup import find
from scheduler.usecases.messages.letters import (
    DayLine,
    DayList,
    Letter,
    Offered,
    OwnLink,
    Summary,
    SummaryLine,
    Visit,
)
from scheduler.usecases.messages.own_words import Stored
from scheduler.usecases.messages.samples import invented_letter, invented_visit

K = MessageKind
OF_A_SERIES = (K.SERIES_CONFIRMATION.value, K.SERIES_CHANGED.value)
OF_OFFERS = (K.OFFER.value, K.OFFER_EXPIRED.value)
OF_PATIENTS = tuple(kind.value for kind in K if kind not in (K.WEEKLY_SUMMARY, K.DAY_LIST))
"""Kinds that a real patient may be looked at with."""
DATES = 3
ONE_LOOK = timedelta(minutes=10)
"""Trying words out on one patient so long is one look in the audit trail."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whom a preview is about."""

    given_name: str
    name: str
    visits: tuple[Visit, ...] = ()


@reading
def preview_letter(
    session: Session, kind: str, locale: str, words: Stored | None, given_name: str, *, now: datetime
) -> Letter:
    """The mail about invented dates of an invented person, with ``words`` as if they were stored."""
    return _letter(session, kind, locale, words, Somebody(given_name, given_name), now)


@writing
def preview_letter_of(
    session: Session,
    kind: str,
    locale: str,
    words: Stored | None,
    patient_id: int,
    *,
    actor: Actor,
    now: datetime,
) -> Letter:
    """The mail about a patient's next dates, which is a look at the patient; invented ones fill up what is missing.

    Raises NotFound.
    """
    patient = find(session, Patient, patient_id)
    _note_look(session, patient, actor, now)
    visits = _next_visits(session, patient.id, now)
    return _letter(session, kind, locale, words, Somebody(patient.given_name, patient.name, visits), now)


def _note_look(session: Session, patient: Patient, actor: Actor, now: datetime) -> None:
    known = session.scalar(
        select(AuditEntry.id)
        .where(
            AuditEntry.patient_id == patient.id,
            AuditEntry.at > now - ONE_LOOK,
            AuditEntry.action == "mail_previewed",
            AuditEntry.actor_kind == actor.kind,
            AuditEntry.actor_id == actor.id,
        )
        .limit(1)
    )
    if known is None:
        note_deed(session, actor, "mail_previewed", "patient", patient.id, now=now, patient_id=patient.id)


def _next_visits(session: Session, patient_id: int, now: datetime) -> tuple[Visit, ...]:
    rows = session.execute(
        select(Appointment, Practitioner, Location, Room.name)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .join(Location, Location.id == Appointment.location_id)
        .outerjoin(Room, Room.id == Appointment.room_id)
        .where(
            Appointment.patient_id == patient_id,
            Appointment.starts_at > now,
            Appointment.status.not_in(NOT_BOOKED),
        )
        .order_by(Appointment.starts_at)
        .limit(DATES)
    )
    return tuple(
        Visit(
            appointment_id=row.id,
            sequence=row.sequence,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            active=True,
            practitioner=person.name,
            location=place.name,
            address=place.address,
            room=room or "",
            zone=place.zone,
            told_sequence=row.sequence,
            told_at=row.starts_at,
        )
        for row, person, place, room in rows
    )


def _letter(
    session: Session, kind: str, locale: str, words: Stored | None, whom: Somebody, now: datetime
) -> Letter:
    count = DATES if kind in OF_A_SERIES else 1
    invented = invented_visit(session, now)
    visits = (*whom.visits, *(_later(invented, 7 * week) for week in range(DATES)))[:count]
    if kind in (K.CHANGE, K.SERIES_CHANGED):
        visits = tuple(map(_as_changed, visits))
    letter = invented_letter(session, kind, locale, whom.given_name, whom.name, visits)
    letter = letter._replace(own_words=words, page=OwnLink(0, "preview"))
    if kind == K.WEEKLY_SUMMARY:
        return letter._replace(visits=(), page=None, summary=_summary(whom.given_name))
    if kind == K.DAY_LIST:
        return letter._replace(visits=(), page=None, day=_day(visits[0], whom.given_name))
    if kind in OF_OFFERS:
        return letter._replace(visits=(), offered=_offered(visits[0], kind, now))
    return letter


def _later(visit: Visit, days: int) -> Visit:
    zone = ZoneInfo(visit.zone)
    starts, ends = (
        (at.astimezone(zone) + timedelta(days=days)).astimezone(at.tzinfo)
        for at in (visit.starts_at, visit.ends_at)
    )
    return visit._replace(starts_at=starts, ends_at=ends, told_at=starts)


def _as_changed(visit: Visit) -> Visit:
    """As if it had been an hour earlier before."""
    return visit._replace(previous_at=visit.starts_at - timedelta(hours=1), last_told_sequence=0, sequence=1)


def _offered(visit: Visit, kind: str, now: datetime) -> Offered:
    status = TurnStatus.ASKED if kind == K.OFFER else TurnStatus.EXPIRED
    return Offered(
        turn_id=0,
        status=status.value,
        asked_at=now,
        expires_at=now + timedelta(hours=2),
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        releases_at=None,
        practitioner=visit.practitioner,
        location=visit.location,
        address=visit.address,
        zone=visit.zone,
        was_told=True,
        room=visit.room,
    )


def _summary(given_name: str) -> Summary:
    lines = (SummaryLine(f"{given_name} B.", 3, 8, -2, False), SummaryLine(f"{given_name} K.", 5, 6, 4, True))
    return Summary(wanted=True, behind=2, overdue=1, without_next=1, worst=lines)


def _day(visit: Visit, given_name: str) -> DayList:
    on = visit.starts_at.astimezone(ZoneInfo(visit.zone)).date()
    where = ", ".join(filter(None, (visit.location, visit.room)))
    lines = tuple(
        DayLine(
            visit.starts_at + timedelta(hours=hour),
            visit.ends_at + timedelta(hours=hour),
            visit.zone,
            f"{given_name} {letter}.",
            where,
        )
        for hour, letter in enumerate("BKM")
    )
    return DayList(wanted=True, on=on, lines=lines)
