"""Mails whose recipient the server is slow to answer for, each on a connection of its own, so that others go on.

A relay that asks the recipient's mail server before it answers RCPT keeps us waiting for one dead domain. Nothing but
the envelope was given so far: what is given up here was never sent.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from select import select

from scheduler.light_commits import LightWriter
from scheduler.mail.envelopes import Mail
from scheduler.mail.smtp import GO_AHEAD, Connection, ConnectionLost, NotYet, Reply
from scheduler.usecases.messages.claims import Claim, give_back
from scheduler.usecases.messages.dispatch import Outcome, Verdict, begin_sending, keep_outcomes

MOST = 4
"""Connections that wait at a time; with one more the longest waiting is given up. Servers allow few per client."""
SILENCE = "The mail server did not answer in time."


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    connection: Connection
    claim: Claim
    mail: Mail
    give_up_at: float


class Parked:
    """The mails of one run that wait for an answer to their envelope."""

    def __init__(
        self,
        writer: LightWriter,
        clock: Callable[[], datetime],
        seconds: float,
        count: Callable[[Verdict], None],
    ) -> None:
        """``seconds`` is how long each is waited for; ``count`` is told what became of them."""
        self._writer = writer
        self._clock = clock
        self._seconds = seconds
        self._count = count
        self._waiting: list[_Waiting] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, connection: Connection, claim: Claim, mail: Mail) -> None:
        """Wait for this answer, too."""
        if len(self._waiting) == MOST:
            self._give_up(self._waiting.pop(0))
        self._waiting.append(_Waiting(connection, claim, mail, time.monotonic() + self._seconds))

    def look(self, seconds: float = 0) -> list[str]:
        """Go on with those that were answered, give up those waited for too long; the domains that answered.

        Waits so many seconds at most for the first answer.
        """
        if not self._waiting:
            return []
        next_end = min(one.give_up_at for one in self._waiting) - time.monotonic()
        sockets = [one.connection for one in self._waiting]
        spoke = select(sockets, [], [], max(0, min(seconds, next_end)))[0]
        answered = []
        for one in list(self._waiting):
            if one.connection in spoke and self._goes_on(one):
                answered.append(one.mail.domain)
            elif one in self._waiting and time.monotonic() >= one.give_up_at:
                self._waiting.remove(one)
                self._give_up(one)
        return answered

    def give_up_all(self) -> None:
        """Count all as tried in vain."""
        while self._waiting:
            self._give_up(self._waiting.pop())

    def give_back_all(self) -> None:
        """Leave all to the next run, as if they had not been tried."""
        while self._waiting:
            one = self._waiting.pop()
            one.connection.drop()
            give_back(one.claim, [one.mail.letter], next_attempt_at=self._clock())

    def drop_all(self) -> None:
        """Hang up only: where the database fails, claims are left to run out."""
        while self._waiting:
            self._waiting.pop().connection.drop()

    def _goes_on(self, one: _Waiting) -> bool:
        """Read what came; whether that was the answer."""
        try:
            reply = one.connection.answer(0.001)
            if reply.code == GO_AHEAD:
                one.connection.give_text(one.mail.text)
        except NotYet:
            return False
        except ConnectionLost as lost:
            self._waiting.remove(one)
            self._end(one, Verdict.RETRY, str(lost))
            return False
        self._waiting.remove(one)
        if reply.code == GO_AHEAD:
            self._send(one)
        else:
            self._end(one, Verdict.FAILED if reply.is_final else Verdict.RETRY, str(reply))
        return True

    def _send(self, one: _Waiting) -> None:
        now = self._clock()
        if not begin_sending(self._writer, one.claim, one.mail.letter, [], now=now):
            one.connection.drop()
            give_back(one.claim, [one.mail.letter], next_attempt_at=now)
            return
        try:
            one.connection.end_text()
            reply = one.connection.result()
        except ConnectionLost as lost:
            self._end(one, Verdict.UNKNOWN, str(lost))
        else:
            self._end(one, verdict_on(reply), str(reply))

    def _give_up(self, one: _Waiting) -> None:
        self._end(one, Verdict.RETRY, SILENCE)

    def _end(self, one: _Waiting, verdict: Verdict, words: str) -> None:
        one.connection.drop()
        keep_outcomes(one.claim, [Outcome(one.mail.letter, verdict, words)], now=self._clock())
        self._count(verdict)


def verdict_on(result: Reply) -> Verdict:
    """What the answer to a text means; an answer that SMTP does not know means nothing."""
    if result.is_success:
        return Verdict.SENT
    if result.is_final:
        return Verdict.FAILED
    return Verdict.RETRY if 400 <= result.code < 500 else Verdict.UNKNOWN
