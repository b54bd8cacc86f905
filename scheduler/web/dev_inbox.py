"""The development mailbox: what the local SMTP listener of ``make run`` caught. Exists only where DEV_INBOX is set."""

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template

from scheduler.access import guard
from scheduler.errors import NotFound

pages = Blueprint("dev_inbox", __name__, url_prefix="/dev/inbox")
SHOWN = 200
INSIDE_FRAME = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""For the HTML part of a mail: nothing runs, nothing is loaded; mails style themselves inline."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One file of the Maildir."""

    key: str
    received_at: datetime
    message: EmailMessage

    @property
    def html(self) -> str | None:
        """The HTML part."""
        part = self.message.get_body(("html",))
        return str(part.get_content()) if part else None

    @property
    def text(self) -> str:
        """The plain text part."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""

    @property
    def calendars(self) -> list[str]:
        """The text of every calendar part."""
        parts = [part for part in self.message.walk() if part.get_content_type() == "text/calendar"]
        return [str(part.get_content()) for part in parts]


@pages.get("")
@guard("account")
def index() -> str:
    """The newest mails."""
    return render_template("dev_inbox/index.html", mails=[read(path) for path in newest(SHOWN)])


@pages.get("/<key>")
@guard("account")
def show(key: str) -> str:
    """One mail: its headers, its HTML in a frame of its own, its text, its calendar parts."""
    return render_template("dev_inbox/show.html", mail=find(key))


@pages.get("/<key>/html")
@guard("account")
def html(key: str) -> Response:
    """The HTML part alone, for the frame."""
    response = Response(find(key).html or "", content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = INSIDE_FRAME
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def newest(count: int | None = None) -> list[Path]:
    """The mailbox's files, newest first."""
    folder: Path = current_app.config["SETTINGS"].dev_inbox
    files = [
        path for part in ("new", "cur") if (folder / part).is_dir() for path in (folder / part).iterdir()
    ]
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)[:count]


def find(key: str) -> Mail:
    """The mail in the file of that name; raises NotFound."""
    for path in newest():
        if path.name == key:
            return read(path)
    raise NotFound("There is no such mail.")


def read(path: Path) -> Mail:
    """Parse a file of the mailbox."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what policy.default makes
    return Mail(path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC), message)
