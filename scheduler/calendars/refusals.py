"""Why a private calendar cannot be read: codes that are stored, and the sentences that they are shown as."""

from collections.abc import Callable, Mapping
from typing import Final

from scheduler.errors import InvalidInput


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a sentence is made."""
    return message


INCOMPLETE: Final = "incomplete"
REASONS: Mapping[str, str] = {
    "no_address": _("This is no address of a calendar: it begins with https://."),
    "password": _("An address with a user name or password in it is not fetched."),
    "not_public": _("This address leads into a private network and is not fetched."),
    "unreachable": _("The calendar's server cannot be reached."),
    "certificate": _("The calendar's server cannot prove who it is (its certificate is not valid)."),
    "no_answer": _("The calendar's server gives no proper answer."),
    "status": _("The calendar's server answered %(detail)s."),
    "not_encrypted": _("The calendar's server leads to an address without encryption."),
    "redirects": _("The calendar's server leads from address to address."),
    "packed": _("The calendar's server packs its answer in an unknown way."),
    "too_slow": _("The calendar took too long to answer."),
    "too_large": _("The calendar is too large."),
    "broken_off": _("The calendar broke off before its end."),
    "no_calendar": _("This is no whole calendar."),
    "too_many": _("The calendar has too many entries, or they repeat too often."),
    "takes_long": _("The calendar takes too long to be read."),
    "takes_much": _("The calendar takes too much to be read."),
    INCOMPLETE: _("%(detail)s of its entries could not be read; the others count."),
}
"""code -> sentence; of some, ``detail`` is a number."""
ADDRESS = frozenset({"no_address", "password", "not_public"})
"""What is wrong with the address itself, whoever answers there."""


class Refused(InvalidInput):
    """A private calendar that cannot be read, by the code of why."""

    def __init__(self, reason: str, detail: int | None = None) -> None:
        self.reason, self.detail = reason, detail
        details: dict[str, object] = {} if detail is None else {"detail": detail}
        super().__init__(REASONS[reason], **details, **({"field": "url"} if reason in ADDRESS else {}))

    @property
    def stored(self) -> str:
        """The code, with its detail if it has one: what is kept."""
        return stored_reason(self.reason, self.detail)


def stored_reason(reason: str, detail: int | None = None) -> str:
    """What is kept of a reason: ``too_slow`` or ``status:503``."""
    return reason if detail is None else f"{reason}:{detail}"


def reason_sentence(stored: str, gettext: Callable[[str], str]) -> str:
    """What was kept, as a sentence; "" for nothing. What older versions kept is a sentence already."""
    reason, _separator, detail = stored.partition(":")
    if reason not in REASONS:
        return gettext(stored) if stored else ""
    return gettext(REASONS[reason]) % {"detail": detail} if detail else gettext(REASONS[reason])
