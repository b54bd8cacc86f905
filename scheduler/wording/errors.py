"""The sentences of errors with everything in them in one language: also nouns, states and rules that they name."""

from collections.abc import Mapping

from scheduler.errors import SchedulerError
from scheduler.i18n import Gettext
from scheduler.usecases.booking.rules import RULES


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a sentence is made."""
    return message


NOUNS = (
    _("absence"),
    _("appointment"),
    _("appointment type"),
    _("calendar address"),
    _("closure"),
    _("consent"),
    _("credential"),
    _("entry"),
    _("hold"),
    _("location"),
    _("message"),
    _("offer"),
    _("patient"),
    _("person"),
    _("plan"),
    _("planned session"),
    _("practitioner"),
    _("private calendar"),
    _("protocol"),
    _("room"),
    _("task"),
    _("waitlist entry"),
)
"""What can be missing, archived or busy."""
STATES: Mapping[str, str] = {
    "draft": _("a draft"),
    "active": _("active"),
    "paused": _("paused"),
    "completed": _("completed"),
    "discontinued": _("discontinued"),
    "to_place": _("to be placed"),
    "placed": _("placed"),
    "missed": _("missed"),
    "skipped": _("skipped"),
    "booked": _("booked"),
    "confirmed": _("confirmed"),
    "arrived": _("marked as arrived"),
    "cancelled": _("cancelled"),
    "no_show": _("marked as missed"),
}
"""Codes of states as they stand in a sentence."""
STATE_FIELDS = frozenset({"status", "from_status", "to_status"})


def error_sentence(error: SchedulerError, gettext: Gettext) -> str:
    """The error's sentence in the language of ``gettext``."""
    sentence = gettext(error.sentence)
    details = dict(error.details)
    if not details:
        return sentence
    for name, value in error.details.items():
        if name in STATE_FIELDS:
            details[name] = gettext(STATES.get(str(value), str(value)))
        elif name in {"what", "rule", "reason"} and value:
            details[name] = gettext(str(value))
    busy = details.get("resources")
    if isinstance(busy, list) and "busy" in details:
        details["busy"] = gettext(_(" and the ")).join(gettext(str(name)) for name in busy)
    rules = details.get("rules")
    if isinstance(rules, list) and "reasons" in details:
        details["reasons"] = " ".join(gettext(RULES[code].sentence) for code in rules)
    return sentence % details
