"""The mailbox of returned mails: each is read once, and becomes a failed message and a task."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from config import ImapSettings
from scheduler.extensions import db
from scheduler.mail.returns import Returns, in_imap, in_maildir, read_returns
from scheduler.models import AuditEntry, Message, Patient, Task
from scheduler.usecases.tasks import finish_task
from tests.factories import NOW, RECEPTIONIST, World, save
from tests.mail.support import change, messages, world_with_confirmations
from tests.mail.test_reports import DOMAIN, NUMBER, sample


def world_with_sent_mail() -> World:
    """One confirmation, sent to paul.pain@mail.example under the samples' Message-ID."""
    world, _ = world_with_confirmations("paul.pain@mail.example")
    (message,) = messages()
    change(message, message_id=NUMBER, state="sent", sent_at=NOW)
    return world


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def read(folder: Path) -> Returns:
    return read_returns(in_maildir(folder), DOMAIN, clock=lambda: NOW, stop=lambda: False)


def tasks() -> list[Task]:
    db.session.rollback()
    return list(db.session.scalars(select(Task).order_by(Task.id)))


def test_a_returned_mail_fails_its_message_and_gives_reception_a_task(context: Flask, maildir: Path) -> None:
    world_with_sent_mail()
    (maildir / "new" / "1.host").write_bytes(sample("postfix"))
    assert read(maildir) == Returns(read=1, ours=1)
    (message,) = messages()
    reason = "550 5.1.1 <paul.pain@mail.example>: Recipient address rejected: User unknown"
    assert (message.state, message.server_reply) == ("failed", reason)
    (task,) = tasks()
    assert (task.kind, task.patient_id, task.created_by) == ("address", message.patient_id, "clock")
    assert task.note % task.detail["fields"] == (
        f"Mail to paul.pain@mail.example came back: {reason}. Ask for the right address."
    )
    assert db.session.get_one(Patient, message.patient_id).address_failed_at == NOW
    assert db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()[-2:] == [
        "mail_returned",
        "task_added",
    ]


def test_what_was_read_is_moved_and_never_read_again(context: Flask, maildir: Path) -> None:
    world_with_sent_mail()
    (maildir / "new" / "1.host").write_bytes(sample("postfix"))
    (maildir / "new" / "2.host").write_bytes(b"no mail at all")
    assert read(maildir) == Returns(read=2, ours=1)
    assert sorted(path.name for path in (maildir / "cur").iterdir()) == ["1.host:2,S", "2.host:2,S"]
    assert read(maildir) == Returns()


def test_a_mail_that_is_read_again_after_a_crash_changes_nothing_more(context: Flask, maildir: Path) -> None:
    world_with_sent_mail()
    for name in ("1.host", "2.host"):
        (maildir / "new" / name).write_bytes(sample("postfix"))
        read(maildir)
        for task in tasks():
            finish_task(task.id, actor=RECEPTIONIST, now=NOW)
    assert len(tasks()) == 1


def test_many_returned_mails_to_one_address_are_one_open_task(context: Flask, maildir: Path) -> None:
    world_with_sent_mail()
    (first,) = messages()
    other = "f" * 32
    save(
        Message(
            kind="reminder",
            dedupe_key="other",
            patient_id=first.patient_id,
            recipient=first.recipient,
            state="sent",
            due_at=NOW,
            next_attempt_at=NOW,
            message_id=other,
            created_at=NOW,
        )
    )
    (maildir / "new" / "1.host").write_bytes(sample("postfix"))
    (maildir / "new" / "2.host").write_bytes(sample("gmail").replace(NUMBER.encode(), other.encode()))
    assert read(maildir) == Returns(read=2, ours=2)
    assert [message.state for message in messages()] == ["failed", "failed"]
    assert len(tasks()) == 1


def test_a_complaint_is_a_task_and_the_mail_stays_sent(context: Flask, maildir: Path) -> None:
    world_with_sent_mail()
    (maildir / "new" / "1.host").write_bytes(sample("complaint"))
    read(maildir)
    assert [message.state for message in messages()] == ["sent"]
    assert [task.kind for task in tasks()] == ["mail"]


def test_an_address_that_was_corrected_meanwhile_is_not_blamed(context: Flask, maildir: Path) -> None:
    world_with_sent_mail()
    (message,) = messages()
    change(db.session.get_one(Patient, message.patient_id), email="right@mail.example")
    (maildir / "new" / "1.host").write_bytes(sample("postfix"))
    read(maildir)
    assert db.session.get_one(Patient, message.patient_id).address_failed_at is None


def test_a_cancelled_message_stays_cancelled(context: Flask, maildir: Path) -> None:
    world_with_sent_mail()
    change(messages()[0], state="cancelled")
    (maildir / "new" / "1.host").write_bytes(sample("postfix"))
    read(maildir)
    assert messages()[0].state == "cancelled"


class _Imap(socketserver.StreamRequestHandler):
    """As much IMAP as the reader speaks; mails and their flags are the server's."""

    def handle(self) -> None:
        self._say("* OK ready")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            verb = command.upper()
            if verb.startswith("UID SEARCH"):
                self._say("* SEARCH " + " ".join(str(number) for number in self.server.unseen()))  # type: ignore[attr-defined]
            elif verb.startswith("UID FETCH"):
                number = int(command.split()[2])
                raw = self.server.mails[number - 1]  # type: ignore[attr-defined]
                self.wfile.write(b"* %d FETCH (UID %d BODY[] {%d}\r\n" % (number, number, len(raw)))
                self.wfile.write(raw + b")\r\n")
            elif verb.startswith("UID STORE"):
                self.server.seen.add(int(command.split()[2]))  # type: ignore[attr-defined]
            elif verb == "CAPABILITY":
                self._say("* CAPABILITY IMAP4rev1")
            elif verb.startswith("LOGIN") and "s3cret" not in command:
                self._say(f"{tag} NO wrong password")
                continue
            elif verb.startswith("SELECT"):
                self._say("* 2 EXISTS")
            self._say(f"{tag} OK done")
            if verb == "LOGOUT":
                return

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _ImapServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, mails: list[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Imap)
        self.mails, self.seen = mails, set[int]()

    def unseen(self) -> list[int]:
        return [number for number in range(1, len(self.mails) + 1) if number not in self.seen]


@contextmanager
def imap_server(*mails: bytes) -> Iterator[tuple[_ImapServer, ImapSettings]]:
    with _ImapServer(list(mails)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        port = server.server_address[1]
        yield server, ImapSettings("127.0.0.1", port, "desk", "s3cret", False, False, "INBOX")
        server.shutdown()
        thread.join()


def test_an_imap_folder_is_read_once_and_flagged(context: Flask) -> None:
    world_with_sent_mail()
    with imap_server(sample("exim").replace(b"\n", b"\r\n"), b"Subject: hello\r\n\r\n") as (server, settings):
        for expected in (Returns(read=2, ours=1), Returns()):
            with in_imap(settings) as unseen:
                assert read_returns(unseen, DOMAIN, clock=lambda: NOW, stop=lambda: False) == expected
        assert server.seen == {1, 2}
    assert [message.state for message in messages()] == ["failed"]


def test_told_to_stop_the_rest_stays_unread(context: Flask) -> None:
    with imap_server(b"a: b\r\n\r\n", b"c: d\r\n\r\n") as (server, settings), in_imap(settings) as unseen:
        assert read_returns(unseen, DOMAIN, clock=lambda: NOW, stop=lambda: bool(server.seen)).read == 1
        assert server.unseen() == [2]
