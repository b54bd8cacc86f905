"""Public holidays of a country and region, to be accepted one by one as closures.

The library of holidays is loaded on first use: most processes never ask for one.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.errors import InvalidInput
from scheduler.models import Appointment, Closure, Location
from scheduler.models.appointments import NOT_BOOKED
from scheduler.planning.hours import start_of_day
from scheduler.transaction import reading
from scheduler.usecases.lookup import find

YEARS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday at a location, whether it is closed then, and how much is booked."""

    on: date
    name: str
    is_closed: bool
    is_over: bool
    appointments: int


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a country that has holidays of its own."""

    code: str
    name: str


def countries(locale: Locale) -> list[tuple[str, str]]:
    """(code, name in the reader's language) of every country whose holidays are known, by name."""
    names = locale.territories
    found = [(code, names.get(code, code)) for code in _supported() if len(code) == 2]
    return sorted(found, key=lambda pair: pair[1])


def regions(country: str) -> list[Region]:
    """The regions of a country, by name."""
    if country not in _supported():
        return []
    import holidays

    aliases: dict[str, str] = {}
    for name, code in getattr(holidays.country_holidays(country), "subdivisions_aliases", {}).items():
        aliases.setdefault(str(code), str(name))
    found = [Region(code, aliases.get(code, code)) for code in _supported()[country]]
    return sorted(found, key=lambda region: region.name)


def country_of(zone: str) -> str:
    """The country whose clock a zone shows, "" where it is not known."""
    return str(get_global("zone_territories").get(zone, ""))


@reading
def list_holidays(
    session: Session, location_id: int, country: str, region: str, year: int, language: str, *, now: datetime
) -> list[Holiday]:
    """A year's public holidays as they concern a location. Raises NotFound, or InvalidInput naming the field."""
    place = find(session, Location, location_id)
    zone = ZoneInfo(place.zone)
    today = now.astimezone(zone).date()
    if not today.year <= year <= today.year + YEARS_AHEAD:
        raise InvalidInput("Please choose a year from the list.", field="year")
    named = _holidays(country, region, year, language)
    begins = start_of_day(date(year, 1, 1), zone)
    ends = start_of_day(date(year + 1, 1, 1), zone)
    closures = session.execute(
        select(Closure.starts_at, Closure.ends_at).where(
            Closure.location_id == place.id,
            Closure.room_id.is_(None),
            Closure.starts_at < ends,
            Closure.ends_at > begins,
        )
    ).all()
    booked = _booked(session, place.id, zone, begins, ends)
    found = []
    for on, name in sorted(named.items()):
        first, last = start_of_day(on, zone), start_of_day(on + timedelta(days=1), zone)
        is_closed = any(row.starts_at <= first and last <= row.ends_at for row in closures)
        found.append(Holiday(on, name, is_closed, on < today, booked[on]))
    return found


def _booked(
    session: Session, location_id: int, zone: ZoneInfo, begins: datetime, ends: datetime
) -> dict[date, int]:
    rows = session.scalars(
        select(Appointment.starts_at).where(
            Appointment.location_id == location_id,
            Appointment.status.not_in(NOT_BOOKED),
            Appointment.starts_at >= begins,
            Appointment.starts_at < ends,
        )
    )
    counts: dict[date, int] = defaultdict(int)
    for starts_at in rows:
        counts[starts_at.astimezone(zone).date()] += 1
    return counts


def _holidays(country: str, region: str, year: int, language: str) -> dict[date, str]:
    if country not in _supported():
        raise InvalidInput("Please choose a country from the list.", field="country")
    if region and region not in _supported()[country]:
        raise InvalidInput("Please choose a region from the list.", field="region")
    import holidays

    known = holidays.country_holidays(country, subdiv=region or None, years=year)
    offered = [tag for tag in known.supported_languages if tag.split("_")[0] == language]
    chosen = offered[0] if offered else known.default_language
    if chosen:
        # Without one, the library takes the language of the machine that it runs on.
        known = holidays.country_holidays(country, subdiv=region or None, years=year, language=chosen)
    return {on: name for on, name in known.items() if on.year == year}


@lru_cache(maxsize=1)
def _supported() -> dict[str, list[str]]:
    """Country code -> codes of its regions."""
    import holidays

    found: dict[str, list[str]] = holidays.list_supported_countries()
    return found
