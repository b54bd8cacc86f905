"""Repairs in words: every reason has its sentence, every gap its verdict."""

from typing import get_args

import pytest

from scheduler.planning.repair.course import RepairReason
from scheduler.planning.series.sessions import ReasonCode
from scheduler.wording.repairs import LEFT, gap_words, left_sentence, stand_words


def same(message: str) -> str:
    return message


def test_every_reason_has_a_sentence() -> None:
    assert set(LEFT) == {*get_args(ReasonCode), "fixed"}
    assert "fixed" in str(RepairReason)
    assert [left_sentence(code, same)[-1] for code in LEFT] == ["."] * len(LEFT)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-2, "before the session before it"),
        (0, "on the same day as the session before"),
        (1, "a day after the session before"),
        (7, "7 days after the session before"),
    ],
)
def test_a_gap_reads_as_people_say_it(days: int, words: str) -> None:
    assert gap_words(days, same) == words


@pytest.mark.parametrize(
    ("days", "verdict", "placed", "broken", "words"),
    [
        (7, "fine", True, False, "7 days after the session before"),
        (4, "too_short", True, True, "4 days after the session before: too short, at least 5"),
        (10, "too_long", True, True, "10 days after the session before: too long, at most 9"),
        (1, "fine", True, True, "a day after the session before: within the minimum rest"),
        (None, None, True, True, "outside its window"),
        (None, None, True, False, ""),
        (None, None, False, True, "no date"),
    ],
)
def test_a_session_stands_as_judged(
    days: int | None, verdict: str | None, placed: bool, broken: bool, words: str
) -> None:
    found = stand_words(days, verdict, placed=placed, broken=broken, limits=(5, 9), gettext=same)
    assert found == words
