"""Mails in the clinic's own words: in place of the shipped ones, and never in the way of a mail."""

import logging

import pytest

from scheduler.usecases.messages.own_words import OwnWords
from tests.factories import at
from tests.mail.letters import KINDS, rendered, summary, text_of, visit

OWN = OwnWords(
    "{{ clinic }}: {{ when }}", "Dear {{ name }},\n{{ practitioner }} awaits you.", "Call {{ phone }}."
)
PLAIN = OwnWords("Our own subject", "Our own lead", "Our own closing")


def test_own_words_replace_subject_lead_and_closing() -> None:
    mail = rendered("reminder", own_words={("reminder", "en"): OWN})
    assert mail["Subject"] == "Needle Point: Tuesday, 3 March, 10:00"
    lines = text_of(mail).splitlines()
    assert lines[:4] == ["Hello Paul,", "", "Dear Paul,", "Petra Pin awaits you."]
    assert "Call +49 30 1234567." in lines
    assert "If you cannot come" not in text_of(mail)
    html = text_of(mail, "html")
    assert html.count("Dear Paul,</p>") == 1
    assert html.count("Petra Pin awaits you.</p>") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_takes_own_words(kind: str) -> None:
    dates = (visit(at(3)), visit(at(10))) if kind.startswith("series") else ()
    mail = rendered(kind, *dates, own_words={(kind, "en"): PLAIN})
    assert mail["Subject"] == "Our own subject"
    assert text_of(mail).count("Our own lead") == text_of(mail).count("Our own closing") == 1


def test_other_kinds_and_languages_keep_the_shipped_words() -> None:
    own = {("confirmation", "en"): PLAIN, ("reminder", "de"): PLAIN}
    assert rendered("reminder", own_words=own)["Subject"] == rendered("reminder")["Subject"]


def test_a_series_of_which_one_is_left_speaks_as_a_single_appointment() -> None:
    own = {("confirmation", "en"): PLAIN, ("series_confirmation", "en"): OWN}
    assert rendered("series_confirmation", visit(), own_words=own)["Subject"] == "Our own subject"


def test_a_summary_of_nobody_keeps_the_shipped_words() -> None:
    nobody = summary()._replace(behind=0, worst=())
    mail = rendered("weekly_summary", summary=nobody, own_words={("weekly_summary", "en"): PLAIN})
    assert mail["Subject"] == "Weekly summary: nobody is falling behind"


def test_words_that_break_when_sending_give_way_and_are_logged_without_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = {("reminder", "en"): OwnWords("Secret {{ gone }}", "x", "y")}
    with caplog.at_level(logging.WARNING):
        mail = rendered("reminder", own_words=broken)
    assert mail["Subject"] == rendered("reminder")["Subject"]
    assert caplog.messages == [
        "the clinic's own words for reminder in en-GB cannot be filled in: UndefinedError"
    ]


def test_a_name_can_add_neither_headers_nor_markup() -> None:
    own = {("reminder", "en"): OwnWords("{{ name }}", "{{ name }}", "")}
    mail = rendered("reminder", own_words=own, given_name="Eve\r\nBcc: all@mail.example <b>x</b>")
    assert (mail["Bcc"], mail["Subject"]) == (None, "Eve Bcc: all@mail.example <b>x</b>")
    assert "<b>" not in text_of(mail, "html")


def test_without_a_closing_nothing_stands_in_its_place() -> None:
    mail = rendered("reminder", own_words={("reminder", "en"): PLAIN._replace(closing="")})
    assert "\n\n\n" not in text_of(mail)
