"""REST /api/v1: parse, one use case, present. One module per noun, its shapes in schemas/."""

from flask import Flask

from scheduler.api import (
    absences,
    appointments,
    board,
    capacity,
    catalogue,
    clinic,
    document,
    feed_tokens,
    gaps,
    holds,
    messages,
    offers,
    outcomes,
    patients,
    plans,
    practitioners,
    private_calendars,
    protocols,
    repairs,
    reports,
    slots,
    tasks,
    waitlist,
    working_hours,
)
from scheduler.api.parsing import RowNumber
from scheduler.api.schemas.problem import ProblemSchema
from scheduler.extensions import rest

NOUNS = (
    catalogue,
    clinic,
    protocols,
    practitioners,
    working_hours,
    patients,
    slots,
    appointments,
    absences,
    plans,
    repairs,
    holds,
    board,
    capacity,
    gaps,
    waitlist,
    offers,
    messages,
    tasks,
    outcomes,
    reports,
    feed_tokens,
    private_calendars,
)
"""In the order in which the documentation shows them."""


def register(app: Flask) -> None:
    """Join the API to the application. http_errors comes after: flask-smorest sets a handler of its own."""
    app.url_map.converters["row"] = RowNumber
    rest.ERROR_SCHEMA = ProblemSchema
    rest.init_app(app, spec_kwargs=dict(document.OPTIONS))
    rest.register_converter(RowNumber, _row_number_schema)
    for noun in NOUNS:
        rest.register_blueprint(noun.routes)
    document.register(app, rest)


def _row_number_schema(_converter: RowNumber) -> dict[str, object]:
    return {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
