"""The date at the desk, for answers that count days from today."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from scheduler.usecases.clinic.desk import see_desk


def today_at_desk(now: datetime) -> date:
    """The date on the clock of the clinic's oldest location."""
    return now.astimezone(ZoneInfo(see_desk(None).here.zone)).date()
