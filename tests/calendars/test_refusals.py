"""Why a private calendar cannot be read: kept as a code, shown as a sentence."""

import pytest

from scheduler.calendars.refusals import REASONS, Refused, reason_sentence


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_comes_back_as_its_sentence(reason: str) -> None:
    detail = 3 if "%(detail)s" in REASONS[reason] else None
    refused = Refused(reason, detail)
    assert reason_sentence(refused.stored, str) == str(refused)
    assert len(refused.stored) <= 20


@pytest.mark.parametrize("old", ["", "The calendar: it answered 503."])
def test_what_older_versions_kept_is_shown_as_it_is(old: str) -> None:
    assert reason_sentence(old, str) == old
