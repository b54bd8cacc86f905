"""A demo clinic of the tests, and a plain look at whether somebody works at a time."""

from datetime import UTC, date, datetime, timedelta

from scheduler.models import (
    Appointment,
    Closure,
    TimeOff,
    WorkingHours,
)
from scheduler.usecases.demo.size import DemoSize
from tests.factories import BERLIN

SMALL = DemoSize(practitioners=3, patients=45, weeks=10, seed=3)
AT_NOON = datetime(2026, 10, 28, 11, 10, tzinfo=UTC)
"""A Wednesday, three days after the clocks were put back."""
PASSWORD = "open sesame 1001"
DAY = timedelta(days=1)


def works(rule: WorkingHours, row: Appointment) -> bool:
    begins, ends = row.starts_at.astimezone(BERLIN), row.ends_at.astimezone(BERLIN)
    weeks = (monday(begins.date()) - monday(rule.valid_from)).days // 7
    return (
        begins.weekday() == rule.weekday
        and weeks % rule.every_n_weeks == 0
        and rule.starts_minute <= begins.hour * 60 + begins.minute
        and ends.hour * 60 + ends.minute <= rule.ends_minute
        and begins.date() >= rule.valid_from
    )


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def meets(row: Appointment, other: TimeOff | Closure) -> bool:
    return bool(row.starts_at < other.ends_at and other.starts_at < row.ends_at)
