"""What can go wrong, as people at the desk would say it. No HTTP here: http_errors.py maps codes to statuses."""

from collections.abc import Mapping
from typing import Any


class SchedulerError(Exception):
    """Base of all errors that a person can act on.

    ``code`` is stable and meant for programs; ``sentence`` is for people (an English msgid with ``%(name)s``
    fields taken from ``details``); ``details`` are JSON values for programs.
    """

    code = "error"
    sentence = "Something went wrong."

    def __init__(self, sentence: str | None = None, **details: object) -> None:
        self.sentence = sentence or type(self).sentence
        self.details: Mapping[str, Any] = details
        super().__init__(str(self))

    def __str__(self) -> str:
        return self.sentence % self.details if self.details else self.sentence


class NotFound(SchedulerError):
    """Nothing with that identity exists, or this person may not know of it."""

    code = "not_found"
    sentence = "There is no %(what)s with that number."


class InvalidInput(SchedulerError):
    """What was entered cannot be used; ``field`` names where."""

    code = "invalid_input"
    sentence = "That entry cannot be used."


class NotAllowed(SchedulerError):
    """The person is known but has no right to do this."""

    code = "not_allowed"
    sentence = "Your role does not allow this."


class NotSignedIn(SchedulerError):
    """Nobody is signed in, or the key is unknown."""

    code = "not_signed_in"
    sentence = "Please sign in."


class NotSetUp(SchedulerError):
    """There is no clinic yet; ``address`` is where it is set up."""

    code = "not_set_up"
    sentence = "The clinic is not set up yet. Open %(address)s to set it up."


class SignInRefused(SchedulerError):
    """Wrong name or password; deliberately says no more."""

    code = "sign_in_refused"
    sentence = "That email address and password do not belong together."


class SignInBackOff(SchedulerError):
    """Too many failures; ``retry_after_seconds`` says when the next try is looked at."""

    code = "sign_in_back_off"
    sentence = "Too many failed sign-ins. Try again in %(retry_after_seconds)s seconds."


class TooManyTries(SchedulerError):
    """Something was tried too often in a row; ``retry_after_seconds`` says when it is looked at again."""

    code = "too_many_tries"
    sentence = (
        "That was tried too often in a short time. Please try again in %(retry_after_seconds)s seconds."
    )


class SlotTaken(SchedulerError):
    """Practitioner, room or patient is already busy then; never overridable. ``busy`` names which."""

    code = "slot_taken"
    sentence = "The %(busy)s is already busy at that time."


class SlotHeld(SlotTaken):
    """Somebody keeps that time for a patient for some minutes."""

    code = "slot_held"
    sentence = (
        "That time is being kept for another booking just now (the %(busy)s). Try again in a few minutes."
    )


class NoRoomFree(SlotTaken):
    """The type needs a room and every room of the location is busy."""

    code = "no_room_free"
    sentence = "No room is free at that time."


class SeriesTaken(SchedulerError):
    """Some sessions of a series were taken meanwhile; nothing was booked. ``numbers`` lists them."""

    code = "series_taken"
    sentence = "Taken meanwhile: session %(numbers_text)s. Nothing was booked; ask for new proposals."


class NeedsOverride(SchedulerError):
    """A rule of the clinic refuses; a person with the right may go on by giving a reason. ``rules`` lists codes."""

    code = "needs_override"
    sentence = "%(reasons)s Give a reason to book all the same."


class StaleVersion(SchedulerError):
    """Somebody changed it meanwhile; ``current`` holds the state now."""

    code = "stale_version"
    sentence = "Somebody else changed this meanwhile. The present state is shown; please look and try again."


class IllegalTransition(SchedulerError):
    """This state cannot follow that one."""

    code = "illegal_transition"
    sentence = "An appointment that is %(from_status)s cannot become %(to_status)s."


class IdempotencyKeyReused(SchedulerError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    sentence = "This Idempotency-Key was already used for a different request."


class Conflict(SchedulerError):
    """It contradicts something stored (a name that must be unique, a row still in use)."""

    code = "conflict"
    sentence = "That contradicts something that is already there."


class DatabaseBusy(SchedulerError):
    """The database did not let us in after several tries; nothing was written."""

    code = "database_busy"
    sentence = "The system is very busy. Nothing was changed; please try again."
