"""Find the words for people in Python files, for Babel (see babel.cfg).

Beyond the usual calls (``gettext``, ``_``, ``_l`` …): the sentences of errors, given to their constructors or as
their class's ``sentence``, and the sentences that modules keep in constants such as MOVED = "…".
"""

import ast
import io
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from babel.messages.extract import extract_python

from scheduler import errors

Found = tuple[int, str | None, Any, list[str]]
CALLS = frozenset({"_l"}) | {
    name
    for name, member in vars(errors).items()
    if isinstance(member, type) and issubclass(member, errors.SchedulerError)
}
"""Calls whose first argument is for people, besides those that Babel knows."""


def extract(
    file: IO[bytes], keywords: Collection[str], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """Babel's interface: (line, function, words, comments) for each find."""
    source = file.read()
    known = {*keywords, *CALLS}
    for line, function, words, comments in extract_python(io.BytesIO(source), known, comment_tags, options):
        if function not in CALLS:
            yield line, function, words, comments
        elif first := words[0] if isinstance(words, tuple) else words:
            yield line, None, first, comments
    for node in ast.walk(ast.parse(source)):
        if sentence := _kept_sentence(node):
            yield node.lineno, None, sentence, []


def _kept_sentence(node: ast.AST) -> str | None:
    """The text of ``sentence = "…"`` or ``CONSTANT = "A sentence."``."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return None
    name, value = node.targets[0].id, node.value
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return None
    is_words = " " in value.value and value.value.endswith((".", "?")) and "\\" not in value.value
    return value.value if is_words and (name == "sentence" or name.isupper()) else None
