"""The clinic's own words for its mails: text with named fields, in a language so small that nothing can go wrong in it.

``{{ name }}`` is a field, ``{{ count | plural("appointment", "appointments") }}`` one with a filter; there is nothing
else: no statements, no arithmetic, no attributes, no calls. That is checked on the syntax tree before anything is
compiled, so a text costs as much as it is long. No field names a diagnosis, a treatment or a plan.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from scheduler.errors import InvalidInput
from scheduler.models.messages import MessageKind

K = MessageKind
LONGEST_SUBJECT, LONGEST_TEXT = 150, 2000
LONGEST_FILLED_SUBJECT, LONGEST_FILLED_TEXT = 300, 6000
LONGEST_FIELD = 120
"""Between the braces."""
_FIELD = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_OF_CLINIC = ("clinic", "phone", "email")
_OF_DATES = ("name", "when", "count", "practitioner", "location", *_OF_CLINIC)
FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        K.CONFIRMATION.value: _OF_DATES,
        K.SERIES_CONFIRMATION.value: _OF_DATES,
        K.REMINDER.value: _OF_DATES,
        K.CHANGE.value: _OF_DATES,
        K.SERIES_CHANGED.value: _OF_DATES,
        K.CANCELLATION.value: _OF_DATES,
        K.OFFER.value: (*_OF_DATES, "until"),
        K.OFFER_EXPIRED.value: _OF_DATES,
        K.CHECK_IN.value: _OF_DATES,
        K.WEEKLY_SUMMARY.value: ("count", *_OF_CLINIC),
        K.DAY_LIST.value: ("name", "when", "count", *_OF_CLINIC),
    }
)
"""kind -> the fields that its texts may name:

name: the given name; when: day and time of the date, or the first day of several; count: how many dates there are, or
people in a summary; practitioner, location: who treats and where; clinic, phone, email: the clinic and its desk;
until: how long an offer is kept. Empty where it is not known.
"""
FILTERS = ("plural", "upper", "lower", "capitalize")
EXAMPLES = {"plural": '{{ count | plural("date", "dates") }}'}


class OwnWords(NamedTuple):
    """The words of one kind of mail in one language, as the clinic wrote them."""

    subject: str
    lead: str
    """Above the dates; a line is a paragraph."""
    closing: str
    """Below them."""


Stored = Mapping[tuple[str, str], OwnWords]
"""(kind, language) -> the words that are stored for it."""


class WordsBroken(Exception):
    """Stored words that cannot be filled in after all."""


def check_words(kind: str, words: OwnWords) -> None:
    """Raise InvalidInput with the field, the line and the reason where a text cannot be used for a kind."""
    for part, text in words._asdict().items():
        most = LONGEST_SUBJECT if part == "subject" else LONGEST_TEXT
        if len(text) > most:
            raise InvalidInput("That is too long: at most %(most)s letters.", most=most, field=part)
        if part != "closing" and not text.strip():
            raise InvalidInput("Something must stand here.", field=part)
        for node in _parsed(part, text).body:
            _check_output(kind, part, node)
    fill_words(words, {**EXAMPLE_FIELDS, "count": 1})


def fill_words(words: OwnWords, fields: Mapping[str, object]) -> OwnWords:
    """The words with their fields filled in, as plain text. Raises WordsBroken."""
    try:
        subject, lead, closing = (_compiled(text).render(fields).strip() for text in words)
    except Exception as error:
        raise WordsBroken(type(error).__name__) from error
    if not subject or len(subject) > LONGEST_FILLED_SUBJECT or len(lead + closing) > LONGEST_FILLED_TEXT:
        raise WordsBroken("length")
    return OwnWords(" ".join(subject.split()), lead, closing)


EXAMPLE_FIELDS: Mapping[str, object] = MappingProxyType(
    {name: name for names in FIELDS.values() for name in names}
)


def plural(count: object, one: str, several: str) -> str:
    """``one`` for 1, else ``several``."""
    return one if count == 1 else several


def _check_output(kind: str, part: str, node: nodes.Node) -> None:
    if not isinstance(node, nodes.Output):
        raise InvalidInput(
            "Line %(line)s: only fields such as {{ name }} can be used, nothing in other braces.",
            line=node.lineno,
            field=part,
        )
    for each in node.nodes:
        if not isinstance(each, nodes.TemplateData):
            _check_field(kind, part, each)


def _check_field(kind: str, part: str, node: nodes.Node) -> None:
    """A name, or filters upon one."""
    while isinstance(node, nodes.Filter):
        _check_filter(part, node)
        assert node.node is not None  # noqa: S101 - only {% filter %} blocks have none, and they are refused
        node = node.node
    if not isinstance(node, nodes.Name):
        raise InvalidInput(
            "Line %(line)s: only the name of a field may stand between the braces.",
            line=node.lineno,
            field=part,
        )
    if node.name not in FIELDS[kind]:
        raise InvalidInput(
            "Line %(line)s: there is no field called %(name)s in this mail. There are: %(names)s.",
            line=node.lineno,
            name=node.name,
            names=", ".join(FIELDS[kind]),
            field=part,
        )


def _check_filter(part: str, node: nodes.Filter) -> None:
    wanted = 2 if node.name == "plural" else 0
    texts = [each for each in node.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
    plain = not (node.kwargs or node.dyn_args or node.dyn_kwargs)
    if node.name not in FILTERS:
        raise InvalidInput(
            "Line %(line)s: after | there may be: %(names)s.",
            line=node.lineno,
            names=", ".join(FILTERS),
            field=part,
        )
    if not plain or len(texts) != wanted or len(node.args) != wanted:
        raise InvalidInput(
            "Line %(line)s: %(name)s is written like this: %(example)s.",
            line=node.lineno,
            name=node.name,
            example=EXAMPLES.get(node.name, f"{{{{ name | {node.name} }}}}"),
            field=part,
        )


def _parsed(part: str, text: str) -> nodes.Template:
    """The syntax tree. Raises InvalidInput where there is none."""
    for found in _FIELD.finditer(text):
        if len(found[1]) > LONGEST_FIELD:
            line = text.count("\n", 0, found.start()) + 1
            raise InvalidInput(
                "Line %(line)s: what stands between the braces is too long.", line=line, field=part
            )
    try:
        return _environment().parse(text)
    except TemplateSyntaxError as error:
        raise InvalidInput(
            "Line %(line)s: a field is written {{ name }}, with two braces on either side and nothing else in them.",
            line=error.lineno,
            field=part,
        ) from None
    except RecursionError:
        raise InvalidInput(
            "Line %(line)s: what stands between the braces is too long.", line=1, field=part
        ) from None


@lru_cache(maxsize=512)
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    """Nothing but fields and a few filters: no globals, no tests, no loader."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    environment.tests.clear()
    known = {name: environment.filters[name] for name in FILTERS if name in environment.filters}
    environment.filters = {**known, "plural": plural}
    return environment
