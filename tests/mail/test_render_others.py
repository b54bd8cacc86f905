"""Mails about offers, changes of a series, several dates of a day, and to the clinic's own people."""

import re
from datetime import timedelta

import pytest

from scheduler.usecases.links import offer_secret
from scheduler.usecases.messages.letters import DayLine, DayList, SummaryLine
from tests.factories import NOW, at
from tests.mail.letters import SITE, Reader, offered, rendered, summary, text_of, visit


def test_an_offer_says_what_until_when_and_where_to_answer() -> None:
    message = rendered("offer")
    secret = offer_secret(SITE.secret_key, 7, NOW)
    assert message["Subject"] == "Free for you: an appointment on Tuesday, 3 March, 10:00"
    assert (
        text_of(message)
        == f"""\
Hello Paul,

A time has become free that may suit you:

    Tuesday, 3 March 2026, 10:00–10:30
    With Petra Pin
    Mitte
    Torstraße 1
    10119 Berlin

It is kept for you until Monday, 2 March, 12:00.

Take it or decline: https://desk.clinic.example/o/{secret}

You can also call us on +49 30 1234567 or answer this mail.

--{" "}
Needle Point
+49 30 1234567
desk@clinic.example
"""
    )
    assert Reader(text_of(message, "html")).links[0] == f"https://desk.clinic.example/o/{secret}"


def test_an_offer_says_what_would_be_given_up_for_it() -> None:
    body = text_of(rendered("offer", offered=offered(releases_at=at(12, 9, 0))))
    assert "If you take it, your appointment on Thursday, 12 March, 09:00 is given up for it." in body


def test_an_offer_that_is_over_is_struck_out_and_has_no_link() -> None:
    message = rendered("offer_expired", offered=offered(status="expired", was_told=True))
    assert message["Subject"] == "No longer free: the appointment on Tuesday, 3 March, 10:00"
    html = text_of(message, "html")
    assert re.search(r"<p [^>]*line-through[^>]*>Tuesday, 3 March 2026</p>", html)
    assert Reader(html).links == ["tel:+49301234567", "mailto:desk@clinic.example"]


def test_a_change_of_a_series_says_of_each_date_what_it_was() -> None:
    visits = (
        visit(at(3), previous_at=at(2, 9, 30), last_told_sequence=0),
        visit(at(10)),
        visit(at(17), previous_at=at(17), last_told_sequence=0),
    )
    body = text_of(rendered("series_changed", *visits))
    lines = [
        line.strip() for line in body.splitlines() if "2026" in line or "before" in line or "new" in line
    ]
    assert lines == [
        "Tuesday, 3 March 2026, 10:00–10:30",
        "It was on Monday, 2 March, 09:30 before.",
        "Tuesday, 10 March 2026, 10:00–10:30",
        "This one is new.",
        "Tuesday, 17 March 2026, 10:00–10:30",
    ]
    assert body.count("The time stays as it was.") == 1


def test_a_change_of_which_only_a_new_date_is_left_reads_like_a_confirmation() -> None:
    assert rendered("series_changed")["Subject"] == "Your appointment on Tuesday, 3 March, 10:00"


def test_a_change_of_which_one_moved_date_is_left_reads_like_a_change() -> None:
    message = rendered("series_changed", visit(previous_at=at(2), last_told_sequence=0))
    assert message["Subject"] == "Changed: your appointment on Tuesday, 3 March, 10:00"
    assert "It was on Monday, 2 March, 10:00 before." in text_of(message)


def test_a_reminder_of_several_dates_of_a_day_lists_them() -> None:
    message = rendered("reminder", visit(), visit(at(3, 15), room="Room 2"))
    assert message["Subject"] == "Reminder: your 2 appointments on Tuesday, 3 March"
    assert re.findall(r"\d\d:\d\d–", text_of(message)) == ["10:00–", "15:00–"]


def test_a_summary_counts_and_names_nobody_in_full() -> None:
    message = rendered("weekly_summary")
    assert message["Subject"] == "Weekly summary: 2 are falling behind"
    assert (
        text_of(message)
        == f"""\
Hello,

This is who is falling behind today.

To be placed: 2
Of them overdue: 1
Without any appointment ahead: 1
Paul P.: 3 of 8, 4 days overdue, nothing booked
Ada L.: 1 of 6, 2 days left

See them all: https://desk.clinic.example/behind

You get this mail because the clinic named your address for it; it is changed in the clinic's settings.

--{" "}
Needle Point
+49 30 1234567
desk@clinic.example
"""
    )


@pytest.mark.parametrize(
    ("days_left", "words"),
    [
        (0, "last day today"),
        (1, "1 day left"),
        (2, "2 days left"),
        (-1, "1 day overdue"),
        (-2, "2 days overdue"),
    ],
)
def test_days_left_are_counted_in_words(days_left: int, words: str) -> None:
    facts = summary(SummaryLine("Paul P.", 1, 8, days_left, True))
    assert f"Paul P.: 1 of 8, {words}\n" in text_of(rendered("weekly_summary", summary=facts))


def test_a_summary_says_how_many_it_does_not_name() -> None:
    assert "And 38 more." in text_of(rendered("weekly_summary", summary=summary(behind=40)))


def test_a_summary_of_nobody_says_so() -> None:
    message = rendered("weekly_summary", summary=summary(behind=0)._replace(worst=()))
    assert message["Subject"] == "Weekly summary: nobody is falling behind"
    assert "To be placed" not in text_of(message)


def test_a_practitioners_day_lists_times_names_and_rooms() -> None:
    lines = (
        DayLine(at(3), at(3) + timedelta(minutes=30), "Europe/Berlin", "Paul P.", "Mitte, Room 1"),
        DayLine(at(3, 11), at(3, 11, 30), "Europe/London", "Ada L.", "Soho"),
    )
    message = rendered("day_list", visits=(), day=DayList(True, at(3).date(), lines), given_name="Petra")
    assert message["Subject"] == "Your appointments on Tuesday, 3 March"
    body = text_of(message)
    assert "10:00–10:30: Paul P., Mitte, Room 1\n10:00–10:30: Ada L., Soho\n" in body
    assert "https://desk.clinic.example/diary?" in body
