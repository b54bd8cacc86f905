"""What the mails say, by kind: English msgids, and days and times as the patient's language writes them.

No diagnosis, treatment or plan is ever named: mails are read on locked screens.
"""

import re
from datetime import date, datetime, time
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates
from babel.support import Translations

from scheduler.i18n import translations
from scheduler.models.messages import MessageKind

K = MessageKind
PLAIN_ENGLISH = Locale("en", "GB")
"""Plain ``en`` writes days and hours the European way."""
_YEAR = re.compile(r"(,| 'de')?\s*y+$")


def _(message: str) -> str:
    """Mark a msgid for the extractor; translation happens when a letter is written."""
    return message


class Words(NamedTuple):
    """The sentences of one kind of mail."""

    subject: str
    lead: str
    ask: str
    ask_without_phone: str


_CANNOT_COME = (
    _("If you cannot come, please call us on %(phone)s or answer this mail."),
    _("If you cannot come, please answer this mail."),
)
_ANOTHER_DATE = (
    _(
        "If you did not expect this or would like another date, please call us on %(phone)s or answer this mail."
    ),
    _("If you did not expect this or would like another date, please answer this mail."),
)
WORDS: dict[str, Words] = {
    K.CONFIRMATION: Words(_("Your appointment on %(when)s"), _("Your appointment is booked."), *_CANNOT_COME),
    K.SERIES_CONFIRMATION: Words(
        _("Your %(count)d appointments from %(when)s"),
        _("Your %(count)d appointments are booked."),
        *_CANNOT_COME,
    ),
    K.REMINDER: Words(
        _("Reminder: your appointment on %(when)s"), _("We look forward to seeing you:"), *_CANNOT_COME
    ),
    K.CHANGE: Words(
        _("Changed: your appointment on %(when)s"),
        _("Your appointment has changed. This is how it is now:"),
        *_CANNOT_COME,
    ),
    K.SERIES_CHANGED: Words(
        _("Changed: your %(count)d appointments from %(when)s"),
        _("Some of your appointments have changed. These %(count)d are as follows now:"),
        *_CANNOT_COME,
    ),
    K.CANCELLATION: Words(
        _("Cancelled: your appointment on %(when)s"), _("Your appointment is cancelled:"), *_ANOTHER_DATE
    ),
    K.OFFER: Words(
        _("Free for you: an appointment on %(when)s"),
        _("A time has become free that may suit you:"),
        _("You can also call us on %(phone)s or answer this mail."),
        _("You can also answer this mail."),
    ),
    K.OFFER_EXPIRED: Words(
        _("No longer free: the appointment on %(when)s"),
        _("The time that we offered you is not free for you any more:"),
        _(
            "Your other appointments stay as they are. If you would still like another date, please call us on "
            "%(phone)s or answer this mail."
        ),
        _(
            "Your other appointments stay as they are. If you would still like another date, please answer this "
            "mail."
        ),
    ),
}
WORDS[K.CHECK_IN] = Words(
    _("How are you? Two questions before %(when)s"),
    _("Before your next appointment, please tell us how you are. It takes two taps:"),
    *_CANNOT_COME,
)
SERIES_REMINDER = Words(
    _("Reminder: your %(count)d appointments on %(when)s"), WORDS[K.REMINDER].lead, *_CANNOT_COME
)
SERIES_CANCELLATION = Words(
    _("Cancelled: your %(count)d appointments from %(when)s"),
    _("These %(count)d appointments of yours are cancelled:"),
    *_ANOTHER_DATE,
)
OF_SEVERAL: dict[str, Words] = {K.CANCELLATION: SERIES_CANCELLATION, K.REMINDER: SERIES_REMINDER}
"""What kinds that are mostly about one appointment say of several."""
SINGLE: dict[str, str] = {K.SERIES_CONFIRMATION: K.CONFIRMATION, K.SERIES_CHANGED: K.CHANGE}
"""What a mail about a series reads like when one date is left of it."""
GREETING = _("Hello %(name)s,")
BEFORE = _("It was on %(when)s before.")
NEW = _("This one is new.")
SAME_TIME = _("The time stays as it was.")
OFFER_UNTIL = _("It is kept for you until %(when)s.")
OFFER_RELEASES = _("If you take it, your appointment on %(when)s is given up for it.")
ANSWER_OFFER = _("Take it or decline")
PAGE_LABELS: dict[str, str] = {
    K.CONFIRMATION: _("Confirm or change"),
    K.REMINDER: _("Confirm or change"),
    K.CHANGE: _("Confirm or change"),
    K.CHECK_IN: _("Answer two questions"),
}
"""What the button to the patient's own page says where it is not the following."""
YOUR_PAGE = _("Your appointments")
HOW_ARE_YOU = _("Before you come, please tell us on your page how you are. It takes two taps.")
WITH = _("With %(name)s")


def words_for(kind: str, count: int) -> Words:
    """The sentences of a kind that is about appointments; a series of which one is left reads like a single one."""
    if count > 1 and kind in OF_SEVERAL:
        return OF_SEVERAL[kind]
    return WORDS[reads_like(kind, count)]


def reads_like(kind: str, count: int) -> str:
    """The kind whose words are used for so many dates."""
    return SINGLE[kind] if kind in SINGLE and count == 1 else kind


@lru_cache(maxsize=256)
def choose_locale(*tags: str) -> Locale:
    """The first BCP 47 tag that there are words for, so that words and days are of one language; else English."""
    for tag in tags:
        try:
            locale = Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
        if str(locale) == "en":
            return PLAIN_ENGLISH
        if locale.language == "en" or isinstance(translations(tag), Translations):
            return locale
    return PLAIN_ENGLISH


@lru_cache(maxsize=4096)
def full_day(day: date, locale: Locale) -> str:
    """Tuesday, 3 March 2026"""
    return _plain(dates.format_date(day, "full", locale=locale))


@lru_cache(maxsize=4096)
def day_without_year(day: date, locale: Locale) -> str:
    """Tuesday, 3 March"""
    pattern = _YEAR.sub("", locale.date_formats["full"].pattern)
    return _plain(dates.format_date(day, pattern, locale=locale))


@lru_cache(maxsize=4096)
def clock_time(wall: time, locale: Locale) -> str:
    """14:30"""
    return _plain(dates.format_time(wall, "short", locale=locale))


@lru_cache(maxsize=1024)
def zone_name(zone: ZoneInfo, is_summer: bool, locale: Locale) -> str:
    """Central European Standard Time"""
    variant: Literal["daylight", "standard"] = "daylight" if is_summer else "standard"
    return _plain(dates.get_timezone_name(zone, "long", locale=locale, zone_variant=variant))


def moment(wall: datetime, locale: Locale) -> str:
    """Tuesday, 3 March, 14:30"""
    return f"{day_without_year(wall.date(), locale)}, {clock_time(wall.time(), locale)}"


def _plain(text: str) -> str:
    """Without the narrow space that some languages put before AM and PM: old mail programs show a box."""
    return text.replace("\u202f", " ")
