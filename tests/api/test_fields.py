"""Every kind of value the API takes: what it accepts, and the sentence for what it does not."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from marshmallow import ValidationError, fields, missing

from scheduler.api.fields import (
    Choice,
    Day,
    DayOrInstant,
    Flag,
    Input,
    Instant,
    Many,
    Number,
    Part,
    QueryNumber,
    Text,
    TimeOfDay,
)

NINE = datetime(2026, 3, 5, 9, tzinfo=UTC)


class Inner(Input):
    """An object in a body."""

    size = Number(1, 3, required=True)


ACCEPTED = [
    (Number(), 1, 1),
    (Number(), 2**31 - 1, 2**31 - 1),
    (Number(), 5.0, 5),
    (Number(0, 6), 0, 0),
    (QueryNumber(), "7", 7),
    (QueryNumber(), "0000000007", 7),
    (Text(5), "", ""),
    (Text(5), "Ärmel"[:5], "Ärmel"),
    (Text(9), "two\nlines", "two\nlines"),
    (Text(2), "💉\t", "💉\t"),
    (Choice(["a", "b"]), "b", "b"),
    (Flag(), True, True),
    (Flag(), False, False),
    (Day(), "2024-02-29", date(2024, 2, 29)),
    (Day(), "1800-01-01", date(1800, 1, 1)),
    (Instant(), "2026-03-05T09:00:00Z", NINE),
    (Instant(), "2026-03-05T09:00Z", NINE),
    (Instant(), "2026-03-05 09:00:00z", NINE),
    (Instant(), "2026-03-05t10:00:00+01:00", NINE),
    (Instant(), "2026-03-05T10:00:00 01:00", NINE),
    (Instant(), "2026-03-04T22:15:00-10:45", NINE),
    (Instant(), "2026-03-05T09:00:00.5Z", NINE.replace(microsecond=500_000)),
    (DayOrInstant(""), "2026-03-05", date(2026, 3, 5)),
    (DayOrInstant(""), "2026-03-05T09:00:00Z", NINE),
    (TimeOfDay(""), "00:00", 0),
    (TimeOfDay(""), "08:30", 510),
    (TimeOfDay(""), "24:00", 1440),
    (Many(Number(), 2), [], []),
    (Many(Number(), 2), [1, 2], [1, 2]),
    (Part(Inner), {"size": 2}, {"size": 2}),
]


@pytest.mark.parametrize(("field", "value", "loaded"), ACCEPTED)
def test_value_is_accepted(field: fields.Field[Any], value: Any, loaded: Any) -> None:
    found = field.deserialize(value)
    assert (found, type(found)) == (loaded, type(loaded))


NUMBER = "This must be a whole number from 1 to 2147483647."
INSTANT = "This must be an instant such as 2026-03-02T09:00:00Z."
NAIVE = "This instant needs its offset from UTC: 2026-03-02T09:00:00Z or 2026-03-02T10:00:00+01:00."
DAY = "This must be a date such as 2026-03-02."
FAR = "This must lie in the years 1800 to 2299."
CONTROL = "This contains a control character, which cannot be stored."
TIME = "This must be a time of day such as 08:30."
REFUSED: list[tuple[fields.Field[Any], Any, Any]] = [
    *((Number(), value, [NUMBER]) for value in (0, -1, 2**31, 10**40, 1.5, 1e300, "1", "", True, [1], {})),
    (Number(), float("inf"), [NUMBER]),
    (Number(), None, ["This may not be null."]),
    *((QueryNumber(), text, [NUMBER]) for text in ("", "x", "-1", "1.0", "1_0", " 1", "٣", "9" * 5000)),
    *((Text(5), value, ["This must be text."]) for value in (5, True, ["x"], {"a": "b"})),
    *((Text(5), text, [CONTROL]) for text in ("a\0b", "\x07", "\x1b[m", "\x7f", "\ud800", "\udfff")),
    (Text(5), "x" * 6, ["This must have at most 5 characters."]),
    (Text(5, shortest=1), "", ["This must have 1 to 5 characters."]),
    *((Choice(["a", "b"]), value, ["This must be one of a, b."]) for value in ("c", "", "A", 1, ["a"])),
    *((Flag(), value, ["This must be true or false."]) for value in (1, 0, "true", "", [True])),
    *(
        (Day(), value, [DAY])
        for value in ("5.3.2026", "2026-3-5", "2026-02-29", "20260305", "٢٠٢٦-٠٣-٠٥", "")
    ),
    *((Day(), value, [DAY]) for value in (20260305, "2026-03-05T00:00:00Z", "2026-W10-4", True)),
    *((Day(), value, [FAR]) for value in ("1799-12-31", "0001-01-01", "2300-01-01", "9999-12-31")),
    *((Instant(), value, [NAIVE]) for value in ("2026-03-05T11:00:00", "2026-03-05 11:00")),
    *(
        (Instant(), value, [INSTANT])
        for value in ("2026-03-05", "2026-02-30T11:00:00Z", "now", "", 1772704800)
    ),
    *(
        (Instant(), value, [INSTANT])
        for value in ("2026-03-05T25:00:00Z", "2026-03-05T11:00:00+25:00", [NAIVE])
    ),
    *(
        (Instant(), value, [INSTANT])
        for value in ("20260305T110000Z", "2026-W10-4T11:00:00Z", "٢٠٢٦-٠٣-٠٥T١١:٠٠Z")
    ),
    *((Instant(), value, [FAR]) for value in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")),
    *(
        (TimeOfDay(""), value, [TIME])
        for value in ("8:30", "24:01", "25:00", "12:60", "12:00:00", "", 480, "noon")
    ),
    (DayOrInstant(""), "2026-02-29", [DAY]),
    (DayOrInstant(""), "2026-03-05T11:00:00", [NAIVE]),
    (DayOrInstant(""), "yesterday", [INSTANT]),
    (Many(Number(), 2), "12", ["This must be a list."]),
    (Many(Number(), 2), [1, 2, 3], ["This must have at most 2 entries."]),
    (Many(Number(), 2, least=1), [], ["This must have 1 to 2 entries."]),
    (Many(Number(), 2), [1, None], {1: ["This may not be null."]}),
    (Part(Inner), [], {"_schema": ["This must be a JSON object."]}),
    (Part(Inner), {}, {"size": ["This is missing."]}),
    (Part(Inner), {"size": 1, "sise": 2}, {"sise": ["There is no such field; known are size."]}),
]


@pytest.mark.parametrize(("field", "value", "sentences"), REFUSED)
def test_value_is_refused_with_a_sentence(field: fields.Field[Any], value: Any, sentences: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        field.deserialize(value)
    assert refused.value.messages == sentences


def test_missing_value_is_said() -> None:
    with pytest.raises(ValidationError) as refused:
        Number(required=True).deserialize(missing)
    assert refused.value.messages == ["This is missing."]
