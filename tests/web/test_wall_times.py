"""Wall-clock times as browsers send and show them, across clock changes and odd offsets."""

from datetime import UTC, date, datetime

import pytest

from scheduler.errors import InvalidInput
from scheduler.web.wall_times import day_or, instant_on, wall

BERLIN, CHATHAM, LORD_HOWE = "Europe/Berlin", "Pacific/Chatham", "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("on", "at", "zone", "instant"),
    [
        ("2026-03-28", "10:00", BERLIN, datetime(2026, 3, 28, 9, 0, tzinfo=UTC)),
        ("2026-03-29", "10:00", BERLIN, datetime(2026, 3, 29, 8, 0, tzinfo=UTC)),
        ("2026-03-29", "01:55", BERLIN, datetime(2026, 3, 29, 0, 55, tzinfo=UTC)),
        ("2026-03-29", "03:00", BERLIN, datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-07-01", "09:15", CHATHAM, datetime(2026, 6, 30, 20, 30, tzinfo=UTC)),
        ("2026-12-01", "09:15", CHATHAM, datetime(2026, 11, 30, 19, 30, tzinfo=UTC)),
        ("2026-10-04", "02:30", LORD_HOWE, datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ],
)
def test_a_wall_time_is_an_instant_and_back(on: str, at: str, zone: str, instant: datetime) -> None:
    assert instant_on(on, at, zone) == instant
    assert wall(instant, zone) == f"{on}T{at}"


@pytest.mark.parametrize(
    ("on", "at", "zone", "first"),
    [
        ("2026-10-25", "02:30", BERLIN, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-04-05", "03:00", CHATHAM, datetime(2026, 4, 4, 13, 15, tzinfo=UTC)),
        ("2026-04-05", "01:45", LORD_HOWE, datetime(2026, 4, 4, 14, 45, tzinfo=UTC)),
    ],
)
def test_of_a_repeated_time_the_first_is_taken(on: str, at: str, zone: str, first: datetime) -> None:
    assert instant_on(on, at, zone) == first


@pytest.mark.parametrize(
    ("on", "at", "zone", "sentence"),
    [
        ("2026-03-29", "02:30", BERLIN, "02:30 does not exist. Take 01:55 or 03:00."),
        ("2026-09-27", "02:50", CHATHAM, "02:50 does not exist. Take 02:40 or 03:45."),
        ("2026-10-04", "02:15", LORD_HOWE, "02:15 does not exist. Take 01:55 or 02:30."),
    ],
)
def test_a_skipped_time_is_refused_with_what_there_is(on: str, at: str, zone: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        instant_on(on, at, zone)
    assert str(caught.value) == f"The clocks go forward then: {sentence}"


@pytest.mark.parametrize(
    ("on", "at", "sentence"),
    [
        ("", "", "Please enter a date and a time."),
        ("2026-02-30", "10:00", "Please enter a date and a time."),
        ("2026-03-02", "24:30", "Please enter a date and a time."),
        ("tomorrow", "noon", "Please enter a date and a time."),
        ("0001-01-01", "00:00", "That date is too far away."),
        ("9999-12-31", "23:59", "That date is too far away."),
    ],
)
def test_what_is_no_time_is_refused(on: str, at: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        instant_on(on, at, BERLIN)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("text", [None, "", "2026-13-01", "next week", "0001-01-01", "9999-12-31"])
def test_an_address_without_a_sensible_date_means_the_default(text: str | None) -> None:
    assert day_or(text, date(2026, 3, 2)) == date(2026, 3, 2)


def test_an_address_with_a_date_means_it() -> None:
    assert day_or("2026-03-29", date(2026, 3, 2)) == date(2026, 3, 29)
