"""Claiming owed messages and keeping what became of each: due -> claimed -> sending -> sent, unknown or failed.

Exactly once. A claim is a lease: when its holder dies, the message is claimed again. `sending` is committed after
the mail server has asked for the text and before it gets any, so whoever dies after that leaves one `unknown`, which
is never sent again by itself. What became of a message is committed together with `sending` of the next one.

Those commits, one per message, are light: they outlive the process but not a crash of the machine. So a claim, which
is flushed to disk, names the crash epoch in which it was made. When it is found in another epoch its light commits
may be lost: it becomes `unknown`. The last commit of a batch is flushed and covers all before it.
"""

import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, select, text, tuple_, update
from sqlalchemy.orm import Session

from scheduler.light_commits import LightWriter, Step, crash_epoch
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.transaction import writing
from scheduler.usecases.letters import BEGUN, Letter, load_letters, still_to_tell

S = MessageState
OF_SEVERAL = (MessageKind.SERIES_CONFIRMATION.value, MessageKind.CANCELLATION.value)
"""Kinds that may list several dates; items of dates that are not told any more are dropped."""
CLAIM_LEASE = timedelta(minutes=10)
"""Longer than a batch should take; a claim that runs out meanwhile is noticed and given up."""
SENDING_LEASE = timedelta(minutes=10)
"""Longer than a mail server is waited for after the text."""
RETRY_MINUTES = (1, 5, 15, 60)
"""After the first, second, … failed attempt; the last one repeats."""
CUT_OFF = "The connection or the service ended while the mail was handed over: it may have arrived."
CRASHED = "The computer or the database crashed while this was being sent: it may have arrived."
ALL_FLUSHED = "-"
"""Instead of the crash epoch, for claims without light commits."""


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


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch of letters held by one lease."""

    holder: str = ""
    lightly: bool = False
    letters: list[Letter] = field(default_factory=list)
    looked_at: int = 0
    """Rows found due, including those that turned out not to be sent: fewer than asked for means no more are."""


@writing
def claim_messages(session: Session, *, limit: int, now: datetime) -> Claim:
    """Take up to ``limit`` messages that are due, each checked against its appointments as they are now.

    What should not be sent any more is cancelled; leases that ran out are claimed again or become unknown.
    """
    rows = _find_due(session, limit, now)
    if not rows:
        return Claim()
    epoch = crash_epoch(session)
    given_up = _give_up(session, rows, epoch)
    letters = _drop_pointless(
        session, load_letters(session, [row.id for row in rows if row.id not in given_up]), now
    )
    _note_what_is_told(session, letters)
    holder = f"{epoch or ALL_FLUSHED}.{uuid.uuid4().hex[:16]}"
    _set(
        session,
        [letter.id for letter in letters],
        state=S.CLAIMED.value,
        claimed_by=holder,
        next_attempt_at=now + CLAIM_LEASE,
    )
    return Claim(holder=holder, lightly=bool(epoch), letters=letters, looked_at=len(rows))


def begin_sending(
    writer: LightWriter, claim: Claim, letter: Letter, outcomes: Sequence[Outcome], *, now: datetime
) -> bool:
    """Commit what became of others, and that ``letter`` is being sent; False if it must not be (any more).

    False: it was withdrawn, the lease was lost, or an appointment changed since it was claimed.
    """
    beginning = {"number": letter.id, "holder": claim.holder, "lease_ends_at": now + SENDING_LEASE}
    steps: list[Step] = [*_keeping(claim, outcomes, now), (_BEGIN, beginning)]
    changed = writer.write(steps) if claim.lightly else _write_flushed(steps)
    return changed[-1] == 1


@writing
def keep_outcomes(session: Session, claim: Claim, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Commit, flushed to disk, what became of some letters of a claim."""
    _run(session, _keeping(claim, outcomes, now))


@writing
def give_back(
    session: Session, claim: Claim, letters: Sequence[Letter], *, next_attempt_at: datetime
) -> None:
    """Make letters that were claimed and not begun due again, which is no attempt; those withdrawn stay so."""
    session.execute(
        update(Message)
        .where(
            Message.id.in_([letter.id for letter in letters]),
            Message.claimed_by == claim.holder,
            Message.state == S.CLAIMED.value,
        )
        .values(state=S.DUE.value, claimed_by=None, next_attempt_at=next_attempt_at)
        .execution_options(synchronize_session=False)
    )


def _find_due(session: Session, limit: int, now: datetime) -> Sequence[Any]:
    # The states as literal words: SQLite uses the partial index only for the very condition it was made with.
    return session.execute(
        select(Message.id, Message.state, Message.claimed_by)
        .where(text("state IN ('due', 'claimed', 'sending')"), Message.next_attempt_at <= now)
        .order_by(Message.next_attempt_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def _give_up(session: Session, rows: Sequence[Any], epoch: str) -> set[int]:
    """Make unknown, of rows whose lease ran out, those that may have been sent; their ids."""
    surely_unsent = {epoch, ALL_FLUSHED}
    cut_off = [row.id for row in rows if row.state == S.SENDING]
    crashed = [
        row.id
        for row in rows
        if row.state == S.CLAIMED and row.claimed_by.partition(".")[0] not in surely_unsent
    ]
    _set(session, cut_off, state=S.UNKNOWN.value, server_reply=CUT_OFF)
    _set(session, crashed, state=S.UNKNOWN.value, server_reply=CRASHED)
    return {*cut_off, *crashed}


def _drop_pointless(session: Session, letters: Sequence[Letter], now: datetime) -> list[Letter]:
    """The letters still to be sent; others are cancelled, or failed if they were tried until it was too late."""
    left = []
    for letter in letters:
        answer = still_to_tell(letter, now)
        if isinstance(answer, Letter):
            left.append(answer)
        elif answer == BEGUN and letter.attempts:
            _set(session, [letter.id], state=S.FAILED.value)
        else:
            _set(session, [letter.id], state=S.CANCELLED.value, server_reply=answer)
    return left


def _note_what_is_told(session: Session, letters: Sequence[Letter]) -> None:
    """Bring recipients and items up to date with what is about to be sent."""
    for letter in letters:
        if letter.recipient != letter.recipient_told:
            _set(session, [letter.id], recipient=letter.recipient)
        for visit in letter.visits:
            if (visit.sequence, visit.starts_at) != (visit.told_sequence, visit.told_at):
                session.execute(
                    update(MessageItem)
                    .where(
                        MessageItem.message_row_id == letter.id,
                        MessageItem.appointment_id == visit.appointment_id,
                    )
                    .values(sequence=visit.sequence, starts_at=visit.starts_at)
                    .execution_options(synchronize_session=False)
                )
    series = [letter for letter in letters if letter.kind in OF_SEVERAL]
    if series:
        told = [(letter.id, visit.appointment_id) for letter in series for visit in letter.visits]
        session.execute(
            delete(MessageItem)
            .where(
                MessageItem.message_row_id.in_([letter.id for letter in series]),
                tuple_(MessageItem.message_row_id, MessageItem.appointment_id).not_in(told),
            )
            .execution_options(synchronize_session=False)
        )


def _set(session: Session, ids: Sequence[int], **values: object) -> None:
    if ids:
        session.execute(
            update(Message)
            .where(Message.id.in_(ids))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


_messages = cast(Table, Message.__table__)
# Constants as literal words: they are run once for each mail, and expanding lists takes longer than the database.
_BEGIN = (
    update(_messages)
    .where(
        _messages.c.id == bindparam("number"),
        _messages.c.claimed_by == bindparam("holder"),
        text(
            "state = 'claimed' AND NOT EXISTS (SELECT 1 FROM message_items AS item"
            " JOIN appointments ON appointments.id = item.appointment_id"
            " WHERE item.message_row_id = messages.id AND (item.sequence <> appointments.sequence"
            " OR item.starts_at <> appointments.starts_at"
            " OR (appointments.status IN ('cancelled', 'no_show') AND messages.kind <> 'cancellation')))"
        ),
    )
    .values(state=S.SENDING.value, next_attempt_at=bindparam("lease_ends_at"))
)
_KEEP = (
    update(_messages)
    .where(
        _messages.c.id == bindparam("number"),
        _messages.c.claimed_by == bindparam("holder"),
        # unknown: the lease ran out, but its holder lives and has the answer after all.
        text("state IN ('claimed', 'sending', 'unknown')"),
    )
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("state", "attempts", "server_reply", "sent_at", "next_attempt_at", "claimed_by")
        }
    )
)


@writing
def _write_flushed(session: Session, steps: Sequence[Step]) -> list[int]:
    return _run(session, steps)


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
