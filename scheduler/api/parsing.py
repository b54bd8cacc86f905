"""Reading requests: strict JSON, strict query strings; whatever is wrong becomes a sentence and a 4xx."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request
from webargs.multidictproxy import MultiDictProxy
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.routing import BaseConverter

from scheduler.errors import InvalidInput
from scheduler.usecases.lookup import BIGGEST_ID

MOST_ERRORS = 20
"""So many errors of one request are told; nobody reads more."""


class MalformedJson(BadRequest):
    """The body is no JSON; ``description`` says where it breaks off."""

    name = "Malformed JSON"


class RowNumber(BaseConverter):
    """A number in a path; one too large for a database becomes 0, which nothing has."""

    regex = "[0-9]{1,10}"

    def to_python(self, value: str) -> int:
        """The number."""
        number = int(value)
        return number if number <= BIGGEST_ID else 0


class StrictParser(FlaskParser):
    """webargs with our errors: unknown or repeated query parameters are refused, bodies must be JSON."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE}  # noqa: RUF012

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The query parameters; only a list may be given more than once."""
        given = MultiDictProxy(req.args, schema)
        for name, values in req.args.lists():
            if len(values) > 1 and name not in given.multiple_keys and name in _names(schema):
                _refuse({name: ["This may be given only once."]})
        return given

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body; ``missing`` where there is none."""
        body = read_json(req)
        return missing if body is None and not req.get_data(cache=True) else body

    def handle_error(
        self, error: ma.ValidationError, req: Request, schema: ma.Schema, **_options: Any
    ) -> NoReturn:
        """Say what marshmallow found wrong; webargs has put it below the location's name."""
        (messages,) = error.normalized_messages().values()
        _refuse(dict(_flat(messages)))


def read_json(req: Request) -> Any:
    """The request's body as Python values, None where there is none. Raises what is told as 400 or 415."""
    raw = req.get_data(cache=True)
    if not raw:
        return None
    if not is_json_request(req):
        raise UnsupportedMediaType("Send the body as JSON, with Content-Type: application/json.")
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise MalformedJson(
            f"The body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except (ValueError, RecursionError):
        raise MalformedJson(
            "The body is no JSON that can be read: it must be UTF-8, without endless numbers or nesting."
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"The body is no JSON: {name} is not a JSON number.")


def _refuse(errors: Mapping[str, list[str]]) -> NoReturn:
    """Raise InvalidInput with the first error as its sentence; ``errors`` go along, by field."""
    told = dict(list(errors.items())[:MOST_ERRORS])
    name, sentences = next(iter(told.items()))
    sentence = sentences[0] if name == "body" else f"{name}: {sentences[0]}"
    raise InvalidInput(sentence.replace("%", "%%"), errors=told)


def _flat(messages: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """marshmallow's nested messages by dotted name: ``sessions.0.starts_at``."""
    if not isinstance(messages, dict):
        yield name or "body", [str(message) for message in messages]
        return
    for key, inner in messages.items():
        deeper = name if key == "_schema" else f"{name}.{key}" if name else str(key)
        yield from _flat(inner, deeper[:200])


def _names(schema: ma.Schema) -> set[str]:
    return {field.data_key or name for name, field in schema.load_fields.items()}
