"""When reminders of an appointment fall due: offsets before its start, moved out of the recipient's quiet hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.planning.hours import DAY_MINUTES, NonexistentWallTime, resolve_wall_time
from scheduler.planning.timeline import TICK_MINUTES, instant_of, tick_of


@dataclass(frozen=True, slots=True)
class ReminderPolicy:
    """How long before an appointment to remind, and when to keep quiet.

    Quiet hours are [quiet_from_minute, quiet_until_minute) in minutes of the recipient's day; they may run past
    midnight, and equal values mean none. A reminder due less than not_if_booked_within_minutes after the booking is
    left out: the confirmation has just said the same. ValueError if a value makes no sense; every minute but the
    last one's must lie on a tick.
    """

    offsets_minutes: tuple[int, ...] = (4320, 1440)
    quiet_from_minute: int = 21 * 60
    quiet_until_minute: int = 8 * 60
    not_if_booked_within_minutes: int = 120

    def __post_init__(self) -> None:
        for offset in self.offsets_minutes:
            if offset <= 0 or offset % TICK_MINUTES:
                raise ValueError(
                    f"a reminder must go out a positive multiple of {TICK_MINUTES} minutes before, not {offset}"
                )
        for minute in (self.quiet_from_minute, self.quiet_until_minute):
            if not 0 <= minute < DAY_MINUTES or minute % TICK_MINUTES:
                raise ValueError(
                    f"quiet hours must begin and end on a multiple of {TICK_MINUTES} minutes "
                    f"from 0 to {DAY_MINUTES - TICK_MINUTES}, not {minute}"
                )
        if self.not_if_booked_within_minutes < 0:
            raise ValueError(f"minutes after booking cannot be negative: {self.not_if_booked_within_minutes}")

    def is_quiet(self, minute: int) -> bool:
        """Whether a minute of the recipient's day lies in the quiet hours."""
        length = (self.quiet_until_minute - self.quiet_from_minute) % DAY_MINUTES
        return (minute - self.quiet_from_minute) % DAY_MINUTES < length


class DueReminder(NamedTuple):
    """A reminder and the instant, in UTC, at which it falls due."""

    offset_minutes: int
    due_at: datetime


def reminders_due(
    starts_at: datetime, booked_at: datetime, zone: ZoneInfo, policy: ReminderPolicy, now: datetime
) -> list[DueReminder]:
    """The reminders still to be sent for an appointment, by due time; zone is the recipient's.

    Offsets of whole days count on the wall clock (a day before 10:00 is 10:00, on the nights that clocks change, too),
    others in elapsed time. What falls into quiet hours moves earlier, to the last tick before them. Left out are
    reminders whose time has passed at `now` or follows too soon on the booking; of two due at once the one with the
    smaller offset stays. ValueError if an instant is naive or starts_at is not on a tick.
    """
    for instant in (booked_at, now):
        if instant.utcoffset() is None:
            raise ValueError(f"{instant.isoformat()} has no time zone")
    earliest = max(now, booked_at + timedelta(minutes=policy.not_if_booked_within_minutes))
    offset_due_at: dict[datetime, int] = {}
    for offset in sorted(policy.offsets_minutes, reverse=True):
        due_at = instant_of(_before_quiet(_offset_tick(starts_at, offset, zone), zone, policy))
        if due_at >= earliest:
            offset_due_at[due_at] = offset
    return [DueReminder(offset, due_at) for due_at, offset in sorted(offset_due_at.items())]


def _offset_tick(starts_at: datetime, offset_minutes: int, zone: ZoneInfo) -> int:
    """The tick an offset before the start: the earlier of two, and the last before a gap that it falls into."""
    starts = tick_of(starts_at)
    days, rest = divmod(offset_minutes, DAY_MINUTES)
    if rest:
        return starts - offset_minutes // TICK_MINUTES
    wall = starts_at.astimezone(zone)
    try:
        due_at = resolve_wall_time(wall.date() - timedelta(days=days), _minute_of_day(wall), zone)[0]
    except NonexistentWallTime as gap:
        due_at = gap.alternatives[0]
    return tick_of(due_at)


def _before_quiet(tick: int, zone: ZoneInfo, policy: ReminderPolicy) -> int:
    """The last tick up to this one at which the zone's clock is not in quiet hours."""
    # Tick by tick, which is right on the nights that clocks change, too; quiet hours never fill a day, so it ends.
    while policy.is_quiet(_minute_of_day(instant_of(tick).astimezone(zone))):
        tick -= 1
    return tick


def _minute_of_day(wall: datetime) -> int:
    return wall.hour * 60 + wall.minute
