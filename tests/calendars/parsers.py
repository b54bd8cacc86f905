"""A feed as three independent parsers read it, brought to one form to compare."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events
import vobject


@dataclass(frozen=True)
class ReadEvent:
    """All that an event of a feed says."""

    uid: str
    sequence: int
    stamped_at: datetime
    modified_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    status: str
    transparency: str
    alarms: tuple[timedelta, ...] = ()


def by_icalendar(feed: bytes) -> list[ReadEvent]:
    """Every event, in the feed's order."""
    return _from_components(icalendar.Calendar.from_ical(feed).events)


def by_recurring_ical_events(feed: bytes) -> list[ReadEvent]:
    """Every occurrence of two centuries: a single instance is its only one."""
    calendar = icalendar.Calendar.from_ical(feed)
    found = recurring_ical_events.of(calendar).between(datetime(1970, 1, 1), datetime(2170, 1, 1))  # noqa: DTZ001
    return _from_components(sorted(found, key=lambda event: (event["dtstart"].dt, event["uid"])))


def by_vobject(feed: bytes) -> list[ReadEvent]:
    """Every event, in the feed's order."""
    calendar = vobject.readOne(feed.decode())
    return [
        ReadEvent(
            uid=event.uid.value,
            sequence=int(event.sequence.value),
            stamped_at=_instant(event.dtstamp.value),
            modified_at=_instant(event.last_modified.value),
            starts_at=_instant(event.dtstart.value),
            ends_at=_instant(event.dtend.value),
            summary=event.summary.value,
            location=event.location.value,
            status=event.status.value,
            transparency=event.transp.value,
            alarms=tuple(alarm.trigger.value for alarm in event.contents.get("valarm", [])),
        )
        for event in calendar.contents.get("vevent", [])
    ]


PARSERS: tuple[Callable[[bytes], list[ReadEvent]], ...] = (by_icalendar, by_recurring_ical_events, by_vobject)


def read_alike(feed: bytes) -> list[ReadEvent]:
    """The events, after making sure that every parser reads the same."""
    first, *others = (parse(feed) for parse in PARSERS)
    for events in others:
        assert events == first
    return first


def _from_components(events: Iterable[Any]) -> list[ReadEvent]:
    return [
        ReadEvent(
            uid=str(event["uid"]),
            sequence=int(event["sequence"]),
            stamped_at=_instant(event["dtstamp"].dt),
            modified_at=_instant(event["last-modified"].dt),
            starts_at=_instant(event["dtstart"].dt),
            ends_at=_instant(event["dtend"].dt),
            summary=str(event["summary"]),
            location=str(event["location"]),
            status=str(event["status"]),
            transparency=str(event["transp"]),
            alarms=tuple(alarm["trigger"].dt for alarm in event.walk("valarm")),
        )
        for event in events
    ]


def _instant(value: datetime) -> datetime:
    assert value.utcoffset() is not None
    return value.astimezone(UTC)
