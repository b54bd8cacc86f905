"""Recurrence rules of RFC 5545 on the wall clock, day by day, with a limit: no rule can keep the machine busy for ever.

Rules that repeat more often than daily are not understood.
"""

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from scheduler.errors import InvalidInput

WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
MOST_LOOKS = 1_000_000
TOO_MUCH = "The calendar repeats too much to be read."


@dataclass(slots=True)
class Budget:
    """How many days and times of them may still be looked at for one file; raises InvalidInput when it is used up."""

    left: int = MOST_LOOKS

    def spend(self, looks: int) -> None:
        """Look at so many."""
        self.left -= looks
        if self.left < 0:
            raise InvalidInput(TOO_MUCH, field="file")


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE, checked."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    """Last possible start, on the wall clock."""
    months: frozenset[int] = frozenset()
    week_numbers: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    days: frozenset[tuple[int, int]] = frozenset()
    """(ordinal, weekday): (0, 0) is every Monday, (-1, 4) the last Friday."""
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0


def read_rule(parts: Mapping[str, Sequence[Any]], until: datetime | None) -> Rule:
    """The rule in an RRULE's parts (as icalendar gives them); raises InvalidInput for what is not understood."""
    frequency = str(parts.get("FREQ", [""])[0]).upper()
    if frequency not in FREQUENCIES:
        raise InvalidInput("It repeats more often than daily, which is not understood.")
    unknown = set(parts) - KNOWN_PARTS
    if unknown:
        raise InvalidInput(
            "It repeats in a way that is not understood (%(part)s).", part=", ".join(sorted(unknown))
        )
    try:
        return Rule(
            frequency,
            max(1, int(parts.get("INTERVAL", [1])[0])),
            int(parts["COUNT"][0]) if "COUNT" in parts else None,
            until,
            _numbers(parts, "BYMONTH"),
            _numbers(parts, "BYWEEKNO"),
            _numbers(parts, "BYYEARDAY"),
            _numbers(parts, "BYMONTHDAY"),
            frozenset(_weekday(str(day)) for day in parts.get("BYDAY", [])),
            tuple(sorted(_numbers(parts, "BYHOUR"))),
            tuple(sorted(_numbers(parts, "BYMINUTE"))),
            tuple(_numbers(parts, "BYSETPOS")),
            WEEKDAYS[str(parts.get("WKST", ["MO"])[0]).upper()],
        )
    except (KeyError, ValueError, IndexError):
        raise InvalidInput("Its rule of repetition cannot be read.") from None


KNOWN_PARTS = {
    *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"),
    *("BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"),
}


def occurrences(
    rule: Rule, start: datetime, begin: datetime, end: datetime, budget: Budget
) -> Iterator[datetime]:
    """Starts within [begin, end) of what first starts at ``start``; all on one wall clock, naive."""
    counted, times = 0, _times(rule, start)
    for days in _periods(rule, start, begin, end):
        budget.spend(len(days) or 1)
        found = [day for day in days if _is_on(rule, day, start.date())]
        budget.spend(len(found) * (len(times) - 1))
        instants = [datetime.combine(day, at) for day in found for at in times]
        if rule.positions:
            size = len(instants)
            picked = {place - 1 if place > 0 else size + place for place in rule.positions}
            instants = [instant for place, instant in enumerate(instants) if place in picked]
        for instant in instants:
            if instant < start:
                continue
            if instant >= end or (rule.until is not None and instant > rule.until):
                return
            counted += 1
            if rule.count is not None and counted > rule.count:
                return
            if instant >= begin:
                yield instant


def _periods(rule: Rule, start: datetime, begin: datetime, end: datetime) -> Iterator[Sequence[date]]:
    """The days of each period that the rule repeats by, until ``end``; those before ``begin`` are passed over."""
    first, last = start.date(), end.date()
    # What is counted must be counted from its beginning.
    ahead = max(0, (begin.date() - first).days - 1) if rule.count is None else 0
    if rule.frequency in ("DAILY", "WEEKLY"):
        size = 1 if rule.frequency == "DAILY" else 7
        day = first if size == 1 else first - timedelta(days=(first.weekday() - rule.week_start) % 7)
        step = size * rule.interval
        day += timedelta(days=ahead // step * step)
        while day <= last:
            yield [day + timedelta(days=number) for number in range(size)]
            if (date.max - day).days <= step:
                return
            day += timedelta(days=step)
        return
    months = 1 if rule.frequency == "MONTHLY" else 12
    number = first.year * 12 + (first.month - 1 if months == 1 else 0)
    number += ahead // 31 // months // rule.interval * rule.interval * months
    while number < 9999 * 12 and (begins := date(number // 12, number % 12 + 1, 1)) <= last:
        after = number + months
        days = (date(after // 12, after % 12 + 1, 1) - begins).days
        yield [begins + timedelta(days=day) for day in range(days)]
        number += months * rule.interval


def _is_on(rule: Rule, day: date, first: date) -> bool:
    """Whether the rule names the day; what it leaves open follows the first one."""
    if rule.months and day.month not in rule.months:
        return False
    size = calendar.monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - size - 1} & rule.month_days:
        return False
    year_size = 366 if calendar.isleap(day.year) else 365
    year_day = day.timetuple().tm_yday
    if rule.year_days and not {year_day, year_day - year_size - 1} & rule.year_days:
        return False
    if rule.week_numbers and not _week_numbers(day, rule.week_start) & rule.week_numbers:
        return False
    if rule.days:
        return any(
            _is_weekday(rule, day, ordinal, weekday, size, year_size) for ordinal, weekday in rule.days
        )
    if rule.month_days or rule.year_days or rule.frequency == "DAILY":
        return True
    if rule.frequency == "WEEKLY" or rule.week_numbers:
        return day.weekday() == first.weekday()
    if rule.frequency == "YEARLY" and not rule.months:
        return (day.month, day.day) == (first.month, first.day)
    return day.day == first.day


def _is_weekday(rule: Rule, day: date, ordinal: int, weekday: int, month_size: int, year_size: int) -> bool:
    if day.weekday() != weekday:
        return False
    if ordinal == 0 or rule.frequency in ("DAILY", "WEEKLY"):
        return True
    in_month = rule.frequency == "MONTHLY" or bool(rule.months)
    number, size = (day.day, month_size) if in_month else (day.timetuple().tm_yday, year_size)
    return ordinal == (number - 1) // 7 + 1 if ordinal > 0 else -ordinal == (size - number) // 7 + 1


def _week_numbers(day: date, week_start: int) -> set[int]:
    """The week's number counted from the front and, negative, from the back of its year (of four days or more)."""
    # A week belongs to the year of its fourth day.
    middle = day - timedelta(days=(day.weekday() - week_start) % 7 - 3)
    number = (middle.timetuple().tm_yday - 1) // 7 + 1
    size = 366 if calendar.isleap(middle.year) else 365
    weeks = number + (size - middle.timetuple().tm_yday) // 7
    return {number, number - weeks - 1} if middle.year == day.year else set()


def _times(rule: Rule, start: datetime) -> list[time]:
    hours = rule.hours or (start.hour,)
    minutes = rule.minutes or (start.minute,)
    return [time(hour, minute, start.second) for hour in hours for minute in minutes]


def _numbers(parts: Mapping[str, Sequence[Any]], name: str) -> frozenset[int]:
    return frozenset(int(value) for value in parts.get(name, []))


def _weekday(text: str) -> tuple[int, int]:
    return int(text[:-2] or 0), WEEKDAYS[text[-2:].upper()]
