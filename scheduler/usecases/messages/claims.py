"""Claiming owed messages: due -> claimed, each looked at anew before it may be sent.

A claim is a lease: when its holder dies, the message is claimed again, unless it had begun to be sent; then it is
`unknown`. A claim is flushed to disk and names the crash epoch in which it was made: found in another epoch, the light
commits that followed it (see dispatch.py) may be lost, and it is `unknown`, too.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from scheduler.light_commits import crash_epoch
from scheduler.models.base import among, these
from scheduler.models.messages import Message, MessageItem, MessageKind, MessageState
from scheduler.transaction import writing
from scheduler.usecases.messages.letter_rows import load_letters
from scheduler.usecases.messages.letters import BEGUN, NONE_LEFT, Letter, still_to_tell
from scheduler.usecases.messages.reminder_days import join_reminders
from scheduler.usecases.patient_side.links import good_links

S = MessageState
WITHOUT_PAGE = (MessageKind.OFFER.value, MessageKind.OFFER_EXPIRED.value)
"""Mails to patients that lead elsewhere than to the patient's own page."""
CLAIM_LEASE = timedelta(minutes=10)
"""Longer than a batch should take; a claim that runs out meanwhile is noticed and given up."""
CUT_OFF = "The connection or the service ended while the mail was handed over: it may have arrived."
CRASHED = "The computer or the database crashed while this was being sent: it may have arrived."
ALL_FLUSHED = "-"
"""Instead of the crash epoch, for claims without light commits."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A batch of letters held by one lease."""

    holder: str = ""
    lightly: bool = False
    letters: list[Letter] = field(default_factory=list)
    looked_at: int = 0
    """Rows found due, including those that turned out not to be sent."""
    may_have_left_some: bool = False
    """As many rows were found as were asked for."""


@writing
def claim_messages(session: Session, *, limit: int, now: datetime, link_key: str | None = None) -> Claim:
    """Take up to ``limit`` messages that are due, each checked against its appointments as they are now.

    What should not be sent any more is cancelled; leases that ran out are claimed again or become unknown. With
    ``link_key`` every patient has a link to their own page that is good, for the mail to name.
    """
    rows = _find_due(session, limit, now)
    if not rows:
        return Claim()
    epoch = crash_epoch(session)
    given_up = _give_up(session, rows, epoch)
    taken = [row for row in rows if row.id not in given_up]
    if link_key is not None:
        _make_links(session, taken, link_key, now)
    reminders = {row.id: row.patient_id for row in taken if row.kind == MessageKind.REMINDER}
    told_by_others = join_reminders(session, reminders, now=now)
    letters = _look_at(session, [row.id for row in taken if row.id not in told_by_others], now)
    _note_what_is_told(session, letters)
    holder = f"{epoch or ALL_FLUSHED}.{uuid.uuid4().hex[:16]}"
    _set(
        session,
        [letter.id for letter in letters],
        state=S.CLAIMED.value,
        claimed_by=holder,
        next_attempt_at=now + CLAIM_LEASE,
    )
    return Claim(
        holder=holder,
        lightly=bool(epoch),
        letters=letters,
        looked_at=len(rows),
        may_have_left_some=len(rows) == limit,
    )


@writing
def give_back(
    session: Session, claim: Claim, letters: Sequence[Letter], *, next_attempt_at: datetime
) -> None:
    """Make letters that were claimed and not begun due again, which is no attempt; those withdrawn stay so."""
    session.execute(
        update(Message)
        .where(
            among(Message.id, these(letter.id for letter in letters)),
            Message.claimed_by == claim.holder,
            Message.state == S.CLAIMED.value,
        )
        .values(state=S.DUE.value, claimed_by=None, next_attempt_at=next_attempt_at)
        .execution_options(synchronize_session=False)
    )


def _make_links(session: Session, rows: Sequence[Any], link_key: str, now: datetime) -> None:
    patients = {row.patient_id for row in rows if row.patient_id and row.kind not in WITHOUT_PAGE}
    if patients:
        good_links(session, patients, link_key, now)


def _find_due(session: Session, limit: int, now: datetime) -> Sequence[Any]:
    # The states as literal words: SQLite uses the partial index only for the very condition it was made with.
    return session.execute(
        select(Message.id, Message.state, Message.claimed_by, Message.kind, Message.patient_id)
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


def _look_at(session: Session, ids: Sequence[int], now: datetime) -> list[Letter]:
    """The letters still to be sent, as things are now; others are cancelled or failed."""
    found = load_letters(session, ids, now=now)
    nothing_to_tell = set(ids) - {letter.id for letter in found}
    _set(session, sorted(nothing_to_tell), state=S.CANCELLED.value, server_reply=NONE_LEFT)
    return _drop_pointless(session, found, now)


def _drop_pointless(session: Session, letters: Sequence[Letter], now: datetime) -> list[Letter]:
    """The letters still to be sent, without dates that are not told any more; others are cancelled.

    Or failed, if they were tried until it was too late.
    """
    left = []
    for letter in letters:
        answer = still_to_tell(letter, now)
        if isinstance(answer, Letter):
            left.append(answer)
            _forget(session, letter, answer)
        elif answer == BEGUN and letter.attempts:
            _set(session, [letter.id], state=S.FAILED.value)
        else:
            _set(session, [letter.id], state=S.CANCELLED.value, server_reply=answer)
    return left


def _forget(session: Session, before: Letter, after: Letter) -> None:
    """Delete the items of dates that a letter does not tell any more."""
    told = {visit.appointment_id for visit in after.visits}
    gone = [visit.appointment_id for visit in before.visits if visit.appointment_id not in told]
    if gone:
        session.execute(
            delete(MessageItem)
            .where(MessageItem.message_row_id == before.id, among(MessageItem.appointment_id, these(gone)))
            .execution_options(synchronize_session=False)
        )


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


def _set(session: Session, ids: Sequence[int], **values: object) -> None:
    if ids:
        session.execute(
            update(Message)
            .where(among(Message.id, these(ids)))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
