"""Bring the translations up to date with the words in the code: ``make words``.

New words are added untranslated, words that are gone are dropped, nothing is guessed. Sorted and without places or
dates, so that a change of code changes only the words that it changes.
"""

import sys
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "scheduler" / "translations"
LANGUAGES = ("de",)
NOT_KEPT = (
    "Report-Msgid-Bugs-To:",
    "POT-Creation-Date:",
    "PO-Revision-Date:",
    "Last-Translator:",
    "Language-Team:",
    "Generated-By:",
)


@cache
def extracted() -> Catalog:
    """Every word for people in the code and the templates."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog(project="Needletime", charset="utf-8")
    for _, _, message, comments, context in extract_from_dir(
        ROOT, methods, options, comment_tags=("Translators:",), directory_filter=_is_ours
    ):
        catalog.add(message, auto_comments=comments, context=context)
    return catalog


def path_of(language: str) -> Path:
    """Where a language's words are."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """A language's words as they are stored; empty at first."""
    path = path_of(language)
    with path.open("rb") if path.exists() else BytesIO() as file:
        return read_po(file, locale=language)


def update(language: str) -> int:
    """Bring one language up to date; how many words are still to translate."""
    known, words = read(language), extracted()
    catalog = Catalog(locale=language, project="Needletime", charset="utf-8")
    for message in words:
        if not message.id:
            continue
        old = known.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
        catalog.add(
            message.id,
            string=old.string if old is not None and _is_same(old.id, message.id) else None,
            auto_comments=message.auto_comments,
            context=message.context,
        )
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_written(catalog), encoding="utf-8")
    return sum(not is_translated(message.string) for message in catalog if message.id)


def _written(catalog: Catalog) -> str:
    """The catalogue's file, its header only what programs need."""
    catalog.header_comment, catalog.fuzzy = "", False
    file = BytesIO()
    write_po(file, catalog, no_location=True, sort_output=True, width=110)
    lines = file.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(tuple(f'"{name}' for name in NOT_KEPT)))


def is_translated(string: object) -> bool:
    """Whether there is a text, in every plural form."""
    forms = string if isinstance(string, list | tuple) else [string]
    return bool(forms) and all(forms)


def _is_same(old: object, new: object) -> bool:
    return isinstance(old, str) == isinstance(new, str) and (isinstance(old, str) or old == new)


def _is_ours(folder: str) -> bool:
    return Path(folder).relative_to(ROOT).parts[0] == "scheduler"


if __name__ == "__main__":
    for code in LANGUAGES:
        sys.stdout.write(f"{code}: {update(code)} words to translate\n")
