"""The development mailbox: there only where it is asked for, and harmless whatever a mail holds."""

import os
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from scheduler import create_app
from scheduler.models.staff import Role
from tests.conftest import settings_for
from tests.factories import make_clinic, make_staff
from tests.web.browser import Browser

ATTACK = "<p>Hello</p><script>alert(1)</script>"


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inbox") / "mailbox"


@pytest.fixture(scope="module")
def mail_app(tmp_path_factory: pytest.TempPathFactory, inbox: Path) -> Flask:
    path = tmp_path_factory.mktemp("database") / "test.db"
    app = create_app(settings_for(f"sqlite:///{path}", DEV_INBOX=str(inbox)))
    with app.app_context():
        upgrade()
        make_clinic()
        make_staff(Role.PRACTITIONER)
    return app


@pytest.fixture
def desk(mail_app: Flask) -> Browser:
    browser = Browser(mail_app)
    browser.sign_in("practitioner")
    return browser


def put(inbox: Path, subject: str, at: int) -> str:
    """Deliver a mail as the listener does; returns its file's name."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "desk@clinic.example", "Zoë <zoe@mail.example>"
    mail.set_content(f"{subject} in text")
    mail.add_alternative(ATTACK, subtype="html")
    mail.add_attachment("BEGIN:VCALENDAR\nEND:VCALENDAR\n", subtype="calendar")
    key = Maildir(inbox).add(mail)
    path = next((inbox / "new").glob(f"{key}*"))
    os.utime(path, (at, at))
    return path.name


def test_without_a_mailbox_there_is_no_page(app: Flask) -> None:
    assert "dev_inbox.index" not in app.view_functions


def test_a_mailbox_that_does_not_exist_yet_is_empty(desk: Browser) -> None:
    assert "No mail yet." in desk.get("/dev/inbox").text


def test_the_newest_mail_comes_first(desk: Browser, inbox: Path) -> None:
    put(inbox, "Older mail", 1_000)
    put(inbox, "Newer mail", 2_000)
    page = desk.get("/dev/inbox").text
    assert 0 < page.index("Newer mail") < page.index("Older mail")
    assert "Zoë &lt;zoe@mail.example&gt;" in page


def test_a_mail_is_shown_in_all_its_parts(desk: Browser, inbox: Path) -> None:
    key = put(inbox, "Termin – Übersicht", 3_000)
    page = desk.get(f"/dev/inbox/{key}").text
    assert "<h1>Termin – Übersicht</h1>" in page
    assert "Termin – Übersicht in text" in page
    assert "BEGIN:VCALENDAR" in page
    assert f'sandbox title="The mail as HTML" src="/dev/inbox/{key}/html"' in page
    assert "<script>alert" not in page


def test_the_html_of_a_mail_can_run_and_load_nothing(desk: Browser, inbox: Path) -> None:
    answer = desk.get(f"/dev/inbox/{put(inbox, 'Attack', 4_000)}/html")
    assert answer.text.strip() == ATTACK
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script-src" not in policy


@pytest.mark.parametrize("key", ["nothing", "..", "%2e%2e%2fsecret_key"])
def test_only_mails_are_read(desk: Browser, key: str) -> None:
    assert desk.get(f"/dev/inbox/{key}").status_code == 404
