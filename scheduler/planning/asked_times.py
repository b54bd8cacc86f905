"""When somebody would like to come, as said on the phone: "after 16 on Tuesdays", "nächste Woche nachmittags".

English and German, in any order, capitals and accents alike. What is not understood is given back, never guessed.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

WEEKDAYS = {
    0: ("monday", "mondays", "mon", "montag", "montags", "mo"),
    1: ("tuesday", "tuesdays", "tue", "tues", "dienstag", "dienstags", "di"),
    2: ("wednesday", "wednesdays", "wed", "mittwoch", "mittwochs", "mi"),
    3: ("thursday", "thursdays", "thu", "thurs", "donnerstag", "donnerstags", "do"),
    4: ("friday", "fridays", "fri", "freitag", "freitags", "fr"),
    5: ("saturday", "saturdays", "sat", "samstag", "samstags", "sonnabend", "sa"),
    6: ("sunday", "sundays", "sun", "sonntag", "sonntags", "so"),
}
PARTS_OF_DAY = {
    (None, 12 * 60): ("morning", "mornings", "vormittag", "vormittags", "morgens", "fruh"),
    (11 * 60, 14 * 60): ("noon", "midday", "lunchtime", "mittag", "mittags"),
    (12 * 60, 17 * 60): ("afternoon", "afternoons", "nachmittag", "nachmittags"),
    (16 * 60, None): ("evening", "evenings", "abend", "abends"),
}
FILLERS = frozenset(
    {"first", "free", "on", "in", "the", "at", "a", "an", "any", "and", "or", "o'clock", "h", "only", "week"}
    | {"um", "am", "der", "die", "das", "den", "dem", "erster", "erste", "frei", "freie", "bitte", "und"}
    | {"oder", "uhr", "nur", "woche"}
)
AFTER = frozenset(("after", "from", "ab", "nach"))
BEFORE = frozenset(("before", "until", "till", "bis", "vor"))
NEXT = frozenset(("next", "nachste", "nachsten", "kommende", "kommenden"))
THIS = frozenset(("this", "diese", "dieser", "dieses"))
_DAY_OF = {word: number for number, words in WEEKDAYS.items() for word in words}
_PART_OF = {word: limits for limits, words in PARTS_OF_DAY.items() for word in words}
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?(am|pm)?")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})|(\d{1,2})\.(\d{1,2})\.(\d{4})?")


@dataclass(frozen=True, slots=True)
class AskedTimes:
    """Local dates from ``from_on`` on (to ``to_on``, included; None: open) and weekdays (0 is Monday; none: any).

    A visit should start in the minutes of day [from, until); None leaves that end open.
    """

    from_on: date
    to_on: date | None = None
    weekdays: frozenset[int] = frozenset()
    from_minute: int | None = None
    until_minute: int | None = None
    unknown: tuple[str, ...] = field(default=())
    """Words that were not understood."""


def read_asked_times(text: str, today: date) -> AskedTimes:
    """What a few words ask for, counted from ``today``."""
    words = _words(text)
    asked, unknown = AskedTimes(today), []
    at = 0
    while at < len(words):
        taken, asked = _take(words[at:], asked, today)
        if not taken:
            unknown.append(words[at])
        at += max(taken, 1)
    return replace(asked, unknown=tuple(unknown))


def _take(words: list[str], asked: AskedTimes, today: date) -> tuple[int, AskedTimes]:
    """How many words were understood at the beginning, and what is asked for with them."""
    word, rest = words[0], words[1:]
    if word in AFTER | BEFORE and rest and (minute := _minute(rest[0])) is not None:
        return 2, (
            replace(asked, from_minute=minute) if word in AFTER else replace(asked, until_minute=minute)
        )
    if word in AFTER | BEFORE and rest and (day := _date(rest[0], today)):
        return 2, replace(asked, from_on=day) if word in AFTER else replace(asked, to_on=day)
    if word in NEXT | THIS and rest and rest[0] in {"week", "woche"}:
        monday = today - timedelta(days=today.weekday()) + timedelta(days=7 * (word in NEXT))
        return 2, replace(asked, from_on=max(monday, today), to_on=monday + timedelta(days=6))
    if word in NEXT | THIS and rest and rest[0] in _DAY_OF:
        ahead = (_DAY_OF[rest[0]] - today.weekday()) % 7 or 7
        day = today + timedelta(days=ahead)
        return 2, replace(asked, from_on=day, to_on=day)
    if word == "in" and len(rest) > 1 and rest[0].isdecimal() and rest[1] in _SPANS:
        return 3, replace(asked, from_on=today + timedelta(days=min(int(rest[0]), 400) * _SPANS[rest[1]]))
    if word in _OFFSETS:
        day = today + timedelta(days=_OFFSETS[word])
        return 1, replace(asked, from_on=day, to_on=day)
    if day := _date(word, today):
        return 1, replace(asked, from_on=day, to_on=day)
    if word in _DAY_OF:
        return 1, replace(asked, weekdays=asked.weekdays | {_DAY_OF[word]})
    if word in _PART_OF:
        begins, ends = _PART_OF[word]
        return 1, replace(asked, from_minute=begins, until_minute=ends)
    if (minute := _minute(word)) is not None and word not in FILLERS:
        return 1, replace(asked, from_minute=minute, until_minute=minute + 60)
    return int(word in FILLERS), asked


_SPANS = {"day": 1, "days": 1, "tag": 1, "tagen": 1, "week": 7, "weeks": 7, "woche": 7, "wochen": 7}
_OFFSETS = {"today": 0, "heute": 0, "tomorrow": 1, "morgen": 1, "ubermorgen": 2}


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return [word for word in (part.strip("?!;") for part in re.split(r"[\s,]+", plain)) if word]


def _minute(word: str) -> int | None:
    """The minute of day that a word such as 16, 16:30, 9.15 or 4pm names."""
    found = _TIME.fullmatch(word)
    if not found:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3] and 1 <= hour <= 12:
        hour = hour % 12 + 12 * (found[3] == "pm")
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def _date(word: str, today: date) -> date | None:
    """The date that a word such as 2026-11-24, 24.11.2026 or 24.11. names; without a year the next such day."""
    found = _DATE.fullmatch(word)
    if not found:
        return None
    try:
        if found[1]:
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found[6]:
            return date(int(found[6]), int(found[5]), int(found[4]))
        day = date(today.year, int(found[5]), int(found[4]))
        return day if day >= today else day.replace(year=today.year + 1)
    except ValueError:
        return None
