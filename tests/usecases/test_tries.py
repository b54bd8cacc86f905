"""Trying too often: how long one waits, and who counts as one."""

from datetime import timedelta

import pytest

from scheduler.usecases.tries import Limit, _place


def test_the_wait_after_free_tries_doubles_up_to_a_quarter_of_an_hour() -> None:
    limit = Limit(4, timedelta(hours=1))
    waits = [limit.wait_seconds(tries) for tries in (0, 4, 5, 6, 7, 13, 14, 1000)]
    assert waits == [0, 0, 2, 4, 8, 512, 900, 900]


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_of_one_household_count_as_one(source: str, place: str) -> None:
    assert _place(source) == place
