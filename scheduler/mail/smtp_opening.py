"""Opening a connection to the SMTP server with smtplib: TLS, EHLO, AUTH."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol


class Server(Protocol):
    """Where mail is handed over; config.SmtpSettings is one."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def implicit_tls(self) -> bool: ...
    @property
    def starttls(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds an answer is waited for."""

    connect: float = 15
    command: float = 30
    text: float = 180
    """After the text: servers may look for viruses first."""
    others: float = 2
    """After a recipient, before other mails are sent on another connection …"""
    others_after_text: float = 10
    """… and after a text."""


class NoConnection(Exception):
    """The server cannot be reached, or does not let us in; no mail was offered."""


def open_smtp(server: Server, patience: Patience) -> smtplib.SMTP:
    """A connection that is secured and signed in as ``server`` says; raises NoConnection."""
    with _explaining(server):
        return _open(server, patience)


def _open(server: Server, patience: Patience) -> smtplib.SMTP:
    encryption = ssl.create_default_context() if server.implicit_tls or server.starttls else None
    if server.implicit_tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, _own_name(), timeout=patience.connect, context=encryption
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, _own_name(), timeout=patience.connect)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.starttls:
            smtp.starttls(context=encryption)
            smtp.ehlo_or_helo_if_needed()
        if server.username is not None:
            smtp.login(server.username, server.password or "")
    except BaseException:
        smtp.close()
        raise
    return smtp


@lru_cache(maxsize=1)
def _own_name() -> str:
    """This machine's name for EHLO, asked of the name service once: where that is broken it takes seconds."""
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"


@contextmanager
def _explaining(server: Server) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        words = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error
        raise NoConnection(f"{server.host} refuses: {error.smtp_code} {words}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise NoConnection(f"{server.host}:{server.port} cannot be used: {error}") from error
