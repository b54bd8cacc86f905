"""The clinic's own details and its reminder policy: changing them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Clinic
from scheduler.models.clinic import Rebooking
from scheduler.planning.due import ReminderPolicy
from scheduler.planning.hours import DAY_MINUTES, GRIDS
from scheduler.planning.timeline import TICK_MINUTES
from scheduler.transaction import writing
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
from scheduler.usecases.mail_choices import LONGEST_OFFSET_MINUTES, MOST_REMINDERS

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
