"""What the schemas of several nouns share: output fields and pages."""

from typing import Any

import marshmallow as ma
from marshmallow import fields


class Output(ma.Schema):
    """What goes out. It documents the answer; the presenting functions make it (see answers.py)."""

    class Meta:
        """More fields may come one day: callers should not mind."""

        unknown = ma.EXCLUDE


def whole(description: str = "", *, none: bool = False) -> fields.Integer:
    """A whole number that is always there."""
    return fields.Integer(required=True, allow_none=none, metadata=_about(description))


def text(description: str = "", *, none: bool = False) -> fields.String:
    """Text that is always there, perhaps empty."""
    return fields.String(required=True, allow_none=none, metadata=_about(description))


def flag(description: str = "") -> fields.Boolean:
    """true or false."""
    return fields.Boolean(required=True, metadata=_about(description))


def instant(description: str = "", *, none: bool = False) -> fields.DateTime:
    """An instant in UTC with Z."""
    return fields.DateTime(required=True, allow_none=none, metadata=_about(description))


def day(description: str = "", *, none: bool = False) -> fields.Date:
    """A date."""
    return fields.Date(required=True, allow_none=none, metadata=_about(description))


def many(inner: Any, description: str = "", *, none: bool = False) -> fields.List[Any]:
    """A list, perhaps empty."""
    return fields.List(inner, required=True, allow_none=none, metadata=_about(description))


def part(schema: type[Output], description: str = "", *, none: bool = False) -> fields.Nested:
    """An object within."""
    return fields.Nested(schema, required=True, allow_none=none, metadata=_about(description))


def parts(schema: type[Output], description: str = "") -> fields.List[Any]:
    """A list of objects."""
    return many(fields.Nested(schema), description)


def page_of(schema: type[Output]) -> type[Output]:
    """The schema of one page of a list."""
    members = {
        "items": parts(schema),
        "total": whole("How many there are on all pages."),
    }
    return type(f"{schema.__name__.removesuffix('Schema')}PageSchema", (Output,), members)


def _about(description: str) -> dict[str, str]:
    return {"description": description} if description else {}
