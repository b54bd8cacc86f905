"""Feeds as calendar programs read them: icalendar, vobject, libical and ical.js agree on every event."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from scheduler.calendars.calendar import assemble_calendar
from scheduler.calendars.event import EventRow, FeedStyle, Viewer
from scheduler.models import FeedDetail
from tests.calendars.libical import by_libical
from tests.calendars.parsers import ReadEvent, read_alike
from tests.calendars.test_event import FULL_ROW

ICAL_JS = Path(__file__).parents[2] / "scheduler/web/static/vendor/ical.min.js"
READ = """text => new ICAL.Component(ICAL.parse(text)).getAllSubcomponents("vevent").map(component => {
  const event = new ICAL.Event(component);
  const seconds = time => time.toUnixTime();
  return {
    uid: event.uid, sequence: event.sequence, summary: event.summary, location: event.location,
    starts_at: seconds(event.startDate), ends_at: seconds(event.endDate),
    stamped_at: seconds(component.getFirstPropertyValue("dtstamp")),
    modified_at: seconds(component.getFirstPropertyValue("last-modified")),
    status: component.getFirstPropertyValue("status"), transparency: component.getFirstPropertyValue("transp"),
    alarms: component.getAllSubcomponents("valarm").map(alarm => alarm.getFirstPropertyValue("trigger").toSeconds()),
  };
})"""
HARD = [
    "Zahnärztin; „Ä, ß“",
    "back\\slash \\n \\N",
    "line\nbreak\r\nand\ttab",
    "語" * 60,
    "🪡" * 40,
    'quo"te:colon',
    "x" * 200,
]


@pytest.fixture(scope="module")
def ical_js(chromium: Browser) -> Iterator[Page]:
    """An empty page in Chromium with ical.js loaded."""
    page = chromium.new_page()
    source = json.dumps(ICAL_JS.read_text())
    page.evaluate(
        f"""async () => {{
          const address = URL.createObjectURL(new Blob([{source}], {{ type: "text/javascript" }}));
          window.ICAL = (await import(address)).default;
        }}"""
    )
    yield page
    page.close()


def feed() -> bytes:
    """Events of every kind: held, cancelled, with alarms, with hard words, around both changes of the clock."""
    rows: list[EventRow] = []
    for number, words in enumerate(HARD):
        for moment in (
            "2026-03-29T00:30",
            "2026-03-29T01:00",
            "2026-10-25T00:30",
            "2026-10-25T01:30",
            "2028-02-29T23:30",
        ):
            starts_at = int(datetime.fromisoformat(moment + "+00:00").timestamp())
            rows.append(
                FULL_ROW._replace(
                    uid=f"{len(rows)}@needletime",
                    sequence=number,
                    starts_at=starts_at,
                    ends_at=starts_at + 1800,
                    type_name=words,
                    person_name=words[::-1],
                    address=words,
                    is_cancelled=len(rows) % 5 == 1,
                    is_held=len(rows) % 5 == 2,
                )
            )
    rows.sort(key=lambda row: (row.starts_at, row.uid))
    return assemble_calendar(
        rows, FeedStyle(Viewer.PRACTITIONER, FeedDetail.FULL, "de", 45, "Nadel, Punkt; GmbH")
    )


def plain(events: list[ReadEvent]) -> list[dict[str, Any]]:
    """As JSON says it: instants in epoch seconds, durations in seconds."""

    def value(one: object) -> object:
        if isinstance(one, datetime):
            return int(one.timestamp())
        return [int(each.total_seconds()) for each in one] if isinstance(one, tuple) else one

    return [{name: value(one) for name, one in asdict(event).items()} for event in events]


def test_four_independent_parsers_read_the_same_events(ical_js: Page) -> None:
    data = feed()
    events = read_alike(data)
    assert len(events) == 35
    assert {event.status for event in events} == {"CONFIRMED", "CANCELLED", "TENTATIVE"}
    assert plain(events) == ical_js.evaluate(READ, data.decode())
    assert plain(events) == by_libical(data)


def test_alarms_are_read_alike(ical_js: Page) -> None:
    style = FeedStyle(Viewer.PATIENT, FeedDetail.TYPE, "en", 1440, "Needle Point")
    data = assemble_calendar([FULL_ROW], style)
    (event,) = read_alike(data)
    assert event.alarms == (timedelta(days=-1),)
    assert plain([event]) == ical_js.evaluate(READ, data.decode()) == by_libical(data)
