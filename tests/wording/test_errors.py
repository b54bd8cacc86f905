"""Sentences of errors: everything in them is in one language."""

import re

import pytest

from scheduler.errors import Conflict, IllegalTransition, NeedsOverride, NotFound, SchedulerError, SlotTaken
from scheduler.models import AppointmentStatus, PlanStatus, SessionStatus
from scheduler.usecases import lookup
from scheduler.usecases.messages.letters import NO_REMINDERS
from scheduler.wording.errors import NOUNS, STATES, error_sentence


def shouted(text: str) -> str:
    """A language in which every word is loud; fields keep their names."""
    return "".join(part if at % 2 else part.upper() for at, part in enumerate(_parts(text)))


def _parts(text: str) -> list[str]:
    return re.split(r"(%\([a-z_]+\)[sd])", text)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFound(what="planned session"), "THERE IS NO PLANNED SESSION WITH THAT NUMBER."),
        (
            IllegalTransition(from_status="no_show", to_status="cancelled"),
            "AN APPOINTMENT THAT IS MARKED AS MISSED CANNOT BECOME CANCELLED.",
        ),
        (
            Conflict("This plan is %(status)s; nothing can be placed.", status="paused"),
            "THIS PLAN IS PAUSED; NOTHING CAN BE PLACED.",
        ),
        (
            Conflict("This mail is not sent again: %(reason)s", reason=NO_REMINDERS),
            "THIS MAIL IS NOT SENT AGAIN: THE PATIENT WANTS NO REMINDERS.",
        ),
        (
            SlotTaken(busy="room and the patient", resources=["room", "patient"]),
            "THE ROOM AND THE PATIENT IS ALREADY BUSY AT THAT TIME.",
        ),
        (
            NeedsOverride(reasons="This time has passed.", rules=["in_the_past", "closed"]),
            "THIS TIME HAS PASSED. THE LOCATION OR THE ROOM IS CLOSED AT THAT TIME. "
            "GIVE A REASON TO BOOK ALL THE SAME.",
        ),
    ],
)
def test_nothing_in_a_sentence_stays_in_another_language(error: SchedulerError, said: str) -> None:
    assert error_sentence(error, shouted) == said


def test_every_noun_and_state_has_words() -> None:
    assert set(lookup.WORDS.values()) - set(NOUNS) == set()
    states = {*AppointmentStatus, *PlanStatus, *SessionStatus} - {AppointmentStatus.HELD}
    assert {str(state) for state in states} == set(STATES)
