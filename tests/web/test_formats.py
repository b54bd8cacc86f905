"""Times and days as people at a location write them."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from flask import Flask, g

from scheduler import create_app
from scheduler.usecases.clinic.desk import Desk, Place
from scheduler.web import formats
from tests.conftest import settings_for

SUMMER = datetime(2026, 7, 3, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def app() -> Flask:
    """No database: the desk is put on g."""
    return create_app(settings_for("sqlite:///:memory:"))


def at_desk(app: Flask, locale: str = "en", zone: str = "Europe/Berlin"):  # type: ignore[no-untyped-def]
    context = app.test_request_context("/")
    context.push()
    place = Place(1, "Here", zone)
    g.desk = Desk("Needle Point", locale, place, (place,), 10)
    g.signed_in = None
    return context


@pytest.mark.parametrize(
    ("locale", "span", "day", "full"),
    [
        ("en", "14:30–15:00", "Fri 3 Jul 2026", "Friday 3 July 2026"),
        ("en-US", "2:30\u202fPM–3:00\u202fPM", "Fri, Jul 3, 2026", "Friday, July 3, 2026"),
        ("de", "14:30–15:00", "Fr., 3. Juli 2026", "Freitag, 3. Juli 2026"),
        ("fr", "14:30–15:00", "Fri 3 Jul 2026", "Friday 3 July 2026"),
    ],
)
def test_each_language_writes_its_own_way(app: Flask, locale: str, span: str, day: str, full: str) -> None:
    context = at_desk(app, locale)
    ends_at = SUMMER + timedelta(minutes=30)
    written = (formats.time_span(SUMMER, ends_at), formats.day(SUMMER), formats.full_day(SUMMER))
    context.pop()
    assert tuple(text.replace(",", "") if locale in {"en", "fr"} else text for text in written) == (
        span,
        day,
        full,
    )


@pytest.mark.parametrize(
    ("zone", "time", "day"),
    [
        ("Europe/Berlin", "14:30", date(2026, 7, 3)),
        ("America/New_York", "08:30", date(2026, 7, 3)),
        ("Pacific/Chatham", "01:15", date(2026, 7, 4)),
    ],
)
def test_a_clock_is_the_locations_own(app: Flask, zone: str, time: str, day: date) -> None:
    context = at_desk(app, zone="UTC")
    written = (formats.clock_time(SUMMER, zone), formats.local(SUMMER, zone).date())
    context.pop()
    assert written == (time, day)


def test_near_days_have_names(app: Flask) -> None:
    context = at_desk(app)
    with time_machine.travel(SUMMER, tick=False):
        named = [formats.relative_day(SUMMER + timedelta(days=days)) for days in (-1, 0, 1)]
        further = formats.relative_day(SUMMER + timedelta(days=2))
        moments = [formats.ago(SUMMER + timedelta(seconds=seconds)) for seconds in (-5, -7200, 7200)]
    context.pop()
    assert named == ["yesterday", "today", "tomorrow"]
    assert further == "Sun 5 Jul"
    assert moments == ["just now", "2 hours ago", "in 2 hours"]


@pytest.mark.parametrize(("today", "years"), [(SUMMER, 26), (SUMMER - timedelta(days=1), 25)])
def test_age_counts_whole_years(app: Flask, today: datetime, years: int) -> None:
    context = at_desk(app)
    with time_machine.travel(today, tick=False):
        counted = formats.age(date(2000, 7, 3))
    context.pop()
    assert counted == years


@pytest.mark.parametrize(
    ("person", "clinic", "browser", "chosen"),
    [
        ("de", "en", "fr", "de"),
        (None, "de-AT", "en", "de_AT"),
        (None, "fr", "de-CH,en;q=0.5", "de_CH"),
        (None, "fr", "it", "en_GB"),
        ("not a tag", "en-US", "", "en_US"),
    ],
)
def test_the_persons_language_goes_before_the_clinics_and_the_browsers(
    app: Flask, person: str | None, clinic: str, browser: str, chosen: str
) -> None:
    with app.test_request_context("/", headers={"Accept-Language": browser}):
        place = Place(1, "Here", "UTC")
        g.desk = Desk("Needle Point", clinic, place, (place,), 10)
        g.signed_in = SimpleNamespace(locale=person) if person else None
        assert str(formats.choose_locale()) == chosen
