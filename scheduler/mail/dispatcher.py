"""One run of the dispatcher: claim what is due, hand it over mail by mail, keep what became of each.

The order of things for one mail: MAIL, RCPT, DATA; 354; the text but for its last line; commit `sending` (with what
became of the mail before) while the server reads; the last line, with which the mail counts; the answer. Where the
server allows pipelining, the next mail is offered together with that last line, and the one after it is written
meanwhile. A mail that the server is slow to answer for waits aside (parked.py) while the others go on.
Why nothing is sent twice: see usecases/messages/claims.py and dispatch.py.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from scheduler.light_commits import LightWriter, light_writer
from scheduler.mail.envelopes import Mail
from scheduler.mail.parked import Parked, verdict_on
from scheduler.mail.smtp import CLOSING, GO_AHEAD, Connection, ConnectionLost, NoConnection, NotYet, Reply
from scheduler.mail.tally import Mailer, Tally
from scheduler.mail.writing import Unwritable, write_mail
from scheduler.usecases.messages.claims import Claim, claim_messages, give_back
from scheduler.usecases.messages.dispatch import Outcome, Verdict, begin_sending, keep_outcomes
from scheduler.usecases.messages.letters import Letter

FIRST_BATCH, SMALLEST_BATCH, LARGEST_BATCH = 50, 20, 800
"""Mails claimed at once: after the first batch about as many as go out in a second. More would keep a slow server's
mails from other dispatchers and leave more in doubt after a crash of the machine, fewer would cost more commits."""
SOON_SECONDS = 0.05
"""How long `sent` waits for being committed together with `sending` of the next mail."""
PAUSE = timedelta(minutes=1)
"""After which mails are tried again that were not even offered because of others' time-outs."""
MOST_TIMEOUTS, MOST_SILENCES = 3, 8
"""In a row, with no other mail answered in between: then the server is in trouble, not some recipient's. A time-out
is the server's own; silence about a recipient may be that of the recipient's server, and says less."""
AGAIN_SECONDS = 1
"""How often it is looked for others that became due while some mail waits aside."""
log = logging.getLogger(__name__)

__all__ = ["Mailer", "Tally", "dispatch_messages"]


def dispatch_messages(
    mailer: Mailer | None, *, clock: Callable[[], datetime], stop: Callable[[], bool] = lambda: False
) -> Tally:
    """Send everything that is due; without a mailer it waits. Told to stop, it ends after the mail at hand.

    Time-outs and refusals become states of messages. Only errors of the database are raised; what was claimed is then
    claimed again when its lease is over.
    """
    key = mailer.site.secret_key if mailer else None
    claim = claim_messages(limit=FIRST_BATCH, now=clock(), link_key=key) if mailer else Claim()
    if mailer is None or not claim.looked_at:
        return Tally()
    with light_writer() as writer:
        run = _Run(mailer, clock, stop, writer)
        try:
            limit = run.deliver(claim)
            while (claim.may_have_left_some or run.parked) and not run.over:
                if not claim.may_have_left_some:
                    run.wait_for_parked(AGAIN_SECONDS)
                claim = claim_messages(limit=limit, now=clock(), link_key=key)
                if claim.looked_at:
                    limit = run.deliver(claim)
            run.leave_parked()
        finally:
            run.hang_up()
    return run.tally


class _Run:
    """The state of one run: a connection, a claim, what is ready to go and what is still to be kept."""

    def __init__(
        self,
        mailer: Mailer,
        clock: Callable[[], datetime],
        stop: Callable[[], bool],
        writer: LightWriter,
    ) -> None:
        self.tally = Tally()
        self._mailer = mailer
        self._clock = clock
        self._stop = stop
        self._writer = writer
        self._server_in_trouble = False
        self._timeouts = self._silences = 0
        self._slow_domains: set[str] = set()
        self._connection: Connection | None = None
        self._claim = Claim()
        self._letters: deque[Letter] = deque()
        self._ready: deque[Mail] = deque()
        self._postponed: list[Letter] = []
        self._outcomes: list[Outcome] = []
        self.parked = Parked(writer, clock, mailer.patience, self.tally.count, self._keep_outcomes)

    @property
    def over(self) -> bool:
        """Whether no further mail may be begun."""
        return self._server_in_trouble or self._stop()

    def deliver(self, claim: Claim) -> int:
        """Hand over the letters of a claim; give back those that it does not come to. How many to claim next."""
        begun = time.monotonic()
        # What was tried in vain comes last: it may be slow again.
        self._claim, self._letters = claim, deque(sorted(claim.letters, key=lambda one: one.attempts > 0))
        while not self.over and self._look_ahead(1):
            self._hand_over_next()
            self.wait_for_parked(0)
        self._keep_outcomes()
        now = self._clock()
        untouched = [*(mail.letter for mail in self._ready), *self._letters]
        self._give_back(untouched, now + PAUSE if self._server_in_trouble else now)
        self._give_back(self._postponed, now + PAUSE)
        self._ready.clear()
        self._postponed.clear()
        a_second = int(len(claim.letters) / max(time.monotonic() - begun, 0.001))
        return max(SMALLEST_BATCH, min(a_second, LARGEST_BATCH))

    def wait_for_parked(self, seconds: float) -> None:
        """Go on with mails that wait aside, as soon as one is answered."""
        if self.parked:
            self._slow_domains.difference_update(self.parked.look(seconds))

    def leave_parked(self) -> None:
        """Wait for none any more."""
        if self._server_in_trouble:
            self.parked.give_up_all()
        self.parked.give_back_all()

    def hang_up(self) -> None:
        """End the connection; a mail that was only offered is not sent."""
        self.parked.drop_all()
        if self._connection is None:
            return
        if self._connection.offered or not self._connection.usable:
            self._connection.drop()
        else:
            self._connection.quit()
        self._connection = None

    def _hand_over_next(self) -> None:
        mail = self._ready[0]
        reply = self._offer(mail)
        if reply is None:
            return
        self._timeouts = self._silences = 0
        self._ready.popleft()
        if reply.code != GO_AHEAD:
            self._note(mail.letter, Verdict.FAILED if reply.is_final else Verdict.RETRY, str(reply))
        elif self._begin(mail):
            self._end_text(mail)

    def _offer(self, mail: Mail) -> Reply | None:
        """The server's answer to a mail, which is given its text where it agrees; None if the connection was lost."""
        connection = None
        try:
            connection = self._connect()
            if connection.offered is None:
                connection.offer(mail.envelope)
            try:
                reply = connection.answer(self._mailer.patience.others)
            except NotYet:
                self._ready.popleft()
                self.parked.add(connection, self._claim, mail)
                self._set_aside(mail)
                return None
            if reply.code == GO_AHEAD:
                connection.give_text(mail.text)
        except NoConnection as error:
            self._give_up_server(str(error))
            return None
        except ConnectionLost as lost:
            if lost.timed_out or not connection or not connection.delivered:
                self._ready.popleft()
                self._note(mail.letter, Verdict.RETRY, str(lost))
                self._note_loss(mail, lost)
            self._lose_connection()
            return None
        if reply.code == CLOSING and connection.delivered:
            self._lose_connection()  # it takes so many mails a connection: on with a new one
            return None
        return reply

    def _begin(self, mail: Mail) -> bool:
        now = self._clock()
        begun = begin_sending(self._writer, self._claim, mail.letter, self._outcomes, now=now)
        self._outcomes.clear()
        if not begun:
            self._lose_connection()  # the server waits for a last line that it must not get
            self._give_back([mail.letter], now)
        return begun

    def _end_text(self, mail: Mail) -> None:
        connection = self._connect()
        following = self._ready[0].envelope if self._look_ahead(1) and not self.over else None
        try:
            connection.end_text(following)
            self._look_ahead(2)  # while the server works
            reply = self._result(connection, mail)
        except ConnectionLost as lost:
            self._note(mail.letter, Verdict.UNKNOWN, str(lost))
            self._note_loss(mail, lost)
            self._lose_connection()
        else:
            if reply is None:
                return
            self._note(mail.letter, verdict_on(reply), str(reply))
        if not connection.answers_within(SOON_SECONDS):
            self._keep_outcomes()

    def _result(self, connection: Connection, mail: Mail) -> Reply | None:
        """What becomes of a text; None if that is waited for aside."""
        try:
            return connection.result(self._mailer.patience.others_after_text)
        except NotYet:
            if not self.parked.add_text(connection, self._claim, mail):
                return connection.result()
        self._set_aside(mail)
        return None

    def _look_ahead(self, count: int) -> bool:
        """Have that many mails ready, if there are; whether any is."""
        while len(self._ready) < count and self._letters:
            mail = self._write(self._letters.popleft())
            if mail is not None:
                self._ready.append(mail)
        return bool(self._ready)

    def _write(self, letter: Letter) -> Mail | None:
        try:
            written = write_mail(letter, self._mailer, now=self._clock())
        except Unwritable as error:
            self._note(letter, Verdict.FAILED, str(error))
            return None
        if written.domain in self._slow_domains:
            self._postponed.append(letter)
            return None
        return written

    def _note(self, letter: Letter, verdict: Verdict, reply: str) -> None:
        self._outcomes.append(Outcome(letter, verdict, reply))
        self.tally.count(verdict)

    def _note_loss(self, mail: Mail, lost: ConnectionLost) -> None:
        """Those to the same domain wait, and after several time-outs all do."""
        if lost.timed_out:
            self._timeouts += 1
            self._server_in_trouble = self._timeouts >= MOST_TIMEOUTS
            self._spare(mail)

    def _set_aside(self, mail: Mail) -> None:
        """Leave the connection to a mail that waits, and go on with another one."""
        self._connection = None
        self._silences += 1
        self._server_in_trouble = self._silences >= MOST_SILENCES
        self._spare(mail)

    def _spare(self, mail: Mail) -> None:
        """Have the others to a slow domain wait."""
        self._slow_domains.add(mail.domain)
        self._postponed += [ready.letter for ready in self._ready if ready.domain == mail.domain]
        self._ready = deque(ready for ready in self._ready if ready.domain != mail.domain)

    def _give_up_server(self, reason: str) -> None:
        log.warning("no mail can be sent: %s", reason)
        self._server_in_trouble = True
        for letter in [*(mail.letter for mail in self._ready), *self._letters]:
            self._note(letter, Verdict.RETRY, reason)
        self._ready.clear()
        self._letters.clear()

    def _keep_outcomes(self) -> None:
        if self._outcomes:
            keep_outcomes(self._claim, self._outcomes, now=self._clock())
            self._outcomes.clear()

    def _give_back(self, letters: list[Letter], next_attempt_at: datetime) -> None:
        if letters:
            give_back(self._claim, letters, next_attempt_at=next_attempt_at)

    def _connect(self) -> Connection:
        if self._connection is None or not self._connection.usable:
            self._connection = None
            self._connection = self._open()
        return self._connection

    def _open(self) -> Connection:
        try:
            return Connection(self._mailer.server, self._mailer.patience)
        except NoConnection:
            if not self.parked:
                raise
            self.parked.give_up_all()  # it may take no more connections at a time
            return Connection(self._mailer.server, self._mailer.patience)

    def _lose_connection(self) -> None:
        if self._connection is not None:
            self._connection.drop()
            self._connection = None
