"""Presenting: plain dicts as JSON. Schemas only document them: dumping through marshmallow costs 10 microseconds a
field, and the tests hold every answer against the OpenAPI document instead."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from flask import Response

from scheduler.usecases.idempotency import Idempotency
from scheduler.usecases.paging import Page

T = TypeVar("T")
KIND = "application/json"


def answer(payload: Any) -> Response:
    """The payload as JSON."""
    return Response(encode(payload), content_type=KIND)


def answer_created(payload: Any, once: Idempotency | None, *, location: str | None = None) -> Response:
    """201 with what was made, where it is, and whether an Idempotency-Key found what was made before."""
    response = Response(encode(payload), 201, content_type=KIND)
    if location is not None:
        response.headers["Location"] = location
    if once is not None and once.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def answer_page(page: Page[T], present: Callable[[T], dict[str, Any]]) -> Response:
    """One page of a list."""
    return answer({"items": [present(item) for item in page.items], "total": page.total})


def page_of(items: list[T], page: int, page_size: int) -> Page[T]:
    """One page of a list that is short enough to be read whole."""
    first = (page - 1) * page_size
    return Page(items[first : first + page_size], len(items))


def encode(payload: Any) -> str:
    """Compact JSON in UTF-8."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def utc(instant: datetime) -> str:
    """``2026-03-02T09:00:00Z`` for an aware UTC instant."""
    return instant.isoformat().removesuffix("+00:00") + "Z"


def utc_or_none(instant: datetime | None) -> str | None:
    """The same where there may be none."""
    return None if instant is None else utc(instant)


def day_or_none(day: date | None) -> str | None:
    """``2026-03-02``, or None."""
    return None if day is None else day.isoformat()


def picked(row: Any, *names: str) -> Mapping[str, Any]:
    """The row's attributes of those names, as they are."""
    return {name: getattr(row, name) for name in names}
