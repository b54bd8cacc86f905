"""Every setting, read from the environment here and nowhere else.

A wrong value stops the start with one sentence that says what would be right.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

INSTANCE = Path(__file__).parent / "instance"
MINIMUM_SECRET_LENGTH = 32


class SettingError(ValueError):
    """A setting is missing or makes no sense; the message is for the person who starts the service."""


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where mail is handed over; parsed from ``smtp://user:pass@host:port?starttls=1`` or ``smtps://``."""

    host: str
    port: int
    username: str | None
    password: str | None
    implicit_tls: bool
    starttls: bool


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """The folder that returned mails arrive in; parsed from ``imaps://user:pass@host:993/INBOX``."""

    host: str
    port: int
    username: str
    password: str
    implicit_tls: bool
    starttls: bool
    folder: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process."""

    database_url: str
    secret_key: str
    base_url: str
    smtp: SmtpSettings | None
    mail_from: str
    bounce_maildir: Path | None
    bounce_imap: ImapSettings | None
    """Where mails to MAIL_FROM arrive, to be read for those that came back; at most one of the two is set."""
    run_clock: bool
    """Whether this process also runs the recurring jobs."""
    serving: bool
    """False in ``flask …`` commands, which must work on a database that is not ready."""
    trusted_proxies: int
    """How many reverse proxies stand in front: that many addresses of X-Forwarded-For are believed."""
    dev_inbox: Path | None
    demo_password: str | None
    """For the sign-ins of ``demo load``."""
    log_level: str


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check every setting; raises SettingError with one sentence at the first wrong one."""
    dev_inbox = environment.get("DEV_INBOX", "")
    maildir, imap = environment.get("BOUNCE_MAILDIR", ""), environment.get("BOUNCE_IMAP_URL", "")
    if maildir and imap:
        raise SettingError("BOUNCE_MAILDIR and BOUNCE_IMAP_URL exclude each other: set one.")
    return Settings(
        database_url=_database_url(environment.get("DATABASE_URL", "")),
        secret_key=_secret_key(environment.get("SECRET_KEY", "")),
        base_url=_base_url(environment.get("BASE_URL", "http://127.0.0.1:8000")),
        smtp=parse_smtp_url(environment.get("SMTP_URL", "")),
        mail_from=_mail_from(environment.get("MAIL_FROM", "clinic@localhost")),
        bounce_maildir=_maildir(maildir),
        bounce_imap=parse_imap_url(imap),
        run_clock=_switch("RUN_CLOCK", environment.get("RUN_CLOCK", "0")),
        serving=environment.get("FLASK_RUN_FROM_CLI") != "true",
        trusted_proxies=_small_number("TRUSTED_PROXIES", environment.get("TRUSTED_PROXIES", "0")),
        dev_inbox=Path(dev_inbox) if dev_inbox else None,
        demo_password=environment.get("DEMO_PASSWORD") or None,
        log_level=_log_level(environment.get("LOG_LEVEL", "INFO")),
    )


def _database_url(value: str) -> str:
    if not value:
        INSTANCE.mkdir(mode=0o700, exist_ok=True)
        return f"sqlite:///{INSTANCE / 'needletime.db'}"
    for plain in ("postgres://", "postgresql://"):
        if value.startswith(plain):
            return "postgresql+psycopg://" + value.removeprefix(plain)
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingError(
            "DATABASE_URL must begin with sqlite:/// or postgresql:// "
            "(for example postgresql://needletime@localhost/needletime)."
        )
    return value


def _secret_key(value: str) -> str:
    if len(value) < MINIMUM_SECRET_LENGTH:
        raise SettingError(
            f"SECRET_KEY must be set to at least {MINIMUM_SECRET_LENGTH} random characters; make one with "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))' and keep it secret."
        )
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise SettingError("BASE_URL must be the address people open, such as https://desk.example.org.")
    return value.rstrip("/")


def parse_smtp_url(value: str) -> SmtpSettings | None:
    """Parse SMTP_URL; empty means that no mail is sent (messages wait as due)."""
    if not value:
        return None
    wrong = SettingError(
        "SMTP_URL must look like smtp://user:password@host:587?starttls=1 or smtps://host:465."
    )
    parts = urlsplit(value)
    try:
        port = parts.port
    except ValueError:
        raise wrong from None
    options = parse_qs(parts.query)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or set(options) - {"starttls"}:
        raise wrong
    implicit_tls = parts.scheme == "smtps"
    return SmtpSettings(
        host=parts.hostname,
        port=port or (465 if implicit_tls else 25),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        implicit_tls=implicit_tls,
        starttls=options.get("starttls", ["0"])[-1] in {"1", "true", "yes"},
    )


def parse_imap_url(value: str) -> ImapSettings | None:
    """Parse BOUNCE_IMAP_URL; empty means that no mailbox is read."""
    if not value:
        return None
    wrong = SettingError(
        "BOUNCE_IMAP_URL must look like imaps://user:password@host:993/INBOX or "
        "imap://user:password@host:143/INBOX?starttls=1."
    )
    parts = urlsplit(value)
    try:
        port = parts.port
    except ValueError:
        raise wrong from None
    options = parse_qs(parts.query)
    complete = parts.hostname and parts.username and parts.password
    if parts.scheme not in {"imap", "imaps"} or not complete or set(options) - {"starttls"}:
        raise wrong
    implicit_tls = parts.scheme == "imaps"
    return ImapSettings(
        host=parts.hostname or "",
        port=port or (993 if implicit_tls else 143),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        implicit_tls=implicit_tls,
        starttls=options.get("starttls", ["0"])[-1] in {"1", "true", "yes"},
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


def _maildir(value: str) -> Path | None:
    if not value:
        return None
    folder = Path(value)
    if not (folder / "new").is_dir() or not (folder / "cur").is_dir():
        raise SettingError("BOUNCE_MAILDIR must be a Maildir, a folder with the folders new and cur.")
    return folder


def _mail_from(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", value):
        raise SettingError("MAIL_FROM must be one plain address, such as desk@clinic.example.")
    return value


def _switch(name: str, value: str) -> bool:
    if value not in {"0", "1"}:
        raise SettingError(f"{name} must be 0 or 1, not {value!r}.")
    return value == "1"


def _small_number(name: str, value: str) -> int:
    if value not in {"0", "1", "2", "3"}:
        raise SettingError(f"{name} must be a number from 0 to 3, not {value!r}.")
    return int(value)


def _log_level(value: str) -> str:
    if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise SettingError("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
    return value.upper()
