"""What stored codes are called on screen, and in which tone their badge is shown."""

from flask import Flask, g
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

WORDS: dict[str, dict[str, LazyString]] = {
    "actor": {  # names of those who are nobody of the staff, as usecases/actors.py gives them
        "by the link in the mail": _l("The patient"),
        "clock": _l("The service"),
        "command line": _l("The command line"),
        "on their own page": _l("The patient"),
    },
    "appointment": {
        "booked": _l("Booked"),
        "confirmed": _l("Confirmed"),
        "arrived": _l("Arrived"),
        "completed": _l("Completed"),
        "cancelled": _l("Cancelled"),
        "no_show": _l("Did not come"),
    },
    "plan": {
        "draft": _l("Draft"),
        "active": _l("Active"),
        "paused": _l("Paused"),
        "completed": _l("Completed"),
        "discontinued": _l("Discontinued"),
    },
    "session": {
        "to_place": _l("To place"),
        "placed": _l("Placed"),
        "completed": _l("Done"),
        "missed": _l("Missed"),
        "skipped": _l("Skipped"),
    },
    "reason": {
        "patient": _l("Patient's wish"),
        "clinic": _l("Clinic's reasons"),
        "no_capacity": _l("No free capacity"),
        "no_show": _l("Did not come"),
    },
    "task": {
        "call": _l("Call"),
        "address": _l("Address"),
        "mail": _l("Mail"),
        "request": _l("Request"),
    },
    "message": {
        "due": _l("Waiting"),
        "claimed": _l("Being sent"),
        "sending": _l("Being sent"),
        "sent": _l("Sent"),
        "unknown": _l("Unclear"),
        "failed": _l("Failed"),
        "cancelled": _l("Not needed"),
    },
    "message_kind": {
        "confirmation": _l("Confirmation"),
        "series_confirmation": _l("Confirmation of a series"),
        "series_changed": _l("Change of a series"),
        "offer": _l("Offer"),
        "offer_expired": _l("Offer that ended"),
        "check_in": _l("Check-in"),
        "weekly_summary": _l("Weekly summary"),
        "day_list": _l("Day list"),
        "reminder": _l("Reminder"),
        "change": _l("Change"),
        "cancellation": _l("Cancellation"),
    },
    "offer": {
        "open": _l("Running"),
        "taken": _l("Taken"),
        "exhausted": _l("Nobody left"),
        "stopped": _l("Taken back"),
    },
    "turn": {
        "waiting": _l("Waiting"),
        "asked": _l("Asked"),
        "accepted": _l("Accepted"),
        "declined": _l("Declined"),
        "expired": _l("No answer"),
        "passed_over": _l("Not asked"),
    },
    "urgency": {
        "urgent": _l("Urgent"),
        "soon": _l("Soon"),
        "routine": _l("Routine"),
    },
    "closed_why": {
        "booked": _l("Booked"),
        "withdrawn": _l("Withdrawn"),
        "over": _l("Over"),
    },
    "caution": {
        "anticoagulants": _l("Anticoagulants"),
        "pregnancy": _l("Pregnancy"),
        "epilepsy": _l("Epilepsy"),
        "immunocompromise": _l("Weak immune system"),
        "needle_phobia": _l("Fear of needles"),
        "lymphoedema": _l("Lymphoedema"),
        "metal_allergy": _l("Metal allergy"),
        "infection": _l("Infection"),
    },
    "consent": {
        "dry_needling": _l("Dry needling"),
        "data_protection": _l("Data protection"),
    },
    "muscle": {
        "suboccipitals": _l("Suboccipitals"),
        "sternocleidomastoid": _l("Sternocleidomastoid"),
        "upper_trapezius": _l("Upper trapezius"),
        "temporalis": _l("Temporalis"),
        "levator_scapulae": _l("Levator scapulae"),
        "masseter": _l("Masseter"),
        "frontalis": _l("Frontalis"),
        "splenius_capitis": _l("Splenius capitis"),
        "splenius_cervicis": _l("Splenius cervicis"),
        "semispinalis": _l("Semispinalis"),
        "occipitalis": _l("Occipitalis"),
        "obliquus_capitis_inferior": _l("Obliquus capitis inferior"),
    },
    "time_of_day": {
        "any": _l("Any time"),
        "morning": _l("Morning, before 12:00"),
        "midday": _l("Midday, 11:00 to 14:00"),
        "afternoon": _l("Afternoon, 12:00 to 17:00"),
        "evening": _l("From 16:00 on"),
    },
    "language": {
        "en": _l("English"),
        "de": _l("German"),
    },
    "role": {
        "admin": _l("Administrator"),
        "reception": _l("Reception"),
        "practitioner": _l("Practitioner"),
    },
    "credential": {
        "dry_needling": _l("Dry needling"),
    },
    "weekday": {
        "0": _l("Monday"),
        "1": _l("Tuesday"),
        "2": _l("Wednesday"),
        "3": _l("Thursday"),
        "4": _l("Friday"),
        "5": _l("Saturday"),
        "6": _l("Sunday"),
    },
}
"""noun -> code -> word."""

TONES = {
    "accepted": "good",
    "active": "info",
    "arrived": "info",
    "asked": "info",
    "booked": "info",
    "claimed": "info",
    "completed": "good",
    "confirmed": "good",
    "due": "info",
    "failed": "bad",
    "missed": "bad",
    "no_show": "bad",
    "open": "info",
    "paused": "warn",
    "placed": "info",
    "sending": "info",
    "sent": "good",
    "soon": "warn",
    "taken": "good",
    "to_place": "warn",
    "unknown": "warn",
    "urgent": "bad",
}
"""code -> tone of its badge; quiet where it is not listed."""


def register(app: Flask) -> None:
    """Give templates ``word`` and ``tone``."""
    app.add_template_filter(word)
    app.add_template_filter(tone)
    app.jinja_env.globals["words"] = WORDS


def word(code: object, noun: str) -> str:
    """The word for a code of a noun, or the code itself where there is none; looked up once per request."""
    known: dict[tuple[str, str], str] = g.setdefault("words", {})
    asked = (noun, str(code))
    if asked not in known:
        known[asked] = str(WORDS[noun].get(str(code), code))
    return known[asked]


def tone(code: object) -> str:
    """good, bad, warn, info or quiet."""
    return TONES.get(str(code), "quiet")
