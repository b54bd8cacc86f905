"""Every code that the planning floor can answer with has its sentence."""

from typing import get_args

import pytest

from scheduler.planning.series.sessions import Difference, NoteCode, ReasonCode
from scheduler.wording.planning import (
    DIFFERENCES,
    NOTES,
    REASONS,
    note_sentence,
    proposal_summary,
    reason_sentence,
)


def same(message: str) -> str:
    return message


def test_every_code_has_a_sentence() -> None:
    assert set(NOTES) == set(get_args(NoteCode))
    assert set(REASONS) == set(get_args(ReasonCode))
    assert set(DIFFERENCES) == {*get_args(Difference), "adjusted"}


@pytest.mark.parametrize(
    ("code", "params", "sentence"),
    [
        ("start_later", {"days": 1}, "starts a day after the planned start"),
        ("start_later", {"days": 3}, "starts 3 days after the planned start"),
        ("gap_longer", {"days": 9, "ideal_days": 7}, "9 days after the session before, ideal are 7"),
        ("other_time", {"minutes": 90}, "another time of day than the session before"),
    ],
)
def test_notes_are_filled_in(code: str, params: dict[str, int], sentence: str) -> None:
    assert note_sentence(code, params, same) == sentence


def test_reasons_are_whole_sentences() -> None:
    assert [reason_sentence(code, same)[-1] for code in REASONS] == ["."] * len(REASONS)


@pytest.mark.parametrize(
    ("codes", "unplaced", "summary"),
    [
        ([set(), {"fragments_diary"}], 0, "All 2 sessions placed, every one as planned"),
        (
            [{"start_later"}, {"gap_longer", "other_time"}, set()],
            0,
            "All 3 sessions placed, 2 not on the ideal day, 1 with another compromise",
        ),
        ([{"gap_shorter"}, set()], 1, "2 of 3 sessions placed, 1 not on the ideal day"),
    ],
)
def test_summary_counts_compromises(codes: list[set[str]], unplaced: int, summary: str) -> None:
    assert proposal_summary(codes, unplaced, same) == summary
