"""How big the demo clinic shall be, and how the days of its life are counted."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.errors import InvalidInput
from scheduler.planning.hours import DAY_MINUTES, resolve_wall_time

WEEKS_AHEAD = 34
"""How far appointments may reach into the future: the longest shipped protocol lasts 30 weeks."""


@dataclass(frozen=True, slots=True)
class DemoSize:
    """What is asked for; ``weeks`` of diary lie behind us. Raises InvalidInput for senseless values."""

    practitioners: int = 6
    patients: int = 240
    weeks: int = 26
    seed: int = 1

    def __post_init__(self) -> None:
        for name, most in (("practitioners", 500), ("patients", 1_000_000), ("weeks", 520)):
            if not 1 <= getattr(self, name) <= most:
                raise InvalidInput(
                    "The demo clinic can have 1 to %(most)s %(name)s.", most=most, name=name, field=name
                )


class Days:
    """Local days of the demo's life, numbered from 0, a Monday; ``today`` is the number of the present one.

    A moment is a number, too: minutes of the wall clock since day 0, midnight.
    """

    def __init__(self, size: DemoSize, zone: ZoneInfo, now: datetime) -> None:
        self.zone = zone
        self.now = now
        present = now.astimezone(zone).date()
        self.first = present - timedelta(days=present.weekday() + 7 * size.weeks)
        self.today = (present - self.first).days
        self.count = self.today + 7 * WEEKS_AHEAD
        self._midnights: list[datetime] = []
        for number in range(self.count + 1):
            # Clocks change at night: counted from noon, the minutes of a working day are always right.
            noon = resolve_wall_time(self.date_of(number), DAY_MINUTES // 2, zone)[0]
            self._midnights.append(noon - timedelta(minutes=DAY_MINUTES // 2))

    def date_of(self, number: int) -> date:
        """The local date of a day."""
        return self.first + timedelta(days=number)

    def number_of(self, day: date) -> int:
        """The number of a local date; negative before day 0."""
        return (day - self.first).days

    def at(self, moment: int) -> datetime:
        """A moment as an instant, UTC."""
        day, minute = divmod(moment, DAY_MINUTES)
        return self._midnights[day] + timedelta(minutes=minute)

    def midnight(self, number: int) -> datetime:
        """Twelve hours before the day's noon, UTC: the instant of its minute 0 but on days of clock change."""
        return self._midnights[number]

    @property
    def present(self) -> int:
        """Now, as a moment; whole minutes, rounded down."""
        wall = self.now.astimezone(self.zone)
        return self.today * DAY_MINUTES + wall.hour * 60 + wall.minute


def random_of(size: DemoSize, days: Days, purpose: str = "") -> random.Random:
    """The same numbers for the same size, seed, day and purpose."""
    return random.Random(
        f"{size.seed}/{size.practitioners}/{size.patients}/{size.weeks}/{days.date_of(days.today)}{purpose}"
    )
