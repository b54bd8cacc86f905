"""What suits a patient, between forms and what is stored."""

from collections.abc import Mapping
from typing import Any

from scheduler.web.words import WORDS

TIMES_OF_DAY: Mapping[str, tuple[int | None, int | None]] = {
    "any": (None, None),
    "morning": (None, 12 * 60),
    "midday": (11 * 60, 14 * 60),
    "afternoon": (12 * 60, 17 * 60),
    "evening": (16 * 60, None),
}
"""What a form offers -> preferred minutes of day [from, until)."""


def preferences_of(given: Any) -> dict[str, Any]:
    """Preferences from a form or an address."""
    begins, ends = TIMES_OF_DAY.get(given.get("time_of_day", "any"), (None, None))
    wanted = given.get("prefer_practitioner_id", type=int)
    return {
        "weekdays": sorted({int(text) for text in given.getlist("weekdays") if text in WORDS["weekday"]}),
        "from_minute": begins,
        "until_minute": ends,
        "practitioner_ids": [wanted] if wanted else [],
        "location_id": given.get("location_id", type=int),
    }


def time_of_day(preferences: Mapping[str, Any]) -> str:
    """The offered time of day that stored preferences mean; ``any`` where none does."""
    limits = (preferences.get("from_minute"), preferences.get("until_minute"))
    return next((code for code, known in TIMES_OF_DAY.items() if known == limits), "any")
