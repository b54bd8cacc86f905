"""Handing mails over to an SMTP server in two steps: all but the last line of the text, then that line.

smtplib opens the connection (see smtp_opening.py). From there on this module talks itself, because between the two
steps a commit is due, and because the next mail can be offered together with the last line of this one where the server
allows it (PIPELINING, RFC 2920). A text whose last line never came was never sent (RFC 5321, 4.1.1.4).
"""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from select import select
from typing import NamedTuple

from scheduler.mail.envelopes import Envelope
from scheduler.mail.smtp_opening import NoConnection, Patience, Server, open_smtp

__all__ = ["Connection", "ConnectionLost", "NoConnection", "NotYet", "Patience", "Reply", "Server"]

GO_AHEAD = 354
END_OF_TEXT = b".\r\n"
CLOSING = 421
NEEDS_UTF8 = 553
SIGN_IN_REFUSED = frozenset({530, 534, 535, 538})
LARGEST_REPLY = 64 * 1024
LONGEST_WORDS = 1000
_FINAL_LINE = re.compile(rb"^\d\d\d(?: [^\n]*)?\r?\n", re.MULTILINE)


class Reply(NamedTuple):
    """A server's answer."""

    code: int
    words: str

    def __str__(self) -> str:
        return f"{self.code} {self.words}"

    @property
    def is_success(self) -> bool:
        """2xx"""
        return 200 <= self.code < 300

    @property
    def is_final(self) -> bool:
        """5xx: trying again is no use, unless it is our sign-in that is refused and not the mail."""
        return 500 <= self.code < 600 and self.code not in SIGN_IN_REFUSED


class ConnectionLost(Exception):
    """The connection ended or an answer did not come in time."""

    def __init__(self, sentence: str, *, timed_out: bool = False) -> None:
        super().__init__(sentence)
        self.timed_out = timed_out


class NotYet(Exception):
    """The server says nothing of the recipient, or of the text, so far; the answer may still be waited for."""


class Connection:
    """One connection for any number of mails.

    For each: ``offer``, ``answer`` (354 or a refusal), ``give_text``, ``end_text``, ``result``.
    """

    def __init__(self, server: Server, patience: Patience) -> None:
        """Connect, secure and sign in as ``server`` says; raises NoConnection."""
        self._patience = patience
        smtp = open_smtp(server, patience)
        self._socket: socket.socket = smtp.sock  # type: ignore[assignment]
        # What is sent is always whole and waited for: nothing is gained by waiting for more to send.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pipelining = smtp.has_extn("pipelining")
        self._takes_utf8 = smtp.has_extn("smtputf8")
        self._received = bytearray()
        self._offered: Envelope | None = None
        self._unsaid: list[bytes] = []
        self._awaited = 0
        self._replies: list[Reply] = []
        self._must_reset = False
        self._answer_seconds = 0.0
        self.usable = True
        self.delivered = 0
        """Mails taken so far: a server may hang up after so many."""

    def offer(self, envelope: Envelope) -> None:
        """Ask whether the server takes a mail; raises ConnectionLost."""
        self._send(self._offer(envelope))

    @property
    def offered(self) -> Envelope | None:
        """The envelope whose answer is still to be read."""
        return self._offered

    def answer(self, seconds: float | None = None) -> Reply:
        """354, or why what was offered is not taken; raises ConnectionLost.

        Given ``seconds``, it raises NotYet when the server says nothing of the recipient for so long; then ask again.
        """
        if self._offered is None:
            raise ValueError("nothing was offered")
        if self._offered.needs_utf8 and not self._takes_utf8:
            self._offered = None
            return Reply(NEEDS_UTF8, "The mail server cannot deliver to addresses with such letters.")
        begun = time.monotonic()
        reply = self._pipelined_answer(seconds) if self._pipelining else self._lockstep_answer(seconds)
        self._offered = None
        self._answer_seconds = time.monotonic() - begun
        self._must_reset = reply.code != GO_AHEAD
        return reply

    def fileno(self) -> int:
        """For select: whether the server said something."""
        return self._socket.fileno()

    def give_text(self, text: bytes) -> None:
        """Send what ``text_for_smtp`` made, after 354. It counts for nothing yet; raises ConnectionLost."""
        self._send(text, self._patience.text)

    def end_text(self, following: Envelope | None = None) -> None:
        """Say that the text is whole: from now on it may arrive. Offer the following mail; raises ConnectionLost."""
        self._send(END_OF_TEXT + (self._offer(following) if following else b""))

    def result(self, seconds: float | None = None) -> Reply:
        """What became of the text that was given; raises ConnectionLost.

        Given ``seconds``, it raises NotYet when the server says nothing for so long; then ask again.
        """
        try:
            reply = self._reply(seconds or self._patience.text)
        except ConnectionLost as lost:
            if lost.timed_out and seconds is not None:
                raise NotYet from lost
            raise
        self.delivered += reply.is_success
        return reply

    def answers_within(self, seconds: float) -> bool:
        """Whether the answer to what is offered begins to arrive in time; in lockstep, whether the last one did."""
        if self._offered is None or not self.usable:
            return False
        if not self._pipelining:
            return self._answer_seconds < seconds
        if self._received or getattr(self._socket, "pending", int)():
            return True
        return bool(select([self._socket], [], [], seconds)[0])

    def quit(self) -> None:
        """Take leave without waiting for an answer."""
        with suppress(ConnectionLost):
            self._send(b"QUIT\r\n", 1)
        self.drop()

    def drop(self) -> None:
        """Hang up: what was begun never happened."""
        self.usable = False
        self._socket.close()

    def _offer(self, envelope: Envelope) -> bytes:
        self._offered = envelope
        self._unsaid, self._awaited, self._replies = [], 0, []
        if envelope.needs_utf8 and not self._takes_utf8:
            return b""
        commands = self._commands(envelope)
        if not self._pipelining:
            self._unsaid = commands
            return b""
        self._awaited = len(commands)
        return b"".join(commands)

    def _commands(self, envelope: Envelope) -> list[bytes]:
        option = " SMTPUTF8" if envelope.needs_utf8 else ""
        commands = [
            f"MAIL FROM:<{envelope.sender}>{option}\r\n".encode(),
            f"RCPT TO:<{envelope.recipient}>\r\n".encode(),
            b"DATA\r\n",
        ]
        return [b"RSET\r\n", *commands] if self._must_reset else commands

    def _pipelined_answer(self, seconds: float | None) -> Reply:
        while self._awaited:
            self._hear(seconds)
        heard = self._replies
        refusal = next((reply for reply in heard[:-1] if not reply.is_success), None)
        if refusal is None:
            return heard[-1]
        if heard[-1].code == GO_AHEAD:
            self.drop()  # it waits for a text that is for nobody
        return refusal

    def _lockstep_answer(self, seconds: float | None) -> Reply:
        while self._awaited or (self._unsaid and (not self._replies or self._replies[-1].is_success)):
            if not self._awaited:
                self._send(self._unsaid.pop(0))
                self._awaited = 1
            self._hear(seconds)
        return self._replies[-1]

    def _hear(self, seconds: float | None) -> None:
        """Add the next reply. Until the sender is taken, it is the server itself that is waited for: patiently."""
        may_wait_elsewhere = seconds is not None and len(self._replies) > self._must_reset
        try:
            self._replies.append(self._reply(seconds if may_wait_elsewhere else None))
        except ConnectionLost as lost:
            if lost.timed_out and may_wait_elsewhere:
                raise NotYet from lost
            raise
        self._awaited -= 1

    def _send(self, data: bytes, seconds: float | None = None) -> None:
        if not data:
            return
        with _naming_losses():
            self._socket.settimeout(seconds or self._patience.command)
            self._socket.sendall(data)

    def _reply(self, seconds: float | None = None) -> Reply:
        """The next reply, whole, within a time that slow drips do not prolong."""
        give_up_at = time.monotonic() + (seconds or self._patience.command)
        while not (end := _FINAL_LINE.search(self._received)):
            if len(self._received) > LARGEST_REPLY:
                raise ConnectionLost("The mail server's answer does not end.")
            with _naming_losses():
                self._socket.settimeout(max(give_up_at - time.monotonic(), 0.001))
                received = self._socket.recv(16 * 1024)
            if not received:
                raise ConnectionLost("The mail server hung up.")
            self._received += received
        raw = bytes(self._received[: end.end()])
        del self._received[: end.end()]
        reply = _parse(raw)
        self.usable = self.usable and reply.code != CLOSING
        return reply


def _parse(raw: bytes) -> Reply:
    lines = raw.decode("utf-8", "replace").splitlines()
    words = " ".join(line[4:].strip() for line in lines)
    return Reply(int(lines[-1][:3]), "".join(c for c in words if c.isprintable())[:LONGEST_WORDS])


@contextmanager
def _naming_losses() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise ConnectionLost("The mail server did not answer in time.", timed_out=True) from error
    except OSError as error:
        raise ConnectionLost(f"The connection to the mail server broke: {error}") from error
