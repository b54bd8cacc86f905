"""Calendars that would take for ever, read in a process apart: given up, whatever they are made of."""

from datetime import UTC, datetime

import pytest

from scheduler.calendars.refusals import Refused
from scheduler.errors import InvalidInput
from scheduler.usecases.imports import apart
from scheduler.usecases.imports.apart import TooMuch, read_diary_apart
from scheduler.usecases.imports.ics import read_diary
from scheduler.usecases.practitioners.busy_reading import read_busy_apart
from tests.factories import BERLIN
from tests.usecases.imports.support import HEAD, NINE, calendar

WINDOW = (BERLIN, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
HOURS, SIXTY = ",".join(map(str, range(24))), ",".join(map(str, range(60)))
EACH_SECOND = f"BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY}"
LONG_AGO = "DTSTART:19000101T090000\nDURATION:PT1H\n"
NEVER = "RRULE:FREQ=DAILY;COUNT=99999999;BYMONTH=2;BYMONTHDAY=30"
NESTED = "".join(
    f"BEGIN:{name}\nDTSTART:19000101T000000\nTZOFFSETFROM:{before}\nTZOFFSETTO:{after}\nRRULE:FREQ=SECONDLY\nEND:{name}\n"
    for name, before, after in (("STANDARD", "+0100", "+0000"), ("DAYLIGHT", "+0000", "+0100"))
)
ZONE = f"BEGIN:VTIMEZONE\nTZID:Bomb\n{NESTED}END:VTIMEZONE\n"
IN_A_BOMB = "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Bomb:20260303T090000\nDURATION:PT1H\nEND:VEVENT\n"
BOMBS = {
    "each second of each day": calendar(LONG_AGO + f"RRULE:FREQ=DAILY;{EACH_SECOND}"),
    "the last second of each year": calendar(
        *[LONG_AGO + f"RRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;{EACH_SECOND};BYSETPOS=-1"] * 50
    ),
    "a day that never comes": calendar(*[LONG_AGO + NEVER] * 200),
    "endless dates": calendar(LONG_AGO + "RDATE:" + ",".join(["19700101T000000Z/P300D"] * 800_000)),
    "a zone of seconds": f"{HEAD}{ZONE}{IN_A_BOMB}END:VCALENDAR\n".encode(),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_given_up(kind: str) -> None:
    with pytest.raises(TooMuch) as refused:
        read_diary_apart(BOMBS[kind], *WINDOW, most_seconds=0.6)
    assert (str(refused.value), refused.value.details) == (
        "The calendar repeats too much to be read.",
        {"field": "file"},
    )


def test_a_private_calendar_tells_which_limit_it_reached() -> None:
    with pytest.raises(Refused) as refused:
        read_busy_apart(BOMBS["a day that never comes"], *WINDOW, most_seconds=0.5)
    assert refused.value.stored == "takes_long"


def test_what_is_read_apart_is_the_same_diary() -> None:
    events = (
        NINE + "SUMMARY:Zahnärztin 🦷\nCLASS:PRIVATE\nRRULE:FREQ=WEEKLY;COUNT=3",
        "SUMMARY:holiday\nDTSTART;VALUE=DATE:20260329",
        NINE + "STATUS:CANCELLED",
        NINE + "RRULE:FREQ=SECONDLY",
    )
    found = read_diary_apart(calendar(*events), *WINDOW)
    assert found == read_diary(calendar(*events), *WINDOW)
    assert (len(found.occurrences), len(found.problems), found.passed_over) == (4, 1, 1)


def test_what_is_refused_apart_is_refused_in_the_same_words() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_diary_apart(b"hello", *WINDOW)
    assert (type(refused.value), refused.value.sentence, refused.value.details) == (
        InvalidInput,
        "The file is no calendar: an .ics file is needed.",
        {"field": "file"},
    )


def test_a_process_that_breaks_off_took_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "START", "raise MemoryError")
    with pytest.raises(Refused) as refused:
        read_busy_apart(calendar(NINE), *WINDOW)
    assert refused.value.stored == "takes_much"


def test_the_process_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "s3cret")
    telling = "import json, os; print(json.dumps({'refused': [str('SECRET_KEY' in os.environ), {}]}))"
    monkeypatch.setattr(apart, "START", telling)
    with pytest.raises(InvalidInput, match=r"^False$"):
        read_diary_apart(calendar(NINE), *WINDOW)
