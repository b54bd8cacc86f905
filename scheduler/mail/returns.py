"""The mailbox that returned mails arrive in: a Maildir or an IMAP folder, each mail read once.

A mail is marked as read (moved to cur, flagged Seen) only after what it reports was kept; one that is read again after
a crash changes nothing more.
"""

import imaplib
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from scheduler.mail.reports import read_reports
from scheduler.usecases.messages.returns import keep_report

LARGEST_BYTES = 2_000_000
"""Of a mail, from its beginning; a report's own part comes first."""
PATIENCE_SECONDS = 30
Found = tuple[bytes, Callable[[], None]]
"""A mail's bytes, and how to mark it as read."""
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Returns:
    """How many mails a run read, and how many of them were about ours."""

    read: int = 0
    ours: int = 0

    def __str__(self) -> str:
        return f"{self.read} read, {self.ours} about our mails"


def read_returns(
    mails: Iterator[Found], domain: str, *, clock: Callable[[], datetime], stop: Callable[[], bool]
) -> Returns:
    """Keep what every unread mail reports; ``domain`` is that of our Message-IDs."""
    tally = Returns()
    for raw, mark_as_read in mails:
        if stop():
            break
        reports = read_reports(raw, domain)
        known = [keep_report(report, now=clock()) for report in reports]
        mark_as_read()
        tally.read += 1
        tally.ours += any(known)
    return tally


def in_maildir(folder: Path) -> Iterator[Found]:
    """Mails in a Maildir's new/, the oldest first. Raises OSError if it is none."""
    for path in sorted((folder / "new").iterdir()):
        try:
            with path.open("rb") as file:
                raw = file.read(LARGEST_BYTES)
        except FileNotFoundError:  # another process was faster
            continue
        yield raw, lambda path=path: _move_to_cur(path)  # type: ignore[misc]


def _move_to_cur(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.replace(path.parent.parent / "cur" / f"{path.name.partition(':')[0]}:2,S")


class Mailbox(Protocol):
    """Where returned mails arrive; config.ImapSettings is one."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def implicit_tls(self) -> bool: ...
    @property
    def starttls(self) -> bool: ...
    @property
    def folder(self) -> str: ...


@contextmanager
def in_imap(settings: Mailbox) -> Iterator[Iterator[Found]]:
    """Unseen mails of an IMAP folder. Raises OSError or imaplib.IMAP4.error where it cannot be opened."""
    tls = ssl.create_default_context()
    if settings.implicit_tls:
        box: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            settings.host, settings.port, ssl_context=tls, timeout=PATIENCE_SECONDS
        )
    else:
        box = imaplib.IMAP4(settings.host, settings.port, timeout=PATIENCE_SECONDS)
    with box:
        if settings.starttls:
            box.starttls(tls)
        box.login(settings.username, settings.password)
        _done(box.select(_quoted(settings.folder)))
        yield _unseen(box)


def _unseen(box: imaplib.IMAP4) -> Iterator[Found]:
    numbers = _done(box.uid("SEARCH", "UNSEEN"))[0] or b""
    for number in bytes(numbers).decode("ascii").split():
        fetched = _done(box.uid("FETCH", number, f"(BODY.PEEK[]<0.{LARGEST_BYTES}>)"))
        raw = next((part[1] for part in fetched if isinstance(part, tuple)), b"")
        yield raw, lambda number=number: _flag(box, number)  # type: ignore[misc]


def _flag(box: imaplib.IMAP4, number: str) -> None:
    _done(box.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"))


def _done(answer: tuple[str, list[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"the mailbox answered {status}")
    return data


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", r"\\").replace('"', r"\"") + '"'
