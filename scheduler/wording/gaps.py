"""Why somebody ranks for a free slot, as sentences: see planning.py for how they are put into a language."""

from collections.abc import Mapping

from scheduler.i18n import Gettext
from scheduler.wording.planning import NOTES


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a sentence is made."""
    return message


REASONS: Mapping[str, str] = {
    "behind": _("Falling behind"),
    "waitlist": _("On the waitlist"),
    "earlier": _("Could come forward"),
}
WHY: Mapping[str, str] = {
    "late": _("window over for %(days)d days"),
    "closes": _("window closes in %(days)d days"),
    "waits": _("waiting for %(days)d days"),
    "urgent": _("urgent"),
    "soon": _("soon"),
    "closer": _("%(days)d days closer to the ideal day"),
    "back_in_window": _("back in the window, which it misses by %(days)d days"),
}
WHY_OF_ONE_DAY: Mapping[str, str] = {
    "late": _("window over since yesterday"),
    "closes": _("window closes tomorrow"),
    "waits": _("waiting since yesterday"),
    "closer": _("a day closer to the ideal day"),
    "back_in_window": _("back in the window, which it misses by a day"),
}
WHY_TODAY: Mapping[str, str] = {
    "closes": _("window closes today"),
    "waits": _("waiting since today"),
}
MISSED: Mapping[str, str] = {
    "outside_preference_weekday": NOTES["outside_preference_weekday"],
    "outside_preference_time": NOTES["outside_preference_time"],
    "outside_preference_practitioner": _("not with the practitioner who prescribed"),
}
PASSED_OVER: Mapping[str, str] = {
    "begun": _("the slot has begun"),
    "archived": _("archived meanwhile"),
    "not_any_more": _("cannot take it any more"),
    "not_free": _("the slot is not free any more"),
    "no_address": _("no address to write to"),
}
"""Why somebody was not asked."""


def reason_words(reason: str, gettext: Gettext) -> str:
    """Which of the three groups somebody ranks in."""
    return gettext(REASONS[reason])


def note_words(code: str, params: Mapping[str, int], gettext: Gettext) -> str:
    """One note of a ranking, without a full stop."""
    if code in MISSED:
        return gettext(MISSED[code])
    special = {0: WHY_TODAY, 1: WHY_OF_ONE_DAY}.get(params.get("days", -1), {})
    return gettext(special.get(code) or WHY[code]) % params


def passed_over_words(code: str, gettext: Gettext) -> str:
    """Why somebody was passed over."""
    return gettext(PASSED_OVER[code])
