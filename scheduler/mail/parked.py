"""Mails that the server is slow to answer for, each on a connection of its own, so that others go on.

A relay that asks the recipient's mail server before it answers RCPT keeps us waiting for one dead domain. As long as
nothing but the envelope was given, what is given up here was never sent. A relay may also hand the text on before it
answers that. A text that waits here is `unknown` in the database already, and what else the server says corrects it:
so a dispatcher that is killed leaves no more in doubt than the one mail at hand.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from select import select

from scheduler.light_commits import LightWriter
from scheduler.mail.envelopes import Mail
from scheduler.mail.smtp import GO_AHEAD, Connection, ConnectionLost, NotYet, Patience, Reply
from scheduler.usecases.messages.claims import Claim, give_back
from scheduler.usecases.messages.dispatch import Outcome, Verdict, begin_sending, keep_outcomes

MOST = 4
"""Connections that wait at a time; with one more the longest waiting is given up. Servers allow few per client."""
MOST_TEXTS = 2
"""Of them, those that wait for what becomes of a text. None of these is given up for another."""
SILENCE = "The mail server did not answer in time."
NO_WORD_YET = "The mail server has not said yet whether it takes this mail."
A_MOMENT = 0.001
"""Seconds: what came is read, nothing is waited for."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    connection: Connection
    claim: Claim
    mail: Mail
    give_up_at: float
    has_text: bool
    """Whether all of the mail was given, so that it may arrive."""


class Parked:
    """The mails of one run that wait for an answer."""

    def __init__(
        self,
        writer: LightWriter,
        clock: Callable[[], datetime],
        patience: Patience,
        count: Callable[[Verdict], None],
        keep_others: Callable[[], None],
    ) -> None:
        """``patience`` says how long each is waited for; ``count`` is told what became of them.

        ``keep_others`` commits what became of other mails: only one at a time may be in doubt.
        """
        self._writer = writer
        self._clock = clock
        self._patience = patience
        self._count = count
        self._keep_others = keep_others
        self._waiting: list[_Waiting] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, connection: Connection, claim: Claim, mail: Mail) -> None:
        """Wait for the answer to this envelope, too."""
        self._add(connection, claim, mail, self._patience.command, has_text=False)

    def add_text(self, connection: Connection, claim: Claim, mail: Mail) -> bool:
        """Wait for what becomes of this text, too; False where several wait already."""
        if sum(one.has_text for one in self._waiting) == MOST_TEXTS:
            return False
        outcome = Outcome(mail.letter, Verdict.UNKNOWN, NO_WORD_YET)
        keep_outcomes(claim, [outcome], now=self._clock())
        left = self._patience.text - self._patience.others_after_text
        self._add(connection, claim, mail, left, has_text=True)
        return True

    def _add(
        self, connection: Connection, claim: Claim, mail: Mail, seconds: float, *, has_text: bool
    ) -> None:
        if len(self._waiting) == MOST:
            self._give_up(next(one for one in self._waiting if not one.has_text))
        self._waiting.append(_Waiting(connection, claim, mail, time.monotonic() + seconds, has_text))

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
                self._give_up(one)
        return answered

    def give_up_all(self) -> None:
        """Count all as tried in vain; but what becomes of texts is waited for."""
        for one in list(self._waiting):
            if one.has_text:
                self._wait_for_result(one)
            else:
                self._give_up(one)

    def give_back_all(self) -> None:
        """Leave all to the next run, as if they had not been tried; but what becomes of texts is waited for."""
        for one in list(self._waiting):
            if one.has_text:
                self._wait_for_result(one)
            else:
                self._give_back(one)

    def drop_all(self) -> None:
        """Hang up only: where the database fails, claims are left to run out."""
        while self._waiting:
            self._waiting.pop().connection.drop()

    def _goes_on(self, one: _Waiting) -> bool:
        """Read what came; whether that was the answer."""
        return self._hears_result(one, A_MOMENT) if one.has_text else self._hears_answer(one)

    def _hears_answer(self, one: _Waiting) -> bool:
        """Whether the server answers an envelope now; then the mail goes on its way."""
        try:
            reply = one.connection.answer(A_MOMENT)
            if reply.code == GO_AHEAD:
                one.connection.give_text(one.mail.text)
        except NotYet:
            return False
        except ConnectionLost as lost:
            self._end(one, Verdict.RETRY, str(lost))
            return False
        if reply.code == GO_AHEAD:
            self._send(one)
        else:
            self._end(one, Verdict.FAILED if reply.is_final else Verdict.RETRY, str(reply))
        return True

    def _send(self, one: _Waiting) -> None:
        self._keep_others()
        if not begin_sending(self._writer, one.claim, one.mail.letter, [], now=self._clock()):
            self._give_back(one)
            return
        try:
            one.connection.end_text()
        except ConnectionLost as lost:
            self._end(one, Verdict.UNKNOWN, str(lost))
            return
        if not self._hears_result(one, self._patience.others_after_text):
            self._waiting.remove(one)
            if not self.add_text(one.connection, one.claim, one.mail):
                self._waiting.append(one)
                self._hears_result(one, None)

    def _wait_for_result(self, one: _Waiting) -> None:
        if not self._hears_result(one, max(one.give_up_at - time.monotonic(), A_MOMENT)):
            self._give_up(one)

    def _hears_result(self, one: _Waiting, seconds: float | None) -> bool:
        """Whether it is known what becomes of a text; without ``seconds`` it is when this ends."""
        try:
            reply = one.connection.result(seconds)
        except NotYet:
            return False
        except ConnectionLost as lost:
            self._end(one, Verdict.UNKNOWN, str(lost))
        else:
            self._end(one, verdict_on(reply), str(reply))
        return True

    def _give_up(self, one: _Waiting) -> None:
        self._end(one, Verdict.UNKNOWN if one.has_text else Verdict.RETRY, SILENCE)

    def _give_back(self, one: _Waiting) -> None:
        self._waiting.remove(one)
        one.connection.drop()
        give_back(one.claim, [one.mail.letter], next_attempt_at=self._clock())

    def _end(self, one: _Waiting, verdict: Verdict, words: str) -> None:
        self._waiting.remove(one)
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
