"""Times of day and date-times as files write them, on the wall clock or with an offset."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.errors import InvalidInput
from scheduler.planning.hours import NonexistentWallTime, resolve_wall_time
from scheduler.usecases.imports.dates import read_date

TIME = r"\d{1,2}(?:[:.]\d\d)?(?::\d\d(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Uhr|h))?"
DATE_TIME = re.compile(rf"(?P<date>.+?)(?:(?:T|,? +)(?P<time>{TIME}) ?(?P<offset>Z|UTC|[+-]\d\d:?\d\d)?)?")
TIME_PARTS = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))?(?::(?P<second>\d\d)(?:[.,]0+)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?:Uhr|h))?"
)


@dataclass(frozen=True, slots=True)
class Written:
    """A date as it stands in a cell, with a minute of day if there is one, and an offset if there is one."""

    on: date
    minute: int | None = None
    offset_minutes: int | None = None

    def instant(self, zone: ZoneInfo) -> datetime:
        """In UTC; a wall time is read in the zone, a repeated one as the first. Raises InvalidInput for none."""
        minute = self.minute
        if minute is None:
            raise InvalidInput("There is a date, but no time of day.")
        if self.offset_minutes is not None:
            midnight = datetime.combine(self.on, datetime.min.time(), UTC)
            return midnight + timedelta(minutes=minute - self.offset_minutes)
        try:
            return resolve_wall_time(self.on, minute, zone)[0]
        except NonexistentWallTime:
            raise InvalidInput("The clocks go forward then: that time does not exist.") from None


def read_minute(text: str) -> int | None:
    """14:30, 14.30, 9:00 AM, 9 Uhr -> the minute of day; None for anything else, and for seconds that are not 0."""
    found = TIME_PARTS.fullmatch(text.strip())
    if (
        found is None
        or int(found["second"] or 0)
        or not (found["minute"] or found["half"] or text.strip()[-1:].isalpha())
    ):
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if half := (found["half"] or "").lower():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def split_moment(text: str) -> tuple[str, str, str]:
    """(date, time, offset) of a cell, each "" if it is not there."""
    found = DATE_TIME.fullmatch(text.strip())
    return (found["date"], found["time"] or "", found["offset"] or "") if found else (text, "", "")


def read_moment(text: str, writing: str, *, latest: date) -> Written:
    """The date, and time if there is one, in a cell; raises InvalidInput."""
    day, time, offset = split_moment(text)
    on = read_date(day, writing, latest=latest)
    if on is None:
        raise InvalidInput("This is no date that can be read.")
    if not time:
        return Written(on)
    minute = read_minute(time)
    if minute is None:
        raise InvalidInput("This is no time of day that can be read.")
    return Written(on, minute, _offset(offset))


def _offset(text: str) -> int | None:
    if not text:
        return None
    if text in {"Z", "UTC"}:
        return 0
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return sign * (int(digits[:2]) * 60 + int(digits[2:]))
