"""Instants, days and numbers as people here write them: the location's zone, the reader's language.

Each is a Jinja filter. ``zone`` is an IANA name; without it, the zone of the location that is looked at.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates
from flask import Flask, g, has_request_context, request
from flask_babel import get_locale, gettext

from scheduler import clock
from scheduler.web import session

LANGUAGES = frozenset({"en", "de"})
"""Languages that there are words for; any region of them (en-GB, de-AT) sets how dates look."""
DEFAULT = Locale("en", "GB")


def register(app: Flask) -> None:
    """Make every format a filter, and the ones for many rows a function."""
    app.jinja_env.globals["times_in"] = Times
    app.add_template_filter(plain_date, "date")
    for form in (
        clock_time,
        time_span,
        day,
        short_day,
        day_month,
        day_span,
        weekday_short,
        full_day,
        relative_day,
        moment,
        iso,
        wall_day,
        wall_time,
        ago,
        before,
        age,
        city,
    ):
        app.add_template_filter(form)


def choose_locale() -> Locale:
    """The person's language, else the clinic's, else the browser's."""
    if not has_request_context() or request.path.startswith(session.WITHOUT_BROWSER):
        return DEFAULT
    signed_in = g.get("signed_in")
    wanted = [
        signed_in.locale if signed_in else None,
        session.desk().locale,
        *request.accept_languages.values(),
    ]
    return next((found for tag in wanted if tag and (found := parse_locale(tag))), DEFAULT)


def parse_locale(tag: str) -> Locale | None:
    """A BCP 47 tag as a locale that there are words for; plain ``en`` writes days and hours the European way."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return None
    if locale.language not in LANGUAGES:
        return None
    return DEFAULT if str(locale) == "en" else locale


def choose_zone() -> str:
    """The zone of the location that is looked at."""
    return session.desk().here.zone


def local(instant: datetime, zone: str | None = None) -> datetime:
    """The wall clock of a location at an instant."""
    return instant.astimezone(ZoneInfo(zone or choose_zone()))


def _day_of(value: date | datetime, zone: str | None) -> date:
    return local(value, zone).date() if isinstance(value, datetime) else value


def city(zone: str) -> str:
    """The place that a zone's clock follows, for example Berlin."""
    return dates.get_timezone_location(ZoneInfo(zone), locale=get_locale(), return_city=True)


def clock_time(instant: datetime, zone: str | None = None) -> str:
    """14:30"""
    return _clock_time(instant, zone or choose_zone(), get_locale())


@lru_cache(maxsize=4096)
def _clock_time(instant: datetime, zone: str, locale: Locale) -> str:
    there = local(instant, zone)
    return _time_of_day(there.hour, there.minute, locale)


@lru_cache(maxsize=4096)
def _time_of_day(hour: int, minute: int, locale: Locale) -> str:
    """Kept: a day in the diary writes hundreds of times, most of them the same."""
    return dates.format_time(time(hour, minute), "short", locale=locale)


def time_span(starts_at: datetime, ends_at: datetime, zone: str | None = None) -> str:
    """14:30–15:00"""
    return Times(zone).span(starts_at, ends_at)


class Times:
    """Times and days for many rows: whose language and which zone is asked once, which takes longer than writing."""

    def __init__(self, zone: str | None = None) -> None:
        self._zone, self._locale = zone or choose_zone(), get_locale()

    def span(self, starts_at: datetime, ends_at: datetime) -> str:
        """14:30–15:00"""
        zone, locale = self._zone, self._locale
        return f"{_clock_time(starts_at, zone, locale)}–{_clock_time(ends_at, zone, locale)}"

    def short_day(self, instant: datetime) -> str:
        """Tue 3 Mar"""
        return _short_day(_day_at(instant, self._zone), self._locale)


@lru_cache(maxsize=4096)
def _day_at(instant: datetime, zone: str) -> date:
    return local(instant, zone).date()


@lru_cache(maxsize=1024)
def _short_day(on: date, locale: Locale) -> str:
    return dates.format_skeleton("MMMEd", on, locale=locale)


def day(value: date | datetime, zone: str | None = None) -> str:
    """Tue 3 Mar 2026"""
    return dates.format_skeleton("yMMMEd", _day_of(value, zone), locale=get_locale())


def short_day(value: date | datetime, zone: str | None = None) -> str:
    """Tue 3 Mar"""
    return _short_day(_day_of(value, zone), get_locale())


def day_month(value: date) -> str:
    """3 Mar"""
    return dates.format_skeleton("MMMd", value, locale=get_locale())


def day_span(first: date, last: date) -> str:
    """3–6 Dec"""
    return dates.format_interval(first, last, "MMMd", locale=get_locale())


def weekday_short(number: int | str) -> str:
    """Mo, from 0 for Monday"""
    return dates.get_day_names("short", locale=get_locale())[int(number)]


def plain_date(value: date) -> str:
    """12 Mar 1980"""
    return dates.format_date(value, "medium", locale=get_locale())


def full_day(value: date | datetime, zone: str | None = None) -> str:
    """Tuesday, 3 March 2026"""
    return dates.format_date(_day_of(value, zone), "full", locale=get_locale())


def moment(instant: datetime, zone: str | None = None) -> str:
    """Tue 3 Mar 2026, 14:30"""
    return f"{day(instant, zone)}, {clock_time(instant, zone)}"


def iso(value: date | datetime) -> str:
    """For ``<time datetime>``."""
    return value.isoformat()


def wall_day(instant: datetime, zone: str) -> str:
    """2026-03-03, for a date field."""
    return local(instant, zone).date().isoformat()


def wall_time(instant: datetime, zone: str) -> str:
    """14:30, for a time field."""
    return f"{local(instant, zone):%H:%M}"


def ago(instant: datetime) -> str:
    """just now, in 3 days, 2 hours ago"""
    if abs(instant - clock.now()) < timedelta(minutes=1):
        return gettext("just now")
    return dates.format_timedelta(instant - clock.now(), add_direction=True, locale=get_locale())


def before(minutes: int) -> str:
    """3 days before, 2 hours before: how long ahead of its appointment a reminder goes out."""
    span = dates.format_timedelta(timedelta(minutes=minutes), threshold=1, locale=get_locale())
    return gettext("%(span)s before", span=span)


def age(born_on: date) -> int:
    """Whole years, today at the location that is looked at."""
    today = local(clock.now()).date()
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def relative_day(value: date | datetime, zone: str | None = None) -> str:
    """today, tomorrow, yesterday, or the short day."""
    that = _day_of(value, zone)
    today = local(clock.now(), zone).date()
    named = {
        today: gettext("today"),
        today + timedelta(days=1): gettext("tomorrow"),
        today - timedelta(days=1): gettext("yesterday"),
    }
    return named.get(that) or short_day(that)
