"""Import and export on screen: what is uploaded is shown, corrected, brought in or thrown away, by administrators."""

import io
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from scheduler.extensions import db
from scheduler.models import AuditEntry, Patient, TimeOff
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.imports.bulk import note_import
from scheduler.usecases.imports.waiting import WaitingRoom
from scheduler.web import transfer_work
from tests.factories import NOW, World
from tests.usecases.imports.support import NINE, calendar
from tests.web.browser import Browser

GOOD = "Vorname;Nachname;Geburtsdatum\nJörg;Müller;31.12.1980\nAnn;Ohm;01.02.1990\n".encode("cp1252")
BAD = b"Vorname;Nachname;Geburtsdatum\nAnn;Ohm;31.12.1980\nBea;Kurz;31.02.1980\n"
OPEN_DATES = b"first name,last name,dob\nAnn,Ohm,01/02/1980\n"


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploaded files wait in this test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def admin(stranger: Browser, uploads: Path) -> Iterator[Browser]:
    """A browser at which the administrator is signed in."""
    stranger.sign_in("admin")
    return stranger


def upload(browser: Browser, data: bytes, kind: str = "patients", name: str = "file.csv") -> TestResponse:
    return browser.post("/transfer/imports", {"kind": kind, "file": (io.BytesIO(data), name)})


def text_of(response: TestResponse) -> str:
    plain = re.sub(r"<(script|style).*?</\1>", "", response.text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", plain).split())


def tallies(response: TestResponse) -> dict[str, int]:
    return {
        word.strip(): int(number.replace(",", ""))
        for number, word in re.findall(r"<b>([\d,]+)</b>([^<]+)</li>", response.text)
    }


def settled(browser: Browser, address: str) -> TestResponse:
    """The page when what was begun is over."""
    for _ in range(1200):
        answer = browser.get(f"{address}/progress", HX_Request="true")
        if answer.headers.get("HX-Redirect"):
            return browser.get(address)
        time.sleep(0.05)
    raise AssertionError("the import does not end")


def patients(app: Flask) -> int:
    with app.app_context():
        return (db.session.scalar(select(func.count(Patient.id))) or 0) - 1  # without the world's own


def test_a_good_file_is_shown_and_brought_in(admin: Browser, app: Flask, uploads: Path) -> None:
    address = upload(admin, GOOD).location
    page = admin.get(address)
    assert tallies(page) == {"New": 2, "Known, updated": 0, "Known, unchanged": 0, "With problems": 0}
    selected = re.findall(r'<option value="(\w*)" selected>', page.text)
    assert selected == ["given_name", "family_name", "born_on"]
    assert patients(app) == 0
    assert admin.post(f"{address}/run").status_code == 303
    done = settled(admin, address)
    assert "The file is brought in." in text_of(done)
    assert tallies(done)["New"] == 2
    assert patients(app) == 2
    assert [path.name for path in uploads.rglob("data")] == []


def test_the_trail_names_the_administrator(admin: Browser, app: Flask) -> None:
    address = upload(admin, GOOD).location
    admin.post(f"{address}/run")
    settled(admin, address)
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "imported")).one()
        assert (entry.actor_name, entry.detail["what"], entry.detail["new"]) == ("The admin", "patients", 2)


def test_problems_are_listed_and_the_good_rows_come_in_if_asked(admin: Browser, app: Flask) -> None:
    address = upload(admin, BAD).location
    page = admin.get(address)
    assert "3 Geburtsdatum 31.02.1980 This is no date that can be read." in text_of(page)
    admin.post(f"{address}/run", {"rows": "all"})
    assert tallies(settled(admin, address))["With problems"] == 1
    assert patients(app) == 0
    admin.post(f"{address}/run", {"rows": "good"})
    settled(admin, address)
    assert patients(app) == 1


def test_the_report_can_be_downloaded_with_every_row(admin: Browser) -> None:
    address = upload(admin, BAD.replace(b"31.02.1980", b"=1+1")).location
    assert admin.get(f"{address}/report.csv").text == (
        "\ufeffRow,Outcome,Column,Value,Reason\r\n"
        "2,New,,,\r\n"
        "3,With problems,Geburtsdatum,'=1+1,This is no date that can be read.\r\n"
    )


def test_columns_are_corrected_by_hand(admin: Browser, app: Flask) -> None:
    address = upload(admin, b"a,b,c\nAnn,Ohm,x\n").location
    assert "Say which columns hold the given name" in text_of(admin.get(address))
    admin.post(f"{address}/check", {"column-0": "given_name", "column-1": "family_name", "column-2": "notes"})
    assert tallies(admin.get(address))["New"] == 1
    admin.post(f"{address}/run")
    settled(admin, address)
    with app.app_context():
        assert db.session.scalars(select(Patient.notes).where(Patient.family_name == "Ohm")).one() == "x"


def test_dates_that_can_be_read_in_two_ways_are_asked(admin: Browser) -> None:
    address = upload(admin, OPEN_DATES).location
    assert (
        "The dates in dob can be read in several ways (31/12/1980, the day first · 12/31/1980, the month first)."
        in text_of(admin.get(address))
    )
    fields = {"column-0": "given_name", "column-1": "family_name", "column-2": "born_on", "dates": "m/d/Y"}
    admin.post(f"{address}/check", fields)
    assert tallies(admin.get(address))["New"] == 1


def test_a_diary_is_brought_in_when_it_is_said_whose_it_is(admin: Browser, app: Flask, world: World) -> None:
    address = upload(admin, calendar(NINE), "diary", "d.ics").location
    assert "Choose the practitioner whose diary this is." in text_of(admin.get(address))
    admin.post(f"{address}/check", {"practitioner_id": world.practitioner_id, "from_on": "2026-03-01"})
    assert tallies(admin.get(address))["New"] == 1
    admin.post(f"{address}/run")
    settled(admin, address)
    with app.app_context():
        assert db.session.scalar(select(func.count(TimeOff.id))) == 1


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file has no rows below its headings."),
        (b"PK\x03\x04", "This is a spreadsheet, not a CSV file"),
    ],
)
def test_what_is_no_table_is_refused_and_not_kept(
    admin: Browser, uploads: Path, data: bytes, sentence: str
) -> None:
    answer = upload(admin, data)
    assert answer.location == "/transfer"
    assert sentence in text_of(admin.get("/transfer"))
    assert list(uploads.rglob("data")) == []


def send_whole(browser: Browser, data: bytes) -> TestResponse:
    """An upload as one piece of bytes: the test client would put a large one into a file of its own."""
    parts = {"csrf_token": browser.token, "kind": "patients", 'file"; filename="f.csv': data.decode()}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    kind = "multipart/form-data; boundary=x"
    return browser.client.post("/transfer/imports", data=f"{body}--x--\r\n".encode(), content_type=kind)


LARGE = b"first name,last name,notes\n" + b"".join(b"V%d,N%d,%s\n" % (n, n, b"x" * 900) for n in range(2000))


def test_a_large_file_may_be_uploaded_here_and_nowhere_else(admin: Browser) -> None:
    assert send_whole(admin, LARGE).status_code == 303
    assert (
        tallies(admin.get(re.findall(r"/transfer/imports/[\w-]+", admin.get("/transfer").text)[0]))["New"]
        == 2000
    )
    assert (
        admin.post(
            "/patients/new", {"notes": "x" * 450_000, "more": "x" * 450_000, "most": "x" * 200_000}
        ).status_code
        == 413
    )


@pytest.mark.parametrize("role", ["reception", "practitioner"])
def test_others_may_upload_and_take_out_nothing(stranger: Browser, uploads: Path, role: str) -> None:
    stranger.sign_in(role)
    assert stranger.get("/transfer").status_code == 403
    assert upload(stranger, GOOD).status_code == 403
    assert send_whole(stranger, LARGE).status_code == 413
    assert stranger.post("/transfer/export").status_code == 403
    assert 'href="/transfer"' not in stranger.get("/account").text


def test_a_file_is_seen_by_whoever_uploaded_it_only(admin: Browser, app: Flask, world: World) -> None:
    address = upload(admin, GOOD).location
    token = address.rsplit("/", 1)[1]
    with app.app_context():
        room = transfer_work.room()
        state = room.state(token, 1)
        room.save(token, {**state, "owner": 99})
    assert admin.get(address).status_code == 404
    assert admin.get("/transfer/imports/..%2f..%2fetc").status_code == 404


def test_a_file_that_is_thrown_away_is_gone(admin: Browser, uploads: Path) -> None:
    address = upload(admin, GOOD).location
    assert "file.csv" in text_of(admin.get("/transfer"))
    admin.post(f"{address}/drop")
    assert (admin.get(address).status_code, list(uploads.rglob("data"))) == (404, [])


@pytest.mark.parametrize("is_committed", [False, True])
def test_when_the_service_dies_the_trail_says_whether_it_was_written(
    admin: Browser, app: Flask, is_committed: bool
) -> None:
    address = upload(admin, GOOD).location
    token = address.rsplit("/", 1)[1]
    with app.app_context():
        room = transfer_work.room()
        state = room.state(token, 1)
        claim = room.claim(token)
        room.save(token, {**state, "phase": "running"})
        assert claim is not None and room.claim(token) is None
        assert "Bringing in" in text_of(admin.get(address))
        claim.close()  # As the system does for a process that dies, whatever is started with its number later.
        if is_committed:
            counts = {"new": 2, "updated": 0, "unchanged": 0, "left_out": 0}
            note_import(db.session(), COMMAND, "patients", counts, reference=state["reference"], now=NOW)
            db.session.commit()
    page = text_of(admin.get(address))
    assert ("The file is brought in." in page) == is_committed
    assert ("The service was stopped in the middle. Nothing was written" in page) != is_committed
    if not is_committed:
        admin.post(f"{address}/run")
        settled(admin, address)
        assert patients(app) == 2


def test_a_file_waits_an_hour_at_most(admin: Browser, app: Flask, uploads: Path) -> None:
    upload(admin, GOOD)
    with app.app_context():
        room = transfer_work.room()
        room.sweep(transfer_work.clock.now().replace(year=2100))
    assert list(uploads.rglob("data")) == []


def test_files_that_wait_are_readable_by_the_service_only(admin: Browser, uploads: Path) -> None:
    upload(admin, GOOD)
    modes = {path.stat().st_mode & 0o077 for path in uploads.rglob("*")}
    assert modes == {0}


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(PermissionError):
        WaitingRoom(tmp_path / "open")


def test_everything_is_taken_out_as_one_archive_with_a_trail(admin: Browser, app: Flask) -> None:
    answer = admin.post("/transfer/export")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert re.fullmatch(
        r"attachment; filename=clinic-\d{4}-\d\d-\d\d\.zip", answer.headers["Content-Disposition"]
    )
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    assert "Pain" in archive.read("patients.csv").decode()
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "data_exported")).one()
        assert entry.actor_name == "The admin"
