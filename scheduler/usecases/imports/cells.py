"""Cells of a table by the field that their column holds, and what the words in them mean."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.dates import PATTERNS, SHORT_YEARS, decide_writing, read_date
from scheduler.usecases.imports.tables import Table
from scheduler.usecases.patients.registry import fold

LANGUAGES = {
    "en": ("en", "english", "englisch", "eng", "en-gb", "en-us"),
    "de": ("de", "german", "deutsch", "ger", "deu", "de-de", "de-at", "de-ch"),
}
YES = frozenset({"yes", "y", "true", "1", "on", "ja", "j", "wahr", "x"})
NO = frozenset({"no", "n", "false", "0", "off", "nein", "falsch"})


class Cells:
    """Reads a table's rows through a mapping of columns to fields."""

    def __init__(self, table: Table, mapping: Mapping[int, str]) -> None:
        self.table = table
        self.columns: dict[str, list[int]] = {}
        for index, field in sorted(mapping.items()):
            self.columns.setdefault(field, []).append(index)

    def heading(self, field: str) -> str:
        """The heading of the field's column, or "" if there is none."""
        return ", ".join(self.table.headings[index] for index in self.columns.get(field, []))

    def text(self, row: Sequence[str], field: str) -> str:
        """What the row says; several columns become lines that name them."""
        columns = self.columns.get(field, [])
        if len(columns) == 1:
            return row[columns[0]]
        return "\n".join(f"{self.table.headings[index]}: {row[index]}" for index in columns if row[index])

    def surplus(self, row: Sequence[str]) -> str:
        """What stands to the right of the last heading."""
        return " ".join(row[len(self.table.headings) :])

    def date(self, text: str, written: str | None, *, latest: date) -> date:
        """The date in a cell; a midnight behind it is left away. Raises InvalidInput."""
        day = without_midnight(text)
        found = read_date(day, written, latest=latest) if written else None
        if found is None:
            raise InvalidInput("This is no date that can be read.")
        return found


def asked_writing(cells: Cells, field: str, chosen: str | None, *, latest: date) -> str | None:
    """How the field's column writes dates: as chosen, else as found out. Raises InvalidInput where it must be asked."""
    if field not in cells.columns:
        return None
    if chosen:
        if chosen not in PATTERNS:
            raise InvalidInput(
                "A way to write dates is one of %(known)s.", known=", ".join(PATTERNS), field="dates"
            )
        return chosen
    written = decide_writing(column_of(cells, field), latest=latest)
    if written.code is None and written.candidates:
        sentence = InvalidInput(
            "The dates in %(heading)s can be read in several ways (%(candidates)s). Please choose one.",
            heading=cells.heading(field),
            candidates=", ".join(written.candidates),
            field="dates",
        )
        raise sentence
    return written.code


def column_of(cells: Cells, field: str) -> list[str]:
    """Every cell of the field's column, without a midnight behind a date."""
    return [without_midnight(cells.text(row.cells, field)) for row in cells.table.rows]


def without_midnight(text: str) -> str:
    """``1980-12-31 00:00:00`` -> ``1980-12-31``."""
    for end in (
        " 00:00:00.000",
        " 00:00:00",
        "T00:00:00",
        "T00:00:00Z",
        " 00:00",
        " 0:00:00",
        " 12:00:00 AM",
    ):
        text = text.removesuffix(end)
    return text


def read_language(text: str) -> str:
    """en or de; raises InvalidInput for another."""
    word = fold(text.strip()).replace("_", "-")
    for code, words in LANGUAGES.items():
        if word in words:
            return code
    raise InvalidInput("The language is English (en) or German (de).", field="locale")


def read_words(text: str) -> list[str]:
    """Words between commas or line breaks."""
    return list(dict.fromkeys(word[:80] for part in re.split(r"[,;\n]", text) if (word := part.strip())))


def read_yes(text: str) -> bool:
    """Whether it says yes; raises InvalidInput for what is neither yes nor no."""
    word = fold(text.strip())
    if word not in YES | NO:
        raise InvalidInput("This should be yes or no.")
    return word in YES


__all__ = [
    "SHORT_YEARS",
    "Cells",
    "asked_writing",
    "column_of",
    "read_language",
    "read_words",
    "read_yes",
    "without_midnight",
]
