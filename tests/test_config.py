"""Settings: what they mean, and the sentence for each wrong one."""

import pytest
from flask import request

from config import ImapSettings, SettingError, SmtpSettings, parse_imap_url, parse_smtp_url, read_settings
from scheduler import create_app

SECRET = {"SECRET_KEY": "s" * 32, "DATABASE_URL": "sqlite:///:memory:"}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"BASE_URL": "desk.example.org"}, "BASE_URL"),
        ({"BASE_URL": "https://desk.example.org/?a=1"}, "BASE_URL"),
        ({"SMTP_URL": "mail.example.org:25"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example.org:notaport"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example.org?tls=1"}, "SMTP_URL"),
        ({"MAIL_FROM": "The Desk"}, "MAIL_FROM"),
        ({"MAIL_FROM": "a@b.example\nBcc: c@d.example"}, "MAIL_FROM"),
        ({"BOUNCE_MAILDIR": "/nonexistent"}, "BOUNCE_MAILDIR"),
        ({"BOUNCE_MAILDIR": "/x", "BOUNCE_IMAP_URL": "imaps://a:b@c"}, "BOUNCE_MAILDIR"),
        ({"BOUNCE_IMAP_URL": "pop3://a:b@mail.example.org"}, "BOUNCE_IMAP_URL"),
        ({"BOUNCE_IMAP_URL": "imaps://mail.example.org"}, "BOUNCE_IMAP_URL"),
        ({"BOUNCE_IMAP_URL": "imaps://a:b@mail.example.org:x"}, "BOUNCE_IMAP_URL"),
        ({"RUN_CLOCK": "yes"}, "RUN_CLOCK"),
        ({"TRUSTED_PROXIES": "all"}, "TRUSTED_PROXIES"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
    ],
)
def test_wrong_value_gets_one_sentence_that_names_it(given: dict[str, str], names: str) -> None:
    with pytest.raises(SettingError) as caught:
        read_settings(SECRET | given)
    assert str(caught.value).startswith(names)
    assert "\n" not in str(caught.value)


def test_database_address_as_postgresql_gives_it_finds_our_driver() -> None:
    for plain in ("postgres", "postgresql", "postgresql+psycopg"):
        settings = read_settings(SECRET | {"DATABASE_URL": f"{plain}://desk@localhost/clinic"})
        assert settings.database_url == "postgresql+psycopg://desk@localhost/clinic"


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("", None),
        ("smtp://localhost", SmtpSettings("localhost", 25, None, None, False, False)),
        ("smtp://u:p%40ss@h:587?starttls=1", SmtpSettings("h", 587, "u", "p@ss", False, True)),
        ("smtps://h", SmtpSettings("h", 465, None, None, True, False)),
    ],
)
def test_mail_server_address(url: str, parsed: SmtpSettings | None) -> None:
    assert parse_smtp_url(url) == parsed


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("", None),
        (
            "imaps://desk:p%40ss@mail.example.org",
            ImapSettings("mail.example.org", 993, "desk", "p@ss", True, False, "INBOX"),
        ),
        (
            "imap://desk:pw@mail.example.org:1143/INBOX/Bounces?starttls=1",
            ImapSettings("mail.example.org", 1143, "desk", "pw", False, True, "INBOX/Bounces"),
        ),
    ],
)
def test_mailbox_of_returned_mails(url: str, parsed: ImapSettings | None) -> None:
    assert parse_imap_url(url) == parsed


@pytest.mark.parametrize(("proxies", "seen"), [("0", "10.0.0.9"), ("1", "203.0.113.7")])
def test_visitors_address_comes_from_trusted_proxies_only(proxies: str, seen: str) -> None:
    app = create_app(read_settings(SECRET | {"TRUSTED_PROXIES": proxies}))
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    told: list[str] = []
    app.before_request(lambda: told.append(request.remote_addr or ""))

    app.test_client().get("/healthz", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert told == [seen]
