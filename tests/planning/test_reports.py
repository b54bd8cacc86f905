"""The arithmetic of reports."""

import random
from statistics import median

import pytest

from scheduler.planning.reports import (
    LEAD_BANDS,
    WAIT_BANDS,
    Attendance,
    band_ends,
    band_of,
    counted,
    middle,
    share,
)


@pytest.mark.parametrize("firsts", [LEAD_BANDS, WAIT_BANDS])
@pytest.mark.parametrize("value", range(60))
def test_each_day_lies_in_exactly_one_band(firsts: tuple[int, ...], value: int) -> None:
    holding = [
        at
        for at, (first, last) in enumerate(band_ends(firsts))
        if first <= value and (last is None or value <= last)
    ]
    assert holding == [band_of(value, firsts)]


def test_what_is_before_the_first_band_belongs_to_it() -> None:
    assert band_of(-3, LEAD_BANDS) == 0


@pytest.mark.parametrize("seed", range(20))
def test_every_value_is_counted_once(seed: int) -> None:
    rng = random.Random(seed)
    values = [rng.randint(0, 90) for _ in range(rng.randint(0, 40))]
    found = counted(values, WAIT_BANDS)
    assert (sum(found), len(found)) == (len(values), len(WAIT_BANDS))


def test_share_of_nothing_is_none() -> None:
    assert (share(1, 4), share(0, 3), share(0, 0)) == (25, 0, None)


def test_middle_is_the_median() -> None:
    assert (middle([9, 1, 4]), middle([1, 2]), middle([])) == (median([1, 4, 9]), 1.5, None)


def test_attendance_adds_up() -> None:
    both = Attendance(3, 1, 0) + Attendance(2, 0, 1)
    assert (both, both.total) == (Attendance(5, 1, 1), 7)
