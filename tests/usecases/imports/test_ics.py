"""Diaries of other programs: recurring entries, exceptions, overrides, clocks that change, and bombs."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from icalendar import vRecur

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.ics import Diary, read_diary
from scheduler.usecases.imports.recurrence import Budget, occurrences, read_rule
from tests.factories import BERLIN
from tests.usecases.imports.support import HEAD, NINE, calendar

BEGIN, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


def read(*events: str, zone: ZoneInfo = BERLIN) -> Diary:
    return read_diary(calendar(*events), zone, BEGIN, END)


def starts(*events: str, zone: ZoneInfo = BERLIN) -> list[str]:
    return [f"{one.starts_at.astimezone(zone):%d.%m. %H:%M}" for one in read(*events, zone=zone).occurrences]


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (NINE, ["23.03. 09:00"]),
        (NINE + "RRULE:FREQ=WEEKLY;COUNT=3", ["23.03. 09:00", "30.03. 09:00", "06.04. 09:00"]),
        (NINE + "RRULE:FREQ=WEEKLY;UNTIL=20260330T070000Z", ["23.03. 09:00", "30.03. 09:00"]),
        (NINE + "RRULE:FREQ=WEEKLY;UNTIL=20260330T065959Z", ["23.03. 09:00"]),
        (
            NINE + "RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;TZID=Europe/Berlin:20260330T090000",
            ["23.03. 09:00", "06.04. 09:00"],
        ),
        (NINE + "RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE:20260330T070000Z", ["23.03. 09:00", "06.04. 09:00"]),
        (NINE + "RRULE:FREQ=WEEKLY;COUNT=2\nEXDATE;VALUE=DATE:20260330", ["23.03. 09:00"]),
        (NINE + "RDATE;TZID=Europe/Berlin:20260401T150000", ["23.03. 09:00", "01.04. 15:00"]),
        ("DTSTART:20260323T090000\nDTEND:20260323T100000", ["23.03. 09:00"]),
        ("DTSTART:20260323T080000Z\nDURATION:PT1H", ["23.03. 09:00"]),
        ("DTSTART;TZID=W. Europe Standard Time:20260323T090000\nDURATION:PT1H", ["23.03. 09:00"]),
        ("DTSTART;VALUE=DATE:20260323", ["23.03. 00:00"]),
        ("DTSTART:20260329T023000\nDURATION:PT1H", ["29.03. 03:30"]),
        ("DTSTART:20260323T090000\n", []),
        (NINE + "STATUS:CANCELLED", []),
        (NINE + "TRANSP:TRANSPARENT", []),
        (NINE + "X-MICROSOFT-CDO-BUSYSTATUS:FREE", []),
        ("DTSTART:20250323T090000\nDURATION:PT1H", []),
        ("DTSTART:20260228T230000\nDURATION:PT3H", ["28.02. 23:00"]),
    ],
)
def test_an_entry_is_found_where_it_belongs(event: str, found: list[str]) -> None:
    assert starts(event) == found


def test_a_weekly_entry_keeps_its_wall_time_when_the_clocks_change() -> None:
    rows = read(NINE + "RRULE:FREQ=WEEKLY;COUNT=2").occurrences
    assert [row.starts_at.hour for row in rows] == [8, 7]
    assert [row.ends_at - row.starts_at for row in rows] == [timedelta(hours=1)] * 2


def test_a_whole_day_is_as_long_as_the_day_is_there() -> None:
    (row,) = read("DTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260330").occurrences
    assert (row.is_all_day, row.ends_at - row.starts_at) == (True, timedelta(hours=23))


def test_an_override_takes_the_place_of_its_occurrence() -> None:
    head = "BEGIN:VEVENT\nUID:a\n"
    moved = "DTSTART;TZID=Europe/Berlin:20260331T110000\nDTEND;TZID=Europe/Berlin:20260331T120000\n"
    data = (
        f"{HEAD}{head}{NINE}RRULE:FREQ=WEEKLY;COUNT=3\nEND:VEVENT\n"
        f"{head}RECURRENCE-ID;TZID=Europe/Berlin:20260330T090000\n{moved}END:VEVENT\n"
        f"{head}RECURRENCE-ID:20260406T070000Z\n{moved}STATUS:CANCELLED\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    diary = read_diary(data.encode(), BERLIN, BEGIN, END)
    assert [(f"{row.starts_at:%d.%m. %H}", row.recurrence) for row in diary.occurrences] == [
        ("23.03. 08", "2026-03-23T08:00:00+00:00"),
        ("31.03. 09", "2026-03-30T07:00:00+00:00"),
    ]


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (NINE + "RRULE:FREQ=SECONDLY", "It repeats more often than daily, which is not understood."),
        (NINE + "RRULE:FREQ=HOURLY", "It repeats more often than daily, which is not understood."),
        ("DTSTART:20260301T000000\nDTEND:20290301T000000", "This entry is longer than a year."),
        ("SUMMARY:no start", "This entry cannot be read."),
        ("DTSTART:20260323T090000\nDTEND:20260323T083000", "This entry ends before it begins."),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_is_read(event: str, sentence: str) -> None:
    diary = read(event, NINE)
    assert [(one.row, one.sentence) for one in diary.problems] == [(1, sentence)]
    assert len(diary.occurrences) == 1


def test_what_takes_no_time_is_passed_over_and_counted() -> None:
    assert read("DTSTART:20260323T090000", NINE + "STATUS:CANCELLED", NINE).passed_over == 2


@pytest.mark.filterwarnings("ignore::icalendar.error.GloballyUniqueTZIDGuessed")
def test_a_zone_with_its_maker_in_front_is_that_zone() -> None:
    event = "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/London:20260323T090000\nDURATION:PT1H"
    assert starts(event) == ["23.03. 10:00"]


def test_a_bomb_of_repetitions_is_refused() -> None:
    bomb = "DTSTART:19000101T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=99999999;BYMONTH=2;BYMONTHDAY=30"
    with pytest.raises(InvalidInput) as refused:
        read(*[bomb] * 100)
    assert str(refused.value) == "The calendar repeats too much to be read."


EACH_MINUTE = f"BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))}"


def test_a_bomb_of_times_of_day_is_refused() -> None:
    bomb = f"DTSTART:19900101T000000\nDURATION:PT1M\nRRULE:FREQ=DAILY;COUNT=99999999;{EACH_MINUTE}"
    with pytest.raises(InvalidInput) as refused:
        read(bomb)
    assert str(refused.value) == "The calendar repeats too much to be read."


def test_too_many_entries_are_refused() -> None:
    often = f"DTSTART:20260301T000000\nDURATION:PT1M\nRRULE:FREQ=DAILY;{EACH_MINUTE}"
    with pytest.raises(InvalidInput) as refused:
        read(often)
    assert str(refused.value) == "There are more than 20000 entries in this window; choose a shorter one."


@pytest.mark.parametrize("data", [b"", b"hello", b"a,b\n1,2\n"])
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_diary(data, BERLIN, BEGIN, END)
    assert str(refused.value) == "The file is no calendar: an .ics file is needed."


RULES = [
    *(
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=DAILY;COUNT=2000",
        "FREQ=DAILY;BYDAY=MO,FR;BYMONTH=3,4",
        "FREQ=DAILY;BYMONTHDAY=-1",
    ),
    *(
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO",
        "FREQ=WEEKLY;COUNT=200",
    ),
    *(
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYDAY=1MO,-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    ),
    *("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;INTERVAL=5;BYHOUR=9,14;BYMINUTE=0,30"),
    *("FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=1,6", "FREQ=YEARLY;BYDAY=20MO", "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"),
    *(
        "FREQ=YEARLY;BYYEARDAY=1,100,-1",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "FREQ=YEARLY;INTERVAL=2;BYMONTHDAY=15",
    ),
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("starts", ["2020-01-31T09:00", "2020-02-29T14:30", "2023-06-07T08:00"])
def test_rules_mean_what_they_mean_elsewhere(rule: str, starts: str) -> None:
    first, begin, end = (datetime.fromisoformat(text) for text in (starts, "2023-01-15", "2025-04-01"))
    mine = list(occurrences(read_rule(vRecur.from_ical(rule), None), first, begin, end, Budget()))
    bounded = rule if "COUNT" in rule else f"{rule};UNTIL=20300101T000000"
    wanted = [start for start in rrulestr(bounded, dtstart=first) if begin <= start < end]
    assert mine == wanted
    assert wanted
