"""What people say on the phone about when they can come."""

from datetime import date
from typing import Any

import pytest

from scheduler.planning.asked_times import AskedTimes, read_asked_times

TODAY = date(2026, 11, 25)
"""A Wednesday."""


def asked(**wanted: Any) -> AskedTimes:
    """From today on, and what else is wanted."""
    return AskedTimes(**({"from_on": TODAY} | wanted))


@pytest.mark.parametrize(
    "text", ["", "first free", "First free?", "erster freier Termin".replace(" freier Termin", "")]
)
def test_nothing_in_particular_is_the_first_free(text: str) -> None:
    assert read_asked_times(text, TODAY) == asked()


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("first free in the afternoon", 720, 1020),
        ("nachmittags", 720, 1020),
        ("mornings", None, 720),
        ("abends", 960, None),
        ("after 16:00", 960, None),
        ("ab 16 Uhr", 960, None),
        ("before 9.30", None, 570),
        ("after 4pm", 960, None),
        ("after 9 before 11", 540, 660),
        ("10:15", 615, 675),
    ],
)
def test_times_of_day(text: str, begins: int | None, ends: int | None) -> None:
    assert read_asked_times(text, TODAY) == asked(from_minute=begins, until_minute=ends)


@pytest.mark.parametrize(
    ("text", "days"),
    [("Tuesdays", {1}), ("on Tue or Thu", {1, 3}), ("dienstags und donnerstags", {1, 3}), ("Mo, Mi", {0, 2})],
)
def test_weekdays(text: str, days: set[int]) -> None:
    assert read_asked_times(text, TODAY) == asked(weekdays=frozenset(days))


def test_times_and_weekdays_go_together_in_any_order() -> None:
    for text in ("after 16:00 on Tuesdays", "Tuesdays after 16:00", "Di ab 16 Uhr"):
        assert read_asked_times(text, TODAY) == asked(weekdays=frozenset({1}), from_minute=960)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("tomorrow", date(2026, 11, 26), date(2026, 11, 26)),
        ("übermorgen", date(2026, 11, 27), date(2026, 11, 27)),
        ("next week", date(2026, 11, 30), date(2026, 12, 6)),
        ("nächste Woche", date(2026, 11, 30), date(2026, 12, 6)),
        ("this week", TODAY, date(2026, 11, 29)),
        ("next wednesday", date(2026, 12, 2), date(2026, 12, 2)),
        ("in 2 weeks", date(2026, 12, 9), None),
        ("24.12.", date(2026, 12, 24), date(2026, 12, 24)),
        ("3.2.", date(2027, 2, 3), date(2027, 2, 3)),
        ("2026-12-01", date(2026, 12, 1), date(2026, 12, 1)),
        ("after 1.12.2026", date(2026, 12, 1), None),
        ("before 1.12.2026", TODAY, date(2026, 12, 1)),
    ],
)
def test_days(text: str, first: date, last: date | None) -> None:
    assert read_asked_times(text, TODAY) == asked(from_on=first, to_on=last)


@pytest.mark.parametrize("text", ["with Petra", "31.2.2026", "25:00", "after lunch or so"])
def test_what_is_not_understood_is_given_back(text: str) -> None:
    assert read_asked_times(text, TODAY).unknown != ()
    assert read_asked_times(text, TODAY).from_on == TODAY
