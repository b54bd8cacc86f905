"""A real SMTP server on a socket that does as it is told: refuses, stalls, hangs up, wants TLS and a sign-in."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
PATIENCE_SECONDS = 60
STALL = "stall"
"""Say nothing more on this connection, and read nothing."""
DROP = "drop"
"""Hang up without a word."""
Action = str | Callable[[], str]
ANSWERS = {
    "CONNECT": "220 test.example ready",
    "MAIL": "250 2.1.0 sender ok",
    "RCPT": "250 2.1.5 recipient ok",
    "DATA": "354 go ahead",
    "TEXT": "",
    "END": "250 2.0.0 taken",
    "RSET": "250 2.0.0 forgotten",
    "QUIT": "221 2.0.0 bye",
    "NOOP": "250 2.0.0 yes",
}
"""step -> the answer of a server in good health. TEXT is when the text begins to come in, END after its last line."""


@dataclass
class Mail:
    """What came in."""

    sender: str
    recipients: list[str]
    data: bytes

    @property
    def parsed(self) -> EmailMessage:
        """Read by the email package."""
        message = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class _Rule:
    step: str
    action: Action
    holding: str
    skip: int
    times: int


@dataclass
class ScriptedServer:
    """Answers every connection in a thread of its own until the ``with`` block ends."""

    pipelining: bool = True
    utf8: bool = False
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    password: str | None = None
    """Wanted from user ``desk`` before MAIL."""
    port: int = 0
    taken: list[Mail] = field(default_factory=list)
    """Mails that got a 250 …"""
    read: list[Mail] = field(default_factory=list)
    """… and all whose text came in whole."""
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._rules: list[_Rule] = []
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._reached: dict[str, int] = {}

    def on(self, step: str, action: Action, *, holding: str = "", skip: int = 0, times: int = 10**6) -> Self:
        """At a step whose line has ``holding`` in it, not the first ``skip`` times and then ``times`` times, do so."""
        self._rules.append(_Rule(step, action, holding, skip, times))
        return self

    def wait_for(self, step: str, count: int = 1) -> None:
        """Wait until a step was reached so many times, or, with " said", was answered."""
        with self._changed:
            reached = self._changed.wait_for(
                lambda: self._reached.get(step, 0) >= count, timeout=PATIENCE_SECONDS
            )
        assert reached, f"{step} was reached {self._reached.get(step, 0)} times, not {count}: {self.commands}"

    @property
    def recipients(self) -> list[str]:
        """To whom mails were taken, sorted."""
        return sorted(recipient for mail in self.taken for recipient in mail.recipients)

    def __enter__(self) -> Self:
        self._listener = socket.create_server((HOST, self.port))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_SECONDS)
        with suppress(OSError, _HangUp):
            if self.tls is not None and self.implicit_tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            dialogue = _Dialogue(self, connection)
            try:
                dialogue.run()
            finally:
                dialogue.hang_up()
        with suppress(OSError):
            connection.close()

    def decide(self, step: str, line: str) -> str:
        """The answer to a step; raises _HangUp where the script says so."""
        answer: Action = ANSWERS[step]
        for rule in self._rules:
            if rule.step == step and rule.holding in line:
                if rule.skip:
                    rule.skip -= 1
                elif rule.times:
                    rule.times -= 1
                    answer = rule.action
                    break
        self.note(step)
        if callable(answer):
            answer = answer()
        if answer == STALL:
            self._closing.wait(PATIENCE_SECONDS)
        if answer in {STALL, DROP}:
            raise _HangUp
        return answer

    def note(self, step: str) -> None:
        """Tell those who wait for it that a step is reached."""
        with self._changed:
            self._reached[step] = self._reached.get(step, 0) + 1
            self._changed.notify_all()


class _HangUp(Exception):
    """End this connection."""


class _Dialogue:
    """One connection."""

    def __init__(self, server: ScriptedServer, connection: socket.socket) -> None:
        self._server = server
        self._use(connection)
        self._signed_in = server.password is None
        self._mail = Mail("", [], b"")

    def run(self) -> None:
        """Answer until the client leaves."""
        self._answer("CONNECT", "")
        while line := self._lines.readline():
            text = line.decode().rstrip("\r\n")
            self._server.commands.append(text)
            verb = text[:4].upper()
            if verb == "EHLO":
                self._greet()
            elif verb == "STAR":
                self._start_tls()
            elif verb == "AUTH":
                self._sign_in(text)
            elif verb == "MAIL" and not self._signed_in:
                self._say("530 5.7.0 sign in first")
            elif verb == "DATA":
                self._take_text()
            elif verb in ANSWERS:
                self._follow(verb, text)
            else:
                self._say("500 5.5.1 what?")
            if verb == "QUIT":
                return

    def hang_up(self) -> None:
        """Close what run() used."""
        self._lines.close()
        self._connection.close()

    def _use(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")

    def _say(self, answer: str) -> None:
        self._connection.sendall(answer.encode() + b"\r\n")

    def _answer(self, step: str, line: str) -> bool:
        """Give the scripted answer; whether it agrees."""
        answer = self._server.decide(step, line)
        if answer:
            self._say(answer)
            self._server.note(f"{step} said")
        return answer[:1] in {"", "2", "3"}

    def _greet(self) -> None:
        server = self._server
        encrypted = isinstance(self._connection, ssl.SSLSocket)
        offers = {
            "PIPELINING": server.pipelining,
            "SMTPUTF8": server.utf8,
            "STARTTLS": server.tls is not None and not encrypted,
            "AUTH PLAIN": server.password is not None and (encrypted or server.tls is None),
        }
        lines = ["test.example", *(name for name, is_on in offers.items() if is_on), "8BITMIME"]
        self._say("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))

    def _start_tls(self) -> None:
        assert self._server.tls is not None
        self._say("220 2.0.0 go ahead")
        self._use(self._server.tls.wrap_socket(self._connection, server_side=True))

    def _sign_in(self, line: str) -> None:
        given = base64.b64decode(line.split()[-1]).decode()
        self._signed_in = given == f"\0desk\0{self._server.password}"
        self._say("235 2.7.0 welcome" if self._signed_in else "535 5.7.8 wrong password")

    def _follow(self, verb: str, line: str) -> None:
        agreed = self._answer(verb, line)
        address = line.partition("<")[2].partition(">")[0]
        if verb in {"MAIL", "RSET"} and agreed:
            self._mail = Mail(address, [], b"")
        elif verb == "RCPT" and agreed:
            self._mail.recipients.append(address)

    def _take_text(self) -> None:
        if not self._mail.recipients:
            self._say("503 5.5.1 no valid recipients")
            return
        if not self._answer("DATA", self._mail.recipients[0]):
            return
        self._lines.peek(1)
        self._server.decide("TEXT", self._mail.recipients[0])
        self._server.note("TEXT said")
        text = bytearray()
        while (line := self._lines.readline()) != b".\r\n":
            if not line:
                raise _HangUp
            text += line.removeprefix(b".")
        mail, self._mail = self._mail, Mail("", [], b"")
        mail.data = bytes(text)
        self._server.read.append(mail)
        answer = self._server.decide("END", mail.recipients[0])
        if answer.startswith("2"):
            self._server.taken.append(mail)
        self._say(answer)
        self._server.note("END said")
