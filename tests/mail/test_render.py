"""The mails as the email package, a phone and a curious attacker read them."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

import pytest
from babel import Locale

from scheduler.mail import words
from scheduler.mail.render import render_letter
from tests.factories import NOW, at
from tests.mail.letters import KINDS, SENDER, SITE, Reader, letter, rendered, text_of, visit

NASTY = 'Eve\r\nBcc: all@mail.example\r\n\r\n<script>alert("x")</script> "\\ =?utf-8?q?y?= \x00\u2028é\ud800'


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_text_and_html_saying_the_same(kind: str) -> None:
    message = rendered(kind, visit(), visit(at(10))) if "series" in kind else rendered(kind)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    page = Reader(text_of(message, "html"))
    assert page.open == []
    plain = text_of(message).replace("\n-- \n", "\n").replace(" 2026, ", " 2026 ")
    plain = re.sub(r": https://\S+", "", plain)
    assert " ".join(page.words).strip() == " ".join(plain.split())


def test_a_confirmation_says_what_when_where_and_whom_to_call() -> None:
    message = rendered()
    assert message["Subject"] == "Your appointment on Tuesday, 3 March, 10:00"
    assert (
        text_of(message)
        == f"""\
Hello Paul,

Your appointment is booked.

    Tuesday, 3 March 2026, 10:00–10:30
    With Petra Pin
    Mitte, Room 1
    Torstraße 1
    10119 Berlin

If you cannot come, please call us on +49 30 1234567 or answer this mail.

--{" "}
Needle Point
+49 30 1234567
desk@clinic.example
"""
    )


def test_a_series_lists_every_date_and_says_once_what_they_share() -> None:
    message = rendered("series_confirmation", visit(), visit(at(10)), visit(at(31)))
    assert message["Subject"] == "Your 3 appointments from Tuesday, 3 March"
    body = text_of(message)
    assert [line.strip() for line in body.splitlines() if "2026" in line] == [
        "Tuesday, 3 March 2026, 10:00–10:30",
        "Tuesday, 10 March 2026, 10:00–10:30",
        "Tuesday, 31 March 2026, 10:00–10:30",
    ]
    assert (body.count("Petra Pin"), body.count("Room 1")) == (1, 1)


def test_a_series_says_for_each_date_what_differs() -> None:
    body = text_of(rendered("series_confirmation", visit(), visit(at(10), practitioner="Udo Nadel")))
    assert (body.count("With Petra Pin"), body.count("With Udo Nadel"), body.count("Mitte, Room 1")) == (
        1,
        1,
        1,
    )


def test_a_series_of_which_one_is_left_reads_like_a_single_appointment() -> None:
    assert rendered("series_confirmation")["Subject"] == "Your appointment on Tuesday, 3 March, 10:00"


def test_a_change_says_what_was_told_before() -> None:
    body = text_of(rendered("change", visit(previous_at=at(2, 9, 30))))
    assert "It was on Monday, 2 March, 09:30 before." in body


@pytest.mark.parametrize("previous_at", [None, at(3)])
def test_a_change_without_another_start_has_no_before(previous_at: datetime | None) -> None:
    assert "before" not in text_of(rendered("change", visit(previous_at=previous_at)))


def test_a_cancellation_strikes_the_date_out() -> None:
    html = text_of(rendered("cancellation"), "html")
    assert re.search(r"<p [^>]*line-through[^>]*>Tuesday, 3 March 2026</p>", html)
    assert "line-through" not in text_of(rendered("reminder"), "html")


@pytest.mark.parametrize("kind", KINDS)
def test_no_treatment_diagnosis_or_plan_is_named(kind: str) -> None:
    whole = str(rendered(kind)).lower()
    assert not re.search(r"needling|headache|migraine|treatment|therapy|plan\b|session", whole)


def test_headers_are_those_of_an_automatic_mail_from_the_clinic() -> None:
    message = rendered("reminder", thread="fedcba")
    assert {name: str(message[name]) for name in message if name != "Content-Type"} == {
        "From": "Needle Point <desk@clinic.example>",
        "Reply-To": "desk@clinic.example",
        "To": "Paul Pain <paul@mail.example>",
        "Subject": "Reminder: your appointment on Tuesday, 3 March, 10:00",
        "Date": "Mon, 02 Mar 2026 07:00:00 +0000",
        "Message-ID": "<0123456789abcdef@clinic.example>",
        "In-Reply-To": "<fedcba@clinic.example>",
        "References": "<fedcba@clinic.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "en-GB",
        "MIME-Version": "1.0",
    }
    assert parsedate_to_datetime(message["Date"]) == NOW


def test_a_first_mail_answers_none() -> None:
    message = rendered()
    assert (message["In-Reply-To"], message["References"]) == (None, None)


@pytest.mark.parametrize("kind", KINDS)
def test_names_can_neither_add_headers_nor_markup(kind: str) -> None:
    evil = visit(practitioner=NASTY, location=NASTY, room=NASTY, address=NASTY)
    sender = SENDER._replace(name=NASTY, phone=NASTY, email=f"desk@clinic.example{NASTY}")
    harmless = rendered(kind)
    message = rendered(kind, evil, given_name=NASTY, name=NASTY, sender=sender)
    assert message.keys() == harmless.keys()
    assert [part.get_content_type() for part in message.walk()] == [
        part.get_content_type() for part in harmless.walk()
    ]
    assert "<script" not in text_of(message, "html")
    assert Reader(text_of(message, "html")).open == []


@pytest.mark.parametrize(
    "name", ["Größe & Söhne, Praxis", 'Dr. "Q" \\ Müller', "針灸" * 40, "=?utf-8?q?a?=", "a, b <c@d>"]
)
def test_names_arrive_as_they_are(name: str) -> None:
    changed = letter(name=name, sender=SENDER._replace(name=name))
    message = message_from_bytes(render_letter(changed, "desk@clinic.example", SITE, now=NOW))
    read = {header: parseaddr(message[header]) for header in ("From", "To")}
    assert {header: address for header, (_, address) in read.items()} == {
        "From": "desk@clinic.example",
        "To": "paul@mail.example",
    }
    assert {str(make_header(decode_header(phrase))) for phrase, _ in read.values()} == {name}


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_short_ascii_and_end_in_crlf(kind: str) -> None:
    sender = SENDER._replace(name="針灸" * 60)
    raw = render_letter(
        letter(kind, visit(address="x" * 3000), name="ü" * 150, sender=sender),
        "desk@clinic.example",
        SITE,
        now=NOW,
    )
    assert raw.isascii()
    assert raw.replace(b"\r\n", b"").count(b"\n") == 0 == raw.replace(b"\r\n", b"").count(b"\r")
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_times_are_those_of_the_location_on_both_sides_of_a_clock_change() -> None:
    body = text_of(rendered("series_confirmation", visit(at(28)), visit(at(30))))
    assert re.findall(r"\d\d:\d\d–", body) == ["10:00–", "10:00–"]


@pytest.mark.parametrize(
    ("changes", "zone", "named"),
    [
        ({}, "Europe/Berlin", ""),
        ({"zone": "Europe/Berlin"}, "Europe/Berlin", ""),
        ({"zone": "Asia/Tokyo"}, "Europe/Berlin", "Central European Standard Time"),
        ({"sender": SENDER._replace(several_zones=True)}, "Europe/London", "Greenwich Mean Time"),
    ],
)
def test_the_zone_is_named_where_it_could_be_mistaken(changes: dict[str, Any], zone: str, named: str) -> None:
    body = text_of(rendered("confirmation", visit(zone=zone), **changes))
    (line,) = [line for line in body.splitlines() if "2026" in line]
    assert line.partition(" (")[2].rstrip(")") == named


def test_summer_has_its_own_zone_name() -> None:
    body = text_of(rendered("confirmation", visit(at(3, month=7)), zone="Asia/Tokyo"))
    assert "(Central European Summer Time)" in body


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "Your appointment on Tuesday, 3 March, 10:00"),
        ("en-US", "Your appointment on Tuesday, March 3, 10:00 AM"),
        ("tlh", "Your appointment on Tuesday, 3 March, 10:00"),
        ("no locale at all", "Your appointment on Tuesday, 3 March, 10:00"),
        ("../../etc", "Your appointment on Tuesday, 3 March, 10:00"),
    ],
)
def test_days_and_times_follow_the_patients_language(locale: str, subject: str) -> None:
    assert rendered(locale=locale)["Subject"] == subject


def test_words_and_days_are_of_one_language() -> None:
    """There are no French words: then the days are not French either, but the clinic's."""
    message = rendered(locale="fr", sender=SENDER._replace(locale="en-US"))
    assert message["Subject"] == "Your appointment on Tuesday, March 3, 10:00 AM"


@pytest.mark.parametrize(
    ("tag", "day"),
    [
        ("de", "Dienstag, 3. März"),
        ("fr", "mardi 3 mars"),
        ("es", "martes, 3 de marzo"),
        ("pt_BR", "terça-feira, 3 de março"),
        ("en_US", "Tuesday, March 3"),
        ("nl", "dinsdag 3 maart"),
    ],
)
def test_the_year_is_left_out_in_many_languages(tag: str, day: str) -> None:
    assert words.day_without_year(datetime(2026, 3, 3, tzinfo=UTC).date(), Locale.parse(tag)) == day


def test_without_a_phone_nobody_is_asked_to_call() -> None:
    body = text_of(rendered(sender=SENDER._replace(phone="", email="")))
    assert "If you cannot come, please answer this mail." in body
    assert body.endswith("\n-- \nNeedle Point\n")


def test_the_html_loads_nothing_and_links_to_the_desk_only() -> None:
    html = text_of(rendered(), "html")
    assert Reader(html).links == ["tel:+49301234567", "mailto:desk@clinic.example"]
    assert not re.search(r"https?://|url\(|@import|<img|<script", html)


def test_the_html_has_its_css_in_its_elements_and_keeps_only_what_darkens_it() -> None:
    html = text_of(rendered(), "html")
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert re.findall(r"@media [^{]*", style) == ["@media (prefers-color-scheme: dark) "]
    assert '<meta name="color-scheme" content="light dark">' in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert re.search(r'<p class="day" style="[^"]*font-size: 18px', html)
    assert "<!--" not in html and "{%" not in html
