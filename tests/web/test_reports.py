"""Reports on screen and as files: the same figures, sentences for what makes no sense, harmless cells, a trail."""

import csv
import io
import re

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import AuditEntry, Location, Practitioner
from tests.factories import World, at, make_appointment, save
from tests.web.browser import Browser

pytestmark = pytest.mark.usefixtures("monday")
FEBRUARY = "from=2026-02-23&to=2026-03-01"
FILES = ("utilisation", "attendance", "plans", "first-session")


@pytest.fixture
def past(app: Flask, world: World) -> World:
    """Three appointments of last week: kept, missed, and one that nobody marked."""
    with app.app_context():
        for day, status in ((24, "completed"), (25, "no_show"), (26, "booked")):
            created_at = at(20, month=2)
            make_appointment(world, at(day, month=2), status=status, created_at=created_at)
    return world


def table(text: str, heads: str) -> list[list[str]]:
    """The rows of the table that begins with these heads."""
    for found in re.findall(r"<table>.*?</table>", text, re.DOTALL):
        rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", found)]
        if rows[0][0] == heads:
            return rows[1:]
    raise AssertionError(f"no table {heads}")


def rows(desk: Browser, name: str, query: str = FEBRUARY) -> list[list[str]]:
    answer = desk.get(f"/reports/{name}.csv?{query}")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_page_shows_the_usual_twelve_weeks(world: World, desk: Browser) -> None:
    page = desk.get("/reports").text
    assert ('value="2025-12-15"' in page, 'value="2026-03-02"' in page) == (True, True)
    assert len(table(page, "Week of")) == 12


def test_figures_stand_beside_the_charts(past: World, desk: Browser) -> None:
    page = desk.get(f"/reports?{FEBRUARY}").text
    assert table(page, "Week of") == [["23 Feb", "40", "1", "2.5 %"]]
    assert table(page, "Weekday")[1:3] == [
        ["Tu", "1", "0", "0", "0 %", "0 %"],
        ["We", "1", "1", "0", "100 %", "0 %"],
    ]
    assert "Appointments counted: 2. Missed: 1. Cancelled less than 24 hours before: 0." in page
    assert "1 more is over, but nobody said what became of it." in page


def test_a_location_that_was_archived_can_be_looked_back_at(app: Flask, past: World, desk: Browser) -> None:
    with app.app_context():
        save(Location(name="Outskirts", zone="Europe/Berlin"))
        db.session.get_one(Location, past.location_id).archived_at = at(9, 12)
        db.session.commit()
    page = desk.get(f"/reports?{FEBRUARY}&location_id={past.location_id}").text
    assert f'<option value="{past.location_id}" selected>' in page
    assert table(page, "Week of") == [["23 Feb", "40", "1", "2.5 %"]]


def test_time_without_anything_says_so(world: World, desk: Browser) -> None:
    page = desk.get("/reports?from=2020-01-01&to=2020-01-31").text
    said = (
        "Nobody worked in this time.",
        "No appointment of this time is over.",
        "No plan began in this time.",
    )
    assert [sentence in page for sentence in said] == [True, True, True]


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("from=2026-03-02&to=2026-03-01", 422, "The last day must not lie before the first."),
        ("from=2020-03-02&to=2026-03-01", 422, "At most a year can be looked at."),
        ("location_id=999", 404, "There is no location with that number."),
    ],
)
def test_senseless_question_gets_a_sentence(
    world: World, desk: Browser, query: str, status: int, sentence: str
) -> None:
    answer = desk.get(f"/reports?{query}")
    assert (answer.status_code, sentence in answer.text) == (status, True)


@pytest.mark.parametrize("query", ["from=x&to=&location_id=", "from=9999-99-99"])
def test_what_is_no_date_is_the_usual_one(world: World, desk: Browser, query: str) -> None:
    assert 'value="2025-12-15"' in desk.get(f"/reports?{query}").text


def test_files_hold_the_figures(past: World, desk: Browser) -> None:
    assert rows(desk, "utilisation") == [
        ["Practitioner", "Week of", "Working minutes", "Booked minutes", "Booked, per cent"],
        ["Petra Pin", "2026-02-23", "2400", "60", "2.5"],
    ]
    attendance = rows(desk, "attendance")
    assert attendance[3] == ["Weekday", "Wednesday", "0", "1", "0", "100.0", "0.0"]
    assert attendance[-1] == ["Reminder", "None sent", "1", "1", "0", "50.0", "0.0"]
    assert rows(desk, "plans")[1:] == [
        [word, "", "0"] for word in ("On track", "Behind", "Paused", "Finished", "Dropped out")
    ]
    assert rows(desk, "first-session")[-1] == ["no first session", "0"]


@pytest.mark.parametrize("name", FILES)
def test_file_is_called_after_its_period_and_its_export_noted(
    app: Flask, past: World, desk: Browser, name: str
) -> None:
    answer = desk.get(f"/reports/{name}.csv?{FEBRUARY}")
    named = f"attachment; filename={name}-2026-02-23-2026-03-01.csv"
    assert answer.headers["Content-Disposition"] == named
    with app.app_context():
        entry = db.session.query(AuditEntry).filter_by(action="report_exported").one()
        assert (entry.detail["report"], entry.actor_name) == (name, "The reception")


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_look_like_formulas_are_made_harmless(
    app: Flask, past: World, desk: Browser, begins: str
) -> None:
    with app.app_context():
        db.session.get_one(Practitioner, past.practitioner_id).given_name = f"{begins}SUM(1)"
        db.session.commit()
    assert rows(desk, "utilisation")[1][0] == f"'{begins}SUM(1) Pin"


def test_looking_is_not_exporting(app: Flask, world: World, desk: Browser) -> None:
    desk.get("/reports")
    with app.app_context():
        assert db.session.query(AuditEntry).filter_by(action="report_exported").count() == 0


def test_unknown_file_is_not_found(world: World, desk: Browser) -> None:
    assert desk.get("/reports/everything.csv").status_code == 404


def test_refused_file_is_not_noted(app: Flask, world: World, desk: Browser) -> None:
    assert desk.get("/reports/plans.csv?from=2026-03-02&to=2026-03-01").status_code == 422
    with app.app_context():
        assert db.session.query(AuditEntry).filter_by(action="report_exported").count() == 0


@pytest.mark.parametrize("path", ["/reports", "/reports/plans.csv"])
def test_practitioners_do_not_see_reports(world: World, stranger: Browser, path: str) -> None:
    stranger.sign_in("practitioner")
    assert stranger.get(path).status_code == 403
