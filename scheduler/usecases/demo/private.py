"""Practitioners' private calendars of the demo: one was just read, another one's address leads to no calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.calendars.fetch import Fetched, Fetcher
from scheduler.models import Practitioner
from scheduler.transaction import reading
from scheduler.usecases.demo.callers import Call, booked_ahead
from scheduler.usecases.practitioners.busy_calendars import add_busy_calendar, refresh_busy_calendar
from scheduler.usecases.practitioners.busy_reading import read_busy

HOST = "https://calendar.example"
"""A name that is kept for examples: nobody is asked under it."""


@dataclass(frozen=True, slots=True)
class _Canned(Fetcher):
    """Gives what is written here instead of asking the network."""

    body: bytes = b""

    def fetch(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        return Fetched(self.body)


def read_private_calendars(call: Call) -> bool:
    """One person's holds evenings, and an engagement that meets an appointment; a colleague's cannot be read."""
    people = _people()
    busy = [_evening(call, day) for day in range(1, 15)]
    booked = booked_ahead(call, from_days=2, to_days=14)
    if booked:
        people.sort(key=lambda number: number != booked[0].practitioner_id)
        busy.append((booked[0].starts_at, booked[0].ends_at))
    bodies = {"Private": _calendar(busy), "Football club": b"<html>Please sign in</html>"}
    for person, (name, body) in zip(people, bodies.items(), strict=False):
        address = f"{HOST}/{name.split()[0].lower()}.ics"
        made = add_busy_calendar(person, url=address, name=name, actor=call.desk, now=call.ago(3000))
        refresh_busy_calendar(made.id, _Canned(body=body), now=call.ago(4), read=read_busy)
    return bool(people)


@reading
def _people(session: Session) -> list[int]:
    return list(session.scalars(select(Practitioner.id).order_by(Practitioner.id)))


def _evening(call: Call, day: int) -> tuple[datetime, datetime]:
    on = call.today + timedelta(days=day)
    begins = datetime(on.year, on.month, on.day, 20, 30, tzinfo=call.zone).astimezone(UTC)
    return begins, begins + timedelta(hours=2)


def _calendar(busy: Sequence[tuple[datetime, datetime]]) -> bytes:
    """The times as a calendar that says nothing else."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//demo//EN"]
    for number, (begins, ends) in enumerate(busy):
        lines += ["BEGIN:VEVENT", f"UID:{number}@demo", f"DTSTAMP:{begins:%Y%m%dT%H%M%SZ}"]
        lines += [f"DTSTART:{begins:%Y%m%dT%H%M%SZ}", f"DTEND:{ends:%Y%m%dT%H%M%SZ}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
