"""Bringing a file in with the keyboard alone, wide and narrow; nothing that axe minds at any step."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Live, sign_in
from tests.browser.looks import faults

FILE = "Vorname;Nachname;Geburtsdatum;Farbe\nAnn;Ohm;31.12.1980;rot\nBea;Kurz;31.02.1980;blau\n"


@pytest.fixture
def admin(page: Page, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """A page at which the administrator is signed in; uploads wait in a folder of this test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sign_in(page, "admin")
    return page


def test_a_file_is_brought_in_by_keyboard(admin: Page, tmp_path: Path) -> None:
    file = tmp_path / "patients.csv"
    file.write_text(FILE)
    found = {}
    admin.goto("/transfer")
    found["index"] = faults(admin)
    admin.get_by_label("File").set_input_files(file)
    admin.get_by_role("button", name="Upload and look").press("Enter")
    expect(admin.get_by_role("cell", name="This is no date that can be read.")).to_be_visible()
    found["look"] = faults(admin)
    choice = admin.get_by_label("Farbe holds")
    choice.focus()
    choice.select_option(label="Notes for the desk")
    admin.get_by_role("button", name="Look again").press("Enter")
    expect(admin.get_by_label("Farbe holds")).to_have_value("notes")
    admin.get_by_label("Leave out the row with problems").press("Space")
    admin.get_by_role("button", name="Bring 1 row in").press("Enter")
    expect(admin.get_by_text("The file is brought in.")).to_be_visible()
    found["done"] = faults(admin)
    assert found == dict.fromkeys(found, ())
    admin.goto("/patients?q=Ohm")
    expect(admin.get_by_role("link", name="Ohm, Ann")).to_be_visible()
