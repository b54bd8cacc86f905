"""A week of working hours as it is typed: seven lines such as ``09:00–12:00, 13:00–17:30``, painted by js/hours.js."""

import re
from collections.abc import Iterable

from flask import request

from scheduler.errors import InvalidInput
from scheduler.usecases.practitioners.adding import DayHours
from scheduler.web.settings.frame import clock_text

LONGEST_LINE = 200
_SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(?:-|–|—)\s*(\d{1,2})(?:[:.](\d{2}))?")


def entered_week() -> tuple[DayHours, ...]:
    """The hours of the form. Raises InvalidInput naming the line."""
    return tuple(
        hours
        for weekday in range(7)
        for hours in read_line(weekday, request.form.get(f"hours_{weekday}", ""))
    )


def read_line(weekday: int, line: str) -> list[DayHours]:
    """One day's hours. Raises InvalidInput naming the line."""
    field = f"hours_{weekday}"
    found = []
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", line[:LONGEST_LINE]))):
        match = _SPAN.fullmatch(part)
        if match is None:
            raise InvalidInput("Enter hours such as 09:00–12:00, 13:00–17:30.", field=field)
        starts, ends = (int(match[at]) * 60 + int(match[at + 1] or 0) for at in (1, 3))
        try:
            found.append(DayHours(weekday, starts, ends))
        except InvalidInput as error:
            raise InvalidInput(error.sentence, field=field) from None
    for one, other in zip(sorted(found, key=_start), sorted(found, key=_start)[1:], strict=False):
        if other.starts_minute < one.ends_minute:
            raise InvalidInput("Two of these hours overlap.", field=field)
    return found


def _start(hours: DayHours) -> int:
    return hours.starts_minute


def week_values(days: Iterable[DayHours]) -> dict[str, str]:
    """What stands in the seven lines."""
    listed: dict[str, list[str]] = {}
    for day in sorted(days, key=_start):
        span = f"{clock_text(day.starts_minute)}–{clock_text(day.ends_minute)}"
        listed.setdefault(f"hours_{day.weekday}", []).append(span)
    return {name: ", ".join(spans) for name, spans in listed.items()}
