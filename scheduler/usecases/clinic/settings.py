"""The clinic's own details and its reminder policy: changing them, and a mail to look at beforehand."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import AppointmentType, Clinic, Location, MessageKind, Practitioner, Room
from scheduler.models.clinic import Rebooking
from scheduler.planning.due import DueReminder, ReminderPolicy, reminders_due
from scheduler.planning.hours import DAY_MINUTES, GRIDS
from scheduler.planning.timeline import TICK_MINUTES
from scheduler.transaction import reading, writing
from scheduler.usecases.actors import Actor
from scheduler.usecases.audit import note_deed
from scheduler.usecases.edits import (
    changed_names,
    email_address,
    find_to_change,
    language,
    one_line,
    refuse_stale,
    stamp_of,
    whole_number,
)
from scheduler.usecases.messages.choices import LONGEST_OFFSET_MINUTES, MOST_REMINDERS
from scheduler.usecases.messages.letters import Letter, Sender, Visit

DETAILS = (
    *("name", "email", "phone", "locale", "slot_minutes", "hold_minutes", "offer_minutes", "min_rest_hours"),
    *("summary_recipients", "summary_weekday", "summary_minute"),
    *("cancel_notice_hours", "rebooking", "asks_check_in"),
)
REMINDERS = (
    "reminder_offsets_minutes",
    "quiet_from_minute",
    "quiet_until_minute",
    "no_reminder_within_minutes",
)
MOST_RECIPIENTS = 10
LONGEST_QUIET_MINUTES = 20 * 60
SAMPLE_DAYS_AHEAD, SAMPLE_AT = 8, time(10, 0)


@dataclass(frozen=True, slots=True)
class ClinicDetails:
    """What is entered about the clinic."""

    name: str
    email: str
    phone: str
    locale: str
    slot_minutes: int
    hold_minutes: int
    min_rest_hours: int
    offer_minutes: int = 120
    summary_recipients: tuple[str, ...] = ()
    """Who gets the weekly summary; nobody where it is empty."""
    summary_weekday: int = 0
    """0 is Monday."""
    summary_minute: int = 7 * 60
    cancel_notice_hours: int = 24
    rebooking: str = Rebooking.OFF.value
    asks_check_in: bool = False


@dataclass(frozen=True, slots=True)
class ReminderWishes:
    """A reminder policy as it is entered; quiet hours are [from, until) in minutes of the patient's day."""

    offsets_minutes: tuple[int, ...]
    quiet_from_minute: int
    quiet_until_minute: int
    not_within_minutes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A reminder as it would be sent: the letter, and when each would go out by the clock of ``zone``."""

    letter: Letter
    due: list[DueReminder]
    zone: str


def details_stamp(clinic: Clinic) -> str:
    """What the form of the details must carry."""
    return stamp_of(clinic, only=DETAILS)


def reminders_stamp(clinic: Clinic) -> str:
    """What the form of the reminder policy must carry."""
    return stamp_of(clinic, only=REMINDERS)


@writing
def change_clinic(
    session: Session, details: ClinicDetails, *, seen: str, actor: Actor, now: datetime
) -> Clinic:
    """Change the clinic's details; they hold from now on. Raises NotFound, StaleVersion or InvalidInput."""
    clinic = find_to_change(session, Clinic, 1)
    refuse_stale(seen, details_stamp(clinic))
    if details.slot_minutes not in GRIDS:
        raise InvalidInput(
            "Appointments are offered every 5, 10, 15, 20, 30 or 60 minutes.", field="slot_minutes"
        )
    clinic.name = one_line("name", details.name, needed="Please enter the name of the clinic.")
    clinic.email = email_address(details.email)
    clinic.phone = one_line(
        "phone", details.phone, most=40, needed="Please enter the phone number of the desk."
    )
    clinic.locale = language(details.locale) or "en"
    clinic.slot_minutes = details.slot_minutes
    clinic.hold_minutes = whole_number("hold_minutes", details.hold_minutes, 1, 120)
    clinic.offer_minutes = whole_number("offer_minutes", details.offer_minutes, 5, 4320)
    clinic.min_rest_hours = whole_number("min_rest_hours", details.min_rest_hours, 0, 336)
    clinic.cancel_notice_hours = whole_number("cancel_notice_hours", details.cancel_notice_hours, 0, 336)
    if details.rebooking not in set(Rebooking):
        raise InvalidInput("Please choose from the list.", field="rebooking")
    clinic.rebooking, clinic.asks_check_in = details.rebooking, details.asks_check_in
    clinic.summary_recipients = _recipients(details.summary_recipients)
    clinic.summary_weekday = whole_number("summary_weekday", details.summary_weekday, 0, 6)
    clinic.summary_minute = whole_number("summary_minute", details.summary_minute, 0, DAY_MINUTES - 1)
    fields = changed_names(clinic)
    note_deed(session, actor, "clinic_changed", "clinic", clinic.id, now=now, fields=fields)
    return clinic


def _recipients(addresses: tuple[str, ...]) -> list[str]:
    if len(addresses) > MOST_RECIPIENTS:
        raise InvalidInput(
            "The summary goes to at most %(most)s addresses.",
            most=MOST_RECIPIENTS,
            field="summary_recipients",
        )
    return list(dict.fromkeys(email_address(each, field="summary_recipients") for each in addresses))


@writing
def change_reminders(
    session: Session, wishes: ReminderWishes, *, seen: str, actor: Actor, now: datetime
) -> Clinic:
    """Change the reminder policy; what waits already follows soon (see reminder_policy.follow_policy).

    Raises NotFound, StaleVersion or InvalidInput naming the field.
    """
    clinic = find_to_change(session, Clinic, 1)
    refuse_stale(seen, reminders_stamp(clinic))
    policy = policy_of(wishes)
    clinic.reminder_offsets_minutes = list(policy.offsets_minutes)
    clinic.quiet_from_minute, clinic.quiet_until_minute = policy.quiet_from_minute, policy.quiet_until_minute
    clinic.no_reminder_within_minutes = policy.not_if_booked_within_minutes
    note_deed(
        session,
        actor,
        "reminders_changed",
        "clinic",
        clinic.id,
        now=now,
        offsets_minutes=list(policy.offsets_minutes),
        quiet=[policy.quiet_from_minute, policy.quiet_until_minute],
        not_within_minutes=policy.not_if_booked_within_minutes,
    )
    return clinic


def policy_of(wishes: ReminderWishes) -> ReminderPolicy:
    """The policy, longest offset first. Raises InvalidInput naming the field."""
    offsets = tuple(sorted(set(wishes.offsets_minutes), reverse=True))
    if len(offsets) > MOST_REMINDERS:
        raise InvalidInput("At most %(most)s reminders are sent.", most=MOST_REMINDERS, field="offsets")
    for offset in offsets:
        if not TICK_MINUTES <= offset <= LONGEST_OFFSET_MINUTES or offset % TICK_MINUTES:
            raise InvalidInput("A reminder goes out 5 minutes to 30 days before.", field="offsets")
    for field in ("quiet_from_minute", "quiet_until_minute"):
        if getattr(wishes, field) % TICK_MINUTES:
            raise InvalidInput("Quiet hours begin and end at full five minutes.", field=field)
    if (wishes.quiet_until_minute - wishes.quiet_from_minute) % DAY_MINUTES > LONGEST_QUIET_MINUTES:
        raise InvalidInput("Quiet hours last at most 20 hours.", field="quiet_until_minute")
    return ReminderPolicy(
        offsets_minutes=offsets,
        quiet_from_minute=wishes.quiet_from_minute,
        quiet_until_minute=wishes.quiet_until_minute,
        not_if_booked_within_minutes=whole_number(
            "not_within_minutes", wishes.not_within_minutes, 0, 7 * DAY_MINUTES
        ),
    )


def wishes_of(clinic: Clinic) -> ReminderWishes:
    """The policy that holds."""
    return ReminderWishes(
        offsets_minutes=tuple(clinic.reminder_offsets_minutes),
        quiet_from_minute=clinic.quiet_from_minute,
        quiet_until_minute=clinic.quiet_until_minute,
        not_within_minutes=clinic.no_reminder_within_minutes,
    )


@reading
def sample_reminder(
    session: Session, wishes: ReminderWishes, given_name: str, *, now: datetime, locale: str | None = None
) -> Sample:
    """A reminder of an invented appointment a week ahead at 10:00, at the first location and with who treats there.

    ``given_name`` is the invented patient's. Raises InvalidInput where the policy makes no sense.
    """
    policy = policy_of(wishes)
    clinic = session.get_one(Clinic, 1)
    place, starts_at = sample_place_and_start(session, now)
    zone = ZoneInfo(place.zone)
    letter = Letter(
        id=0,
        kind=MessageKind.REMINDER.value,
        message_id="sample",
        recipient=clinic.email,
        recipient_told=clinic.email,
        given_name=given_name,
        name=given_name,
        locale=locale or clinic.locale,
        zone=None,
        wants_reminders=True,
        attempts=0,
        pointless_at=None,
        visits=(sample_visit(session, place, starts_at),),
        sender=sender_of(session, clinic),
    )
    return Sample(letter, reminders_due(starts_at, now, zone, policy, now), place.zone)


def sample_place_and_start(session: Session, now: datetime) -> tuple[Location, datetime]:
    """The first location, and a morning there some days ahead."""
    place = session.scalars(
        select(Location).where(Location.archived_at.is_(None)).order_by(Location.id).limit(1)
    ).one()
    zone = ZoneInfo(place.zone)
    on = now.astimezone(zone).date() + timedelta(days=SAMPLE_DAYS_AHEAD)
    return place, datetime.combine(on, SAMPLE_AT, zone).astimezone(now.tzinfo)


def sample_visit(session: Session, place: Location, starts_at: datetime) -> Visit:
    """An invented appointment there, with who is there to treat."""
    practitioner = session.scalars(
        select(Practitioner).where(Practitioner.archived_at.is_(None)).order_by(Practitioner.id).limit(1)
    ).first()
    room = session.scalar(
        select(Room.name).where(Room.location_id == place.id, Room.archived_at.is_(None)).order_by(Room.id)
    )
    minutes = session.scalar(
        select(AppointmentType.duration_minutes)
        .where(AppointmentType.archived_at.is_(None))
        .order_by(AppointmentType.id.desc())
    )
    return Visit(
        appointment_id=0,
        sequence=0,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes or 30),
        active=True,
        practitioner=practitioner.name if practitioner else "Nina Nadel",
        location=place.name,
        address=place.address,
        room=room or "",
        zone=place.zone,
        told_sequence=0,
        told_at=starts_at,
    )


def sender_of(session: Session, clinic: Clinic) -> Sender:
    """The clinic as its mails name it."""
    zones = session.scalar(select(func.count(Location.zone.distinct())).where(Location.archived_at.is_(None)))
    return Sender(clinic.name, clinic.email, clinic.phone, clinic.locale, (zones or 0) > 1)
