"""Private calendars: read as busy time, the last good copy kept, the address never told again."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.calendars.fetch import Fetched, Fetcher
from scheduler.calendars.refusals import Refused
from scheduler.errors import Conflict, NotFound
from scheduler.extensions import db
from scheduler.models import AuditEntry, BusyCalendar, BusyTime
from scheduler.transaction import reading
from scheduler.usecases.availability.free_time import horizon_of, load_desks
from scheduler.usecases.practitioners.busy_calendars import (
    add_busy_calendar,
    list_busy_calendars,
    refresh_busy_calendar,
    refresh_busy_calendars,
    remove_busy_calendar,
)
from scheduler.usecases.practitioners.busy_conflicts import list_busy_conflicts
from scheduler.usecases.practitioners.busy_reading import read_busy, read_busy_apart
from tests.factories import NOW, RECEPTIONIST, World, at, make_appointment, make_practitioner, make_world

URL = "https://calendar.example/private-7f3a.ics"
BY: dict[str, Any] = {"actor": RECEPTIONIST, "now": NOW}
BERLIN = ZoneInfo("Europe/Berlin")
END = NOW + timedelta(days=400)


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", "SUMMARY:Dentist in Potsdam", *lines, "END:VEVENT", ""])


def calendar(*events: str) -> bytes:
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + "".join(events) + "END:VCALENDAR\r\n").encode()


TUESDAY = event("UID:1", "DTSTART:20260303T080000Z", "DTEND:20260303T090000Z")


class Answering(Fetcher):
    """A fetcher that gives what it was told to, and remembers what it was asked."""

    def __init__(self, *answers: Fetched | Refused) -> None:
        super().__init__()
        object.__setattr__(self, "answers", list(answers))
        object.__setattr__(self, "asked", [])

    def fetch(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        self.asked.append((url, etag, last_modified))  # type: ignore[attr-defined]
        answer = self.answers.pop(0)  # type: ignore[attr-defined]
        if isinstance(answer, Refused):
            raise answer
        return answer


def pairs(data: bytes) -> list[tuple[datetime, datetime]]:
    return [
        (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in read_busy(data, BERLIN, NOW, END).intervals
    ]


def added(world: World, **changes: Any) -> int:
    return add_busy_calendar(**{"practitioner_id": world.practitioner_id, "url": URL, **BY} | changes).id


def refresh(number: int, *answers: Fetched | Refused, now: datetime = NOW) -> str | None:
    return refresh_busy_calendar(number, Answering(*answers), now=now, read=read_busy)


def stored() -> list[tuple[datetime, datetime]]:
    db.session.rollback()
    return [
        (row.starts_at, row.ends_at)
        for row in db.session.scalars(select(BusyTime).order_by(BusyTime.starts_at))
    ]


def test_repeating_events_are_busy_each_time_until_they_end() -> None:
    weekly = event("UID:1", "DTSTART:20260303T080000Z", "DTEND:20260303T090000Z", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert pairs(calendar(weekly)) == [(at(day, 9), at(day, 10)) for day in (3, 10, 17)]


def test_whole_days_are_those_of_the_location() -> None:
    data = calendar(event("UID:1", "DTSTART;VALUE=DATE:20260303", "DTEND;VALUE=DATE:20260305"))
    assert pairs(data) == [(at(3, 0), at(5, 0))]


@pytest.mark.parametrize("line", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT"])
def test_cancelled_and_transparent_events_leave_the_time_free(line: str) -> None:
    data = calendar(event("UID:1", "DTSTART:20260303T080000Z", "DTEND:20260303T090000Z", line))
    assert pairs(data) == []


def test_overlapping_events_become_one_interval() -> None:
    other = event("UID:2", "DTSTART:20260303T083000Z", "DTEND:20260303T100000Z")
    after = event("UID:3", "DTSTART:20260303T100000Z", "DTEND:20260303T103000Z")
    assert pairs(calendar(TUESDAY, other, after)) == [(at(3, 9), at(3, 11, 30))]


@pytest.mark.parametrize("data", [b"", b"<html></html>", calendar(TUESDAY)[:-10]])
def test_what_is_no_whole_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match=r"^This is no whole calendar\.$"):
        read_busy(data, BERLIN, NOW, END)


def test_the_process_apart_reads_the_same() -> None:
    data = calendar(
        TUESDAY, event("UID:2", "DTSTART:20260304T080000Z", "DURATION:PT1H", "RRULE:FREQ=SECONDLY")
    )
    apart = read_busy_apart(data, BERLIN, NOW, END)
    assert (
        apart
        == read_busy(data, BERLIN, NOW, END)
        == ([(int(at(3, 9).timestamp()), int(at(3, 10).timestamp()))], 1)
    )


def test_a_private_calendar_counts_as_away(context: Flask) -> None:
    world = make_world()
    number = added(world)
    assert refresh(number, Fetched(calendar(TUESDAY))) == ""
    assert stored() == [(at(3, 9), at(3, 10))]
    horizon = horizon_of(NOW.date(), NOW.date() + timedelta(days=3))
    (desk,) = reading(load_desks)(horizon, practitioner_ids=[world.practitioner_id])
    assert desk.away.bit_count() == 12


def test_only_intervals_are_kept(context: Flask) -> None:
    number = added(make_world())
    refresh(number, Fetched(calendar(TUESDAY)))
    kept = [
        db.session.get_one(BusyCalendar, number).__dict__,
        *(row.__dict__ for row in db.session.scalars(select(BusyTime))),
    ]
    assert "Dentist" not in repr(kept)


def test_the_address_is_in_no_answer_and_no_audit_row(context: Flask) -> None:
    number = added(make_world(), name="Home")
    (told,) = list_busy_calendars()
    remove_busy_calendar(number, **BY)
    trail = [
        (row.action, row.detail) for row in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    ]
    assert trail == [("busy_calendar_added", {"name": "Home"}), ("busy_calendar_removed", {"name": "Home"})]
    assert "calendar.example" not in repr(told)


def test_an_error_keeps_the_last_copy_and_is_told(context: Flask) -> None:
    number, later = added(make_world()), NOW + timedelta(minutes=15)
    refresh(number, Fetched(calendar(TUESDAY)))
    refresh(number, Refused("too_large"), now=later)
    (told,) = list_busy_calendars()
    assert (told.error, told.is_stale, told.fetched_at) == ("too_large", True, NOW)
    assert stored() == [(at(3, 9), at(3, 10))]
    refresh(number, Fetched(b"<html>"), now=later)
    assert (list_busy_calendars()[0].error, len(stored())) == ("no_calendar", 1)
    refresh(number, Fetched(calendar()), now=later)
    assert (list_busy_calendars()[0].error, stored()) == ("", [])


def test_entries_that_cannot_be_read_are_told_while_the_others_count(context: Flask) -> None:
    number = added(make_world())
    odd = event("UID:2", "DTSTART:20260304T080000Z", "DURATION:PT1H", "RRULE:FREQ=SECONDLY")
    refresh(number, Fetched(calendar(TUESDAY, odd), '"a"'))
    (told,) = list_busy_calendars()
    assert (told.error, told.is_stale) == ("incomplete:1", False)
    assert len(stored()) == 1


def test_an_unchanged_calendar_is_asked_for_by_its_etag_but_once_a_day_anew(context: Flask) -> None:
    number = added(make_world())
    fetcher = Answering(
        Fetched(calendar(TUESDAY), '"a"', "yesterday"), Fetched(None), Fetched(calendar(TUESDAY))
    )
    for now in (NOW, NOW + timedelta(hours=1), NOW + timedelta(days=1)):
        assert refresh_busy_calendar(number, fetcher, now=now, read=read_busy) == ""
    assert fetcher.asked == [(URL, "", ""), (URL, '"a"', "yesterday"), (URL, "", "")]  # type: ignore[attr-defined]
    assert stored() == [(at(3, 9), at(3, 10))]


def test_each_calendar_is_read_every_quarter_of_an_hour(context: Flask) -> None:
    added(make_world())
    times = [NOW, NOW + timedelta(minutes=5), NOW + timedelta(minutes=15)]
    fetcher = Answering(*[Refused("too_large")] * 2)
    assert [refresh_busy_calendars(fetcher, clock=lambda now=now: now) for now in times] == [
        (0, 1),
        (0, 0),
        (0, 1),
    ]


def test_one_that_fails_does_not_hold_up_the_next(context: Flask) -> None:
    world = make_world()
    added(world)
    added(world, url=URL + "?2")
    fetcher = Answering(Refused("too_large"), Fetched(calendar(TUESDAY)))
    assert refresh_busy_calendars(fetcher, clock=lambda: NOW) == (1, 1)


def test_booked_appointments_stay_and_are_listed(context: Flask) -> None:
    world = make_world()
    make_appointment(world, at(3, 8))
    clash = make_appointment(world, at(3, 9, 30)).id
    refresh(added(world), Fetched(calendar(TUESDAY)))
    assert [row.appointment_id for row in list_busy_conflicts(now=NOW)] == [clash]
    other = make_practitioner(world.location_id).id
    assert list_busy_conflicts(practitioner_id=other, now=NOW) == []
    of_each = [len(list_busy_conflicts(appointment_id=number, now=NOW)) for number in (clash - 1, clash)]
    assert of_each == [0, 1]


def test_the_same_address_twice_is_refused(context: Flask) -> None:
    world = make_world()
    added(world)
    with pytest.raises(Conflict, match=r"^This calendar is read already\.$"):
        added(world, url="webcal" + URL.removeprefix("https"))


def test_removing_a_calendar_forgets_its_times(context: Flask) -> None:
    number = added(make_world())
    refresh(number, Fetched(calendar(TUESDAY)))
    remove_busy_calendar(number, **BY)
    assert stored() == []
    assert refresh(number, Fetched(calendar(TUESDAY))) is None
    with pytest.raises(NotFound):
        remove_busy_calendar(number, **BY)
