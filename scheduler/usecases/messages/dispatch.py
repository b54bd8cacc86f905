"""Keeping what becomes of claimed messages, exactly once: claimed -> sending -> sent, unknown, failed or due again.

`sending` is committed after the mail server has got all of a mail but its last line, without which it was never sent.
So whoever dies after that leaves one `unknown`, which is never sent again by itself. What became of a message is
committed together with `sending` of the next one.

Those commits, one per message, are light: they outlive the process but not a crash of the machine. What such a crash
leaves in doubt is seen by its claim (see claims.py). The last commit of a batch is flushed and covers all before it.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Update, bindparam, exists, select, text, update
from sqlalchemy.orm import Session

from scheduler.light_commits import LightWriter, Step
from scheduler.models.appointments import Appointment
from scheduler.models.messages import Message, MessageKind, MessageState
from scheduler.models.offers import OfferTurn
from scheduler.transaction import writing
from scheduler.usecases.messages.claims import Claim
from scheduler.usecases.messages.letters import Letter

S = MessageState
SENDING_LEASE = timedelta(minutes=10)
"""Longer than a mail server is waited for after the text."""
RETRY_MINUTES = (1, 5, 15, 60)
"""After the first, second, … failed attempt; the last one repeats."""


class Verdict(enum.Enum):
    """What became of one attempt."""

    SENT = "sent"
    RETRY = "retry"
    """Not taken now; a later attempt may succeed."""
    FAILED = "failed"
    """Refused for good."""
    UNKNOWN = "unknown"
    """The text was given and no answer came."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt's verdict and the mail server's words."""

    letter: Letter
    verdict: Verdict
    reply: str


def begin_sending(
    writer: LightWriter, claim: Claim, letter: Letter, outcomes: Sequence[Outcome], *, now: datetime
) -> bool:
    """Commit what became of others, and that ``letter`` is being sent; False if it must not be (any more).

    False: it was withdrawn, the lease was lost, or what it tells changed since it was claimed: an appointment, or an
    offer that is over.
    """
    steps = [*_keeping(claim, outcomes, now), _beginning(claim, letter, now)]
    return (writer.write(steps) if claim.lightly else _write_flushed(steps)) == 1


@writing
def keep_outcomes(session: Session, claim: Claim, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Commit, flushed to disk, what became of some letters of a claim."""
    _run(session, _keeping(claim, outcomes, now))


_messages = Message.__table__
# States as literal words: a statement that is run for each mail must not expand lists each time.
_KEEP = (
    update(_messages)
    .where(
        _messages.c.id == bindparam("number"),
        _messages.c.claimed_by == bindparam("holder"),
        # unknown: its holder has the answer after all. What somebody saw to meanwhile stays: it may be sent again.
        text("(state IN ('claimed', 'sending') OR state = 'unknown' AND handled_at IS NULL)"),
    )
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("state", "attempts", "server_reply", "sent_at", "next_attempt_at", "claimed_by")
        }
    )
)


@lru_cache(maxsize=128)
def _begin(appointments: int, gone: bool, offer: bool) -> Update:
    """The statement that begins sending a letter about so many appointments, cancelled ones or active ones.

    An offer must still be open. Each is looked up by its number alone: a planner has no choice that takes long.
    """
    unchanged = (
        exists(
            select(Appointment.id).where(
                Appointment.id == bindparam(f"id_{place}"),
                Appointment.sequence == bindparam(f"sequence_{place}"),
                Appointment.starts_at == bindparam(f"starts_at_{place}"),
                text(f"appointments.status {'IN' if gone else 'NOT IN'} ('cancelled', 'no_show')"),
            )
        )
        for place in range(appointments)
    )
    open_turn = exists(
        select(OfferTurn.id).where(
            OfferTurn.id == bindparam("turn"),
            text("offer_turns.status = 'asked'"),
            OfferTurn.expires_at > bindparam("present"),
        )
    )
    return (
        update(_messages)
        .where(
            _messages.c.id == bindparam("number"),
            _messages.c.claimed_by == bindparam("holder"),
            text("messages.state = 'claimed'"),
            *unchanged,
            *([open_turn] if offer else []),
        )
        .values(state=S.SENDING.value, next_attempt_at=bindparam("lease_ends_at"))
    )


def _beginning(claim: Claim, letter: Letter, now: datetime) -> Step:
    values: dict[str, object] = {
        "number": letter.id,
        "holder": claim.holder,
        "lease_ends_at": now + SENDING_LEASE,
    }
    for place, visit in enumerate(letter.visits):
        values[f"id_{place}"] = visit.appointment_id
        values[f"sequence_{place}"] = visit.sequence
        values[f"starts_at_{place}"] = visit.starts_at
    is_offer = letter.kind == MessageKind.OFFER and letter.offered is not None
    if letter.offered is not None and is_offer:
        values |= {"turn": letter.offered.turn_id, "present": now}
    return _begin(len(letter.visits), letter.kind == MessageKind.CANCELLATION, is_offer), values


@writing
def _write_flushed(session: Session, steps: Sequence[Step]) -> int:
    return _run(session, steps)[-1]


def _run(session: Session, steps: Sequence[Step]) -> list[int]:
    return [session.connection().execute(statement, values).rowcount for statement, values in steps]


def _keeping(claim: Claim, outcomes: Sequence[Outcome], now: datetime) -> list[Step]:
    return [
        (
            _KEEP,
            {
                "number": outcome.letter.id,
                "holder": claim.holder,
                **_new_values(outcome, claim.holder, now),
            },
        )
        for outcome in outcomes
    ]


def _new_values(outcome: Outcome, holder: str, now: datetime) -> dict[str, object]:
    letter, verdict = outcome.letter, outcome.verdict
    next_attempt_at = now
    state = S(verdict.value) if verdict != Verdict.RETRY else S.DUE
    if verdict == Verdict.RETRY:
        next_attempt_at += timedelta(minutes=RETRY_MINUTES[min(letter.attempts, len(RETRY_MINUTES) - 1)])
        if letter.pointless_at and next_attempt_at >= letter.pointless_at:
            state = S.FAILED
    return {
        "new_state": state.value,
        "new_attempts": letter.attempts + 1,
        "new_server_reply": outcome.reply,
        "new_sent_at": now if state == S.SENT else None,
        "new_next_attempt_at": next_attempt_at,
        "new_claimed_by": None if state == S.DUE else holder,
    }
