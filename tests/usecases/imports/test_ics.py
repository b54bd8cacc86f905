"""Diaries of other programs: recurring entries, exceptions, overrides, and clocks that change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.errors import InvalidInput
from scheduler.usecases.imports import ics
from scheduler.usecases.imports.ics import Diary, read_diary
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
        (NINE + "RRULE:FREQ=WEEKLY;UNTIL=20260330", ["23.03. 09:00", "30.03. 09:00"]),
        (NINE + "RRULE:FREQ=WEEKLY;UNTIL=20260320", []),
        (
            NINE + "RRULE:FREQ=MONTHLY;BYDAY=-1MO;UNTIL=20260601",
            ["23.03. 09:00", "30.03. 09:00", "27.04. 09:00"],
        ),
        (NINE + "RRULE:FREQ=HOURLY;INTERVAL=5;COUNT=3", ["23.03. 09:00", "23.03. 14:00", "23.03. 19:00"]),
        (NINE + "RRULE:FREQ=DAILY;INTERVAL=0;COUNT=2", ["23.03. 09:00", "24.03. 09:00"]),
        (
            # At nine in Berlin, which is the ten o'clock of nobody.
            NINE + "RRULE:FREQ=DAILY;BYHOUR=9,10;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260323T090000",
            ["23.03. 10:00", "24.03. 09:00", "24.03. 10:00"],
        ),
        (NINE + "RDATE;TZID=Europe/Berlin:20260401T150000", ["23.03. 09:00", "01.04. 15:00"]),
        (NINE + "RDATE;VALUE=DATE:20260401", ["23.03. 09:00", "01.04. 09:00"]),
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


@pytest.mark.filterwarnings("ignore:Using both 'count' and 'until':DeprecationWarning")
@pytest.mark.parametrize("ends", ["COUNT=3;UNTIL=20260324", "COUNT=2;UNTIL=20260401"])
def test_of_two_ends_the_first_counts(ends: str) -> None:
    assert starts(NINE + f"RRULE:FREQ=DAILY;{ends}") == ["23.03. 09:00", "24.03. 09:00"]


def test_a_weekly_entry_keeps_its_wall_time_when_the_clocks_change() -> None:
    rows = read(NINE + "RRULE:FREQ=WEEKLY;COUNT=2").occurrences
    assert [row.starts_at.hour for row in rows] == [8, 7]
    assert [row.ends_at - row.starts_at for row in rows] == [timedelta(hours=1)] * 2


def test_a_whole_day_is_as_long_as_the_day_is_there() -> None:
    (row,) = read("DTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260330").occurrences
    assert (row.is_all_day, row.ends_at - row.starts_at) == (True, timedelta(hours=23))


def test_a_night_lasts_as_long_when_the_clocks_change() -> None:
    night = "DTSTART;TZID=Europe/Berlin:20260327T220000\nDTEND;TZID=Europe/Berlin:20260328T060000\n"
    rows = read(night + "RRULE:FREQ=DAILY;COUNT=3").occurrences
    assert [f"{row.starts_at:%d. %H}-{row.ends_at:%H}" for row in rows] == [
        "27. 21-05",
        "28. 21-05",
        "29. 20-04",
    ]


def test_a_time_that_was_added_may_have_its_own_length() -> None:
    added = "20260320T080000Z/PT90M,20260324T080000Z/20260324T083000Z,20260220T080000Z/P10D"
    rows = read(NINE + f"RDATE;VALUE=PERIOD:{added}").occurrences
    assert [(row.recurrence[5:13], row.ends_at - row.starts_at) for row in rows] == [
        ("02-20T08", timedelta(days=10)),
        ("03-20T08", timedelta(minutes=90)),
        ("03-23T08", timedelta(hours=1)),
        ("03-24T08", timedelta(minutes=30)),
    ]


WEEKLY = f"UID:a\n{NINE}RRULE:FREQ=WEEKLY;COUNT=4"
SECOND, THIRD = (f"RECURRENCE-ID;TZID=Europe/Berlin:2026{day}T090000" for day in ("0330", "0406"))
LATER = SECOND.replace("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE")
MOVED = "DTSTART;TZID=Europe/Berlin:20260331T110000\nDTEND;TZID=Europe/Berlin:20260331T120000"


def series(*events: str) -> Diary:
    """What the events say, each with the UID that it has."""
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return read_diary(f"{HEAD}{body}END:VCALENDAR\n".encode(), BERLIN, BEGIN, END)


def told(diary: Diary) -> list[tuple[int, str, str]]:
    """(event, the start that its rule gave it, its start), both on UTC's clock."""
    return [(row.number, row.recurrence[5:16], f"{row.starts_at:%m-%dT%H:%M}") for row in diary.occurrences]


def test_an_override_takes_the_place_of_its_occurrence() -> None:
    cancelled = f"UID:a\nRECURRENCE-ID:20260406T070000Z\n{MOVED}\nSTATUS:CANCELLED"
    diary = series(WEEKLY, f"UID:a\n{SECOND}\n{MOVED}", cancelled)
    assert [(row.starts_at, row.recurrence) for row in diary.occurrences] == [
        (datetime(2026, 3, 23, 8, tzinfo=UTC), "2026-03-23T08:00:00+00:00"),
        (datetime(2026, 3, 31, 9, tzinfo=UTC), "2026-03-30T07:00:00+00:00"),
        (datetime(2026, 4, 13, 7, tzinfo=UTC), "2026-04-13T07:00:00+00:00"),
    ]
    assert (diary.problems, diary.passed_over) == ([], 1)


def test_a_change_of_this_and_all_following_moves_them_and_leaves_them_what_they_are() -> None:
    diary = series(WEEKLY, f"UID:a\nSUMMARY:new\n{LATER}\n{MOVED}", f"UID:a\n{THIRD}\nSTATUS:CANCELLED")
    assert told(diary) == [
        (1, "03-23T08:00", "03-23T08:00"),
        (2, "03-30T07:00", "03-31T09:00"),
        (2, "04-13T07:00", "04-14T09:00"),
    ]
    assert [row.title for row in diary.occurrences] == ["", "new", "new"]


@pytest.mark.parametrize("of_rest", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT"])
def test_this_and_all_following_can_be_cancelled_or_free(of_rest: str) -> None:
    rest = f"UID:a\n{LATER}\n{NINE.replace('0323', '0330')}"
    assert told(series(WEEKLY, rest + of_rest)) == [(1, "03-23T08:00", "03-23T08:00")]
    only_rest = series(f"{WEEKLY}\n{of_rest}", rest)
    assert [row.number for row in only_rest.occurrences] == [2, 2, 2]


def test_a_whole_day_that_became_an_hour_takes_the_day_s_place() -> None:
    days = "UID:a\nDTSTART;VALUE=DATE:20260330\nRRULE:FREQ=DAILY;COUNT=2"
    diary = series(days, f"UID:a\nRECURRENCE-ID;VALUE=DATE:20260331\n{MOVED}")
    assert [(row.recurrence, row.is_all_day) for row in diary.occurrences] == [
        ("2026-03-30", True),
        ("2026-03-31", False),
    ]


def test_what_is_wrong_with_one_event_of_a_series_hides_no_other() -> None:
    backwards = MOVED.replace("T110000", "T130000")
    diary = series(WEEKLY, f"UID:a\n{SECOND}\n{backwards}", f"UID:a\n{THIRD}\n{MOVED}")
    assert [row.number for row in diary.occurrences] == [1, 3, 1]
    assert [(one.row, one.sentence) for one in diary.problems] == [(2, "This entry ends before it begins.")]
    diary = series(WEEKLY, f"UID:a\n{LATER}\n{backwards}")
    assert ([row.number for row in diary.occurrences], len(diary.problems)) == ([1, 1, 1, 1], 1)
    diary = series(f"UID:a\n{NINE}RRULE:FREQ=SECONDLY", f"UID:a\n{SECOND}\n{MOVED}")
    assert (told(diary), [one.row for one in diary.problems]) == ([(2, "03-30T07:00", "03-31T09:00")], [1])


def test_events_that_share_a_uid_by_mistake_are_all_read() -> None:
    other = f"UID:a\n{NINE.replace('T09', 'T08')}RRULE:FREQ=WEEKLY;COUNT=2"
    diary = series(WEEKLY.replace("COUNT=4", "COUNT=2"), other, f"UID:a\n{SECOND}\n{MOVED}")
    assert [row.number for row in diary.occurrences] == [2, 1, 2, 3]


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (NINE + "RRULE:FREQ=SECONDLY", "It repeats more often than hourly, which is not understood."),
        (NINE + "RRULE:FREQ=MINUTELY", "It repeats more often than hourly, which is not understood."),
        (NINE + "RRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=10", "Its rule of repetition cannot be read."),
        (NINE + "RRULE:FREQ=NEVER", "This entry cannot be read."),
        (NINE + "EXDATE:tomorrow", "This entry cannot be read."),
        (NINE + "RECURRENCE-ID:tomorrow", "This entry cannot be read."),
        (NINE + "RDATE;VALUE=PERIOD:20260323T080000Z/20260323T070000Z", "This entry ends before it begins."),
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


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ics, "MOST_OCCURRENCES", 100)
    hourly = NINE + "RRULE:FREQ=HOURLY;COUNT="
    assert len(read(hourly + "60", hourly + "40").occurrences) == 100
    with pytest.raises(InvalidInput) as refused:
        read(hourly + "60", hourly + "41")
    assert str(refused.value) == "There are more than 100 entries in this window; choose a shorter one."


@pytest.mark.parametrize("data", [b"", b"hello", b"a,b\n1,2\n"])
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_diary(data, BERLIN, BEGIN, END)
    assert str(refused.value) == "The file is no calendar: an .ics file is needed."
