"""What may be chosen for a calendar address, checked."""

from scheduler.errors import InvalidInput
from scheduler.models import FeedDetail

LONGEST_NAME = 200
LONGEST_ALARM_MINUTES = 4 * 7 * 24 * 60
PAST_DAYS, AHEAD_DAYS = 30, 365
MOST_PAST_DAYS, MOST_AHEAD_DAYS = 366, 731
"""Events of so many days before today until so many after it are in a feed."""


def checked_name(name: str) -> str:
    """On one line. Raises InvalidInput if it is too long."""
    cleaned = " ".join(name.replace("\0", "").split())
    if len(cleaned) > LONGEST_NAME:
        raise InvalidInput("A name has at most %(most)s characters.", most=LONGEST_NAME, field="name")
    return cleaned


def checked_detail(detail: str) -> str:
    """minimal, type or full. Raises InvalidInput."""
    if detail not in set(FeedDetail):
        raise InvalidInput("The detail of a calendar is minimal, type or full.", field="detail")
    return str(detail)


def checked_alarm(minutes: int | None) -> int | None:
    """Minutes before the start, or None. Raises InvalidInput."""
    if minutes is not None and not 0 <= minutes <= LONGEST_ALARM_MINUTES:
        raise InvalidInput(
            "An alarm comes between 0 and %(most)s minutes before the start.",
            most=LONGEST_ALARM_MINUTES,
            field="alarm_minutes",
        )
    return minutes


def checked_days(days: int, least: int, most: int, field: str) -> int:
    """Days on one side of today. Raises InvalidInput."""
    if not least <= days <= most:
        raise InvalidInput(
            "A calendar shows %(least)s to %(most)s days on that side of today.",
            least=least,
            most=most,
            field=field,
        )
    return days


def checked_holds(shows_holds: bool, patient_id: int | None) -> bool:
    """Raises InvalidInput where patients would see what is held."""
    if shows_holds and patient_id is not None:
        raise InvalidInput("Held slots are shown to practitioners and in rooms only.", field="shows_holds")
    return shows_holds
