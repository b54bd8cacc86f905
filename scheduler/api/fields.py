"""The kinds of values the API takes, stricter than marshmallow's own; each error says what would be right.

A number in a body is a JSON number, a flag a JSON boolean; nothing is guessed from text. Classes named ``Query…`` read
the text of a query string.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import marshmallow as ma
from marshmallow import fields
from marshmallow.validate import Length, OneOf, Range

from scheduler.usecases.lookup import BIGGEST_ID

UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: no database keeps all of them, and nobody types them."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)([Zz]|[+ -]\d{2}:\d{2})?", re.ASCII
)
TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)


YEARS = range(1800, 2300)
"""Beyond them nothing is computed, so nothing overflows."""


class Said(fields.Field[Any]):
    """What every field says when a value is missing."""

    default_error_messages = {  # noqa: RUF012
        "required": "This is missing.",
        "null": "This may not be null.",
        "far": "This must lie in the years 1800 to 2299.",
    }


class Number(Said, fields.Integer):
    """A whole number from ``least`` to ``most``; by default an identity."""

    def __init__(self, least: int = 1, most: int = BIGGEST_ID, **options: Any) -> None:
        sentence = f"This must be a whole number from {least} to {most}."
        super().__init__(
            strict=True,
            validate=Range(least, most, error=sentence),
            error_messages={"invalid": sentence, "too_large": sentence},
            **options,
        )

    def _validated(self, value: Any) -> int:
        # JSON knows no whole numbers: 5 and 5.0 are the same to it.
        return super()._validated(int(value) if isinstance(value, float) and value.is_integer() else value)


class QueryNumber(Number):
    """A whole number written in a query string."""

    def _validated(self, value: Any) -> int:
        return super()._validated(int(value) if re.fullmatch(r"[0-9]{1,10}", value) else None)


class Text(Said, fields.String):
    """Text of ``shortest`` to ``longest`` characters, none of them unstorable."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "This must be text.",
        "unstorable": "This contains a control character, which cannot be stored.",
    }

    def __init__(self, longest: int, *, shortest: int = 0, **options: Any) -> None:
        length = f"{shortest} to {longest}" if shortest else f"at most {longest}"
        sentence = f"This must have {length} characters."
        super().__init__(validate=Length(shortest, longest, error=sentence), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **context)
        if UNSTORABLE.search(text):
            raise self.make_error("unstorable")
        return text


class Choice(Said, fields.String):
    """One of a few words."""

    def __init__(self, words: Iterable[str], **options: Any) -> None:
        known = [str(word) for word in words]
        sentence = f"This must be one of {', '.join(known)}."
        super().__init__(
            validate=OneOf(known, error=sentence), error_messages={"invalid": sentence}, **options
        )


class Flag(Said, fields.Boolean):
    """true or false, nothing else."""

    default_error_messages = {"invalid": "This must be true or false."}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> bool:
        if value is not True and value is not False:
            raise self.make_error("invalid")
        return value


class Day(Said, fields.Date):
    """A date as YYYY-MM-DD."""

    default_error_messages = {"invalid": "This must be a date such as 2026-03-02."}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> date:
        found = _date(value)
        if found is None:
            raise self.make_error("invalid")
        if found.year not in YEARS:
            raise self.make_error("far")
        return found


class Instant(Said, fields.DateTime):
    """An instant with its offset from UTC (RFC 3339); loads as aware UTC."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "This must be an instant such as 2026-03-02T09:00:00Z.",
        "naive": "This instant needs its offset from UTC: 2026-03-02T09:00:00Z or 2026-03-02T10:00:00+01:00.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> datetime:
        match = INSTANT.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise self.make_error("invalid")
        day, time, offset = match.groups()
        if offset is None:
            raise self.make_error("naive")
        # A plus sign that was not encoded arrives from a query string as a space.
        zone = "+00:00" if offset in "Zz" else offset.replace(" ", "+")
        try:
            found = datetime.fromisoformat(f"{day}T{time}{zone}")
        except ValueError:
            raise self.make_error("invalid") from None
        if found.year not in YEARS:
            raise self.make_error("far")
        return found.astimezone(UTC)


class DayOrInstant(Said, fields.String):
    """Either; a date loads as ``date``, an instant as aware UTC ``datetime``."""

    def __init__(self, description: str, **options: Any) -> None:
        # What is matched here is judged by Day and Instant.
        pattern = r"^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2}))?$"
        super().__init__(metadata={"description": description, "pattern": pattern}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> Any:
        field: Day | Instant = Day() if isinstance(value, str) and DAY.fullmatch(value) else Instant()
        return field._deserialize(value, attr, data, **context)


class TimeOfDay(Said, fields.String):
    """A wall-clock time HH:MM, 24:00 being the day's end; loads as minutes since midnight."""

    default_error_messages = {"invalid": "This must be a time of day such as 08:30."}  # noqa: RUF012

    def __init__(self, description: str, **options: Any) -> None:
        metadata = {"description": description, "pattern": f"^({TIME_OF_DAY.pattern})$"}
        super().__init__(metadata=metadata, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> Any:
        if not isinstance(value, str) or not TIME_OF_DAY.fullmatch(value):
            raise self.make_error("invalid")
        return int(value[:2]) * 60 + int(value[3:])


class Many(Said, fields.List[Any]):
    """A list of at most ``most`` values."""

    default_error_messages = {"invalid": "This must be a list."}  # noqa: RUF012

    def __init__(self, inner: Any, most: int, *, least: int = 0, **options: Any) -> None:
        count = f"{least} to {most}" if least else f"at most {most}"
        super().__init__(
            inner, validate=Length(least, most, error=f"This must have {count} entries."), **options
        )


class Part(Said, fields.Nested):
    """An object within the body."""

    default_error_messages = {"type": "This must be a JSON object."}  # noqa: RUF012


class Input(ma.Schema):
    """What comes in: fields it does not know are refused."""

    class Meta:
        """Refuse unknown fields, and say so in the documentation."""

        unknown = ma.RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        known = ", ".join(field.data_key or name for name, field in self.load_fields.items())
        self.error_messages = {
            **self.error_messages,
            "unknown": f"There is no such field; known are {known}.",
            "type": "This must be a JSON object.",
        }


class Paging(Input):
    """Which page of a list."""

    page = QueryNumber(most=10**9, load_default=1, metadata={"description": "1 is the first"})
    page_size = QueryNumber(most=500, load_default=50)


def _date(value: Any) -> date | None:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
