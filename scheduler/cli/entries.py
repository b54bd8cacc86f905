"""What is typed at a terminal: weekly hours, dates and wall-clock times, refused in a sentence."""

import re
from abc import abstractmethod
from collections.abc import Iterable
from datetime import date
from typing import Any, NoReturn

import click

from scheduler.errors import InvalidInput
from scheduler.usecases.absences.entering import Absence, WallTime
from scheduler.usecases.practitioners.adding import DayHours

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = r"[A-Za-z]{3,}"
HOURS_ENTRY = re.compile(
    rf"(?P<days>{DAY}(?:-{DAY})?(?:\s*,\s*{DAY}(?:-{DAY})?)*)\s+"
    r"(?P<starts>\d{1,2}:\d\d)\s*-\s*(?P<ends>\d{1,2}:\d\d)"
)


class Entry(click.ParamType):
    """A type of option whose text is read by ``read``; what it cannot read is answered with ``looks``."""

    looks = ""

    @abstractmethod
    def read(self, text: str) -> Any:
        """The value; raises ValueError for no such thing, InvalidInput for nonsense."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value of what was typed."""
        if not isinstance(value, str):
            return value
        try:
            return self.read(value.strip())
        except InvalidInput as error:
            self._refuse(str(error), param, ctx)
        except ValueError:
            self._refuse(f"{value!r} cannot be read: {self.looks}", param, ctx)

    def _refuse(self, sentence: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        self.fail(sentence, param, ctx)


class Hours(Entry):
    """``Mon-Fri 09:00-17:00`` -> a DayHours for each day."""

    name = "hours"
    looks = "hours look like 'Mon-Fri 09:00-17:00' or 'Tue,Thu 13:00-19:00'."

    def read(self, text: str) -> tuple[DayHours, ...]:
        """The hours, by day."""
        found = HOURS_ENTRY.fullmatch(text.replace("–", "-"))
        if found is None:
            raise ValueError(text)
        days = {day for part in found["days"].split(",") for day in _days(part.strip())}
        starts, ends = _minute(found["starts"]), _minute(found["ends"])
        return tuple(DayHours(day, starts, ends) for day in sorted(days))


class Day(Entry):
    """``2026-08-03`` -> a date; nothing -> None."""

    name = "date"
    looks = "a date looks like 2026-08-03."

    def read(self, text: str) -> date | None:
        """The date."""
        return _date(text) if text else None


class Wall(Entry):
    """``2026-08-03`` or ``2026-08-03 14:30`` (or with a T between) -> a WallTime."""

    name = "date or date-time"
    looks = "it looks like 2026-08-03, or '2026-08-03 14:30'."

    def read(self, text: str) -> WallTime:
        """The date, with its time if there is one."""
        on, _, at = text.replace("T", " ").partition(" ")
        if not at:
            return WallTime(_date(on))
        if not re.fullmatch(r"\d{1,2}:\d\d", at):
            raise ValueError(at)
        return WallTime(_date(on), _minute(at))


HOURS, DATE, WALL_TIME = Hours(), Day(), Wall()


def _days(part: str) -> list[int]:
    """``Mon`` or ``Mon-Fri`` as weekdays, 0 is Monday; a week may begin on any day: ``Sun-Thu``."""
    first, _, last = part.partition("-")
    begins = _weekday(first)
    ends = _weekday(last) if last else begins
    return [(begins + step) % 7 for step in range((ends - begins) % 7 + 1)]


def _weekday(word: str) -> int:
    for number, name in enumerate(WEEKDAYS):
        if name.startswith(word.lower()):
            return number
    raise ValueError(word)


def _minute(text: str) -> int:
    """The minute of day; 24:00 is its end."""
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59:
        raise ValueError(text)
    return hour * 60 + minute


def _date(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError(text)
    return date.fromisoformat(text)


def tell_absence(absence: Absence, state: str) -> None:
    """Say from when until when somebody is away or a location closed, and what is booked then."""
    starts, ends = (instant.astimezone(absence.zone) for instant in (absence.starts_at, absence.ends_at))
    click.echo(
        f"{absence.name} is {state} from {starts:%Y-%m-%d %H:%M} until {ends:%Y-%m-%d %H:%M} ({absence.zone.key})."
    )
    if absence.appointments:
        click.echo(f"Booked for that time, to be moved or cancelled: {absence.appointments}.", err=True)


def list_absences(rows: Iterable[Absence]) -> None:
    """A line each: number, who or what, from when until when, what is still booked, and why."""
    for row in rows:
        starts, ends = (instant.astimezone(row.zone) for instant in (row.starts_at, row.ends_at))
        booked = f"  {row.appointments} booked" if row.appointments else ""
        click.echo(
            f"{row.id}  {row.name}  {starts:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}{booked}  {row.reason}".rstrip()
        )
