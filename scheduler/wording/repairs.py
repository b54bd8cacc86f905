"""Repairs in words: how a session follows the one before it, and why its window stays broken."""

from collections.abc import Mapping

from scheduler.i18n import Gettext
from scheduler.wording.planning import REASONS


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a sentence is made."""
    return message


LEFT: Mapping[str, str] = {
    **REASONS,
    "fixed": _("It stays where it is: it is done, or was put there by hand."),
}
DAYS_AFTER = _("%(days)d days after the session before")
A_DAY_AFTER = _("a day after the session before")
SAME_DAY = _("on the same day as the session before")
TOO_EARLY = _("before the session before it")
VERDICTS: Mapping[str, str] = {
    "too_short": _("%(gap)s: too short, at least %(min_days)d"),
    "too_long": _("%(gap)s: too long, at most %(max_days)d"),
    "rest": _("%(gap)s: within the minimum rest"),
    "fine": _("%(gap)s"),
}
NO_DATE = _("no date")
OUTSIDE = _("outside its window")


def gap_words(days: int, gettext: Gettext) -> str:
    """``7 days after the session before``, without a full stop."""
    if days < 0:
        return gettext(TOO_EARLY)
    plain = {0: SAME_DAY, 1: A_DAY_AFTER}.get(days)
    return gettext(plain) if plain else gettext(DAYS_AFTER) % {"days": days}


def stand_words(
    days: int | None,
    verdict: str | None,
    *,
    placed: bool,
    broken: bool,
    limits: tuple[int, int],
    gettext: Gettext,
) -> str:
    """How a session stands: its gap with the verdict, or why there is none; ``limits`` are the least and most days."""
    if not placed:
        return gettext(NO_DATE)
    if days is None or verdict is None:
        return gettext(OUTSIDE) if broken else ""
    judged = "rest" if broken and verdict == "fine" else verdict
    return gettext(VERDICTS[judged]) % {
        "gap": gap_words(days, gettext),
        "min_days": limits[0],
        "max_days": limits[1],
    }


def left_sentence(code: str, gettext: Gettext) -> str:
    """Why a repair leaves a session outside its window, or without a date."""
    return gettext(LEFT[code])
