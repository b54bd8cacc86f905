"""The language of the clinic's own words: what can be said in it, and that nothing else can."""

import pytest

from scheduler.errors import InvalidInput
from scheduler.mail.own_sentences import shipped_words
from scheduler.usecases.messages.own_words import (
    EXAMPLE_FIELDS,
    FIELDS,
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    OwnWords,
    WordsBroken,
    check_words,
    fill_words,
)

GOOD = OwnWords("See you {{ when }}", "Dear {{ name }},\nwe look forward to it.", "")
KNOWN = {"name": "Paul", "when": "Tuesday", "count": 1}
TELLING = ("diagnosis", "condition", "treatment", "type", "plan", "protocol", "session", "notes", "cautions")
NO_FIELD = "Line 1: only the name of a field may stand between the braces."
NOT_CLOSED = "Line 1: a field is written {{ name }}, with two braces on either side and nothing else in them."
NO_STATEMENT = "Line 1: only fields such as {{ name }} can be used, nothing in other braces."
TOO_LONG = "Line 1: what stands between the braces is too long."


def why_not(
    subject: str = "x", lead: str = "x", closing: str = "", kind: str = "reminder"
) -> tuple[str, str]:
    """(field, sentence) of a refusal."""
    with pytest.raises(InvalidInput) as refusal:
        check_words(kind, OwnWords(subject, lead, closing))
    return str(refusal.value.details["field"]), str(refusal.value)


def test_fields_are_filled_in() -> None:
    check_words("reminder", GOOD)
    assert fill_words(GOOD, KNOWN) == ("See you Tuesday", "Dear Paul,\nwe look forward to it.", "")


@pytest.mark.parametrize(("count", "said"), [(1, "1 date"), (0, "0 dates"), (3, "3 dates")])
def test_a_count_chooses_its_word(count: int, said: str) -> None:
    words = GOOD._replace(subject='{{ count }} {{ count | plural("date", "dates") }}')
    check_words("reminder", words)
    assert fill_words(words, {**KNOWN, "count": count}).subject == said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ name", NOT_CLOSED),
        ("{{ }}", NOT_CLOSED),
        ("{{ name when }}", NOT_CLOSED),
        ("{# never closed", NOT_CLOSED),
        ("{% if name %}x{% endif %}", NO_STATEMENT),
        ("{% for a in name %}x{% endfor %}", NO_STATEMENT),
        ("{% set name = 1 %}", NO_STATEMENT),
        ("{% filter upper %}x{% endfilter %}", NO_STATEMENT),
        ("{% include 'letter.html' %}", NO_STATEMENT),
        ("{{ name.__class__ }}", NO_FIELD),
        ("{{ name['x'] }}", NO_FIELD),
        ("{{ name() }}", NO_FIELD),
        ("{{ 'a' * 1000000000 }}", NO_FIELD),
        ("{{ 9 ** 9 ** 9 }}", NO_FIELD),
        ("{{ name ~ name }}", NO_FIELD),
        ("{{ range(9) }}", NO_FIELD),
        ("{{ 'text' | upper }}", NO_FIELD),
        ("{{ [name] }}", NO_FIELD),
        ("{{ name if name else when }}", NO_FIELD),
        ("{{ name | attr('x') }}", "Line 1: after | there may be: plural, upper, lower, capitalize."),
        (
            "{{ count | plural('date') }}",
            'Line 1: plural is written like this: {{ count | plural("date", "dates") }}.',
        ),
        (
            "{{ count | plural(name, when) }}",
            'Line 1: plural is written like this: {{ count | plural("date", "dates") }}.',
        ),
        ("{{ name | upper('x') }}", "Line 1: upper is written like this: {{ name | upper }}."),
        ("{{ " + "(" * 60 + "name" + ")" * 60 + " }}", TOO_LONG),
    ],
)
def test_nothing_else_can_be_said(text: str, sentence: str) -> None:
    assert why_not(text) == ("subject", sentence)


def test_a_refusal_names_the_text_and_its_line() -> None:
    assert why_not(closing="one\ntwo\n{{ nam }}") == (
        "closing",
        "Line 3: there is no field called nam in this mail. There are: name, when, count, practitioner, location, "
        "clinic, phone, email.",
    )


@pytest.mark.parametrize("name", TELLING)
def test_no_mail_has_a_field_that_tells_what_is_treated(name: str) -> None:
    assert [kind for kind, names in FIELDS.items() if name in names] == []


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("subject", {"subject": "x" * (LONGEST_SUBJECT + 1)}),
        ("lead", {"lead": "x" * (LONGEST_TEXT + 1)}),
        ("closing", {"closing": "x" * (LONGEST_TEXT + 1)}),
        ("subject", {"subject": " "}),
        ("lead", {"lead": ""}),
    ],
)
def test_too_long_or_empty_is_refused(part: str, changes: dict[str, str]) -> None:
    assert why_not(**changes)[0] == part


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_shipped_words_can_be_ones_own(kind: str, language: str) -> None:
    words = shipped_words(kind, language)
    check_words(kind, words)  # raises if they cannot
    assert fill_words(words, {**EXAMPLE_FIELDS, "count": 1}).subject


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (GOOD, {}),
        (GOOD._replace(subject="{{ name"), KNOWN),
        (GOOD._replace(subject="{{ name }}" * 10), {**KNOWN, "name": "x" * 100}),
    ],
)
def test_words_that_cannot_be_filled_in_are_broken(words: OwnWords, known: dict[str, object]) -> None:
    with pytest.raises(WordsBroken):
        fill_words(words, known)


def test_what_a_field_holds_is_never_run() -> None:
    assert (
        fill_words(GOOD, {**KNOWN, "when": "{{ name }} {% raw %}"}).subject == "See you {{ name }} {% raw %}"
    )
