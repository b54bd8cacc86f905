"""Reading a CSV file as people have them: any common encoding, delimiter, quoting and line end."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from scheduler.errors import InvalidInput

MOST_BYTES = 20_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 200
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "cp850", "mac-roman")
OLD_ENCODINGS = ("cp1252", "cp850", "mac-roman")
"""Windows, DOS and old Macs; every byte string is something in each, so the one that makes words is taken."""
LOWER, UPPER = "àáâãäåæçèéêëìíîïñòóôõöøœùúûüýßšž’", "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜÝŠŽ’"
"""What stands between letters in names and notes of Western Europe."""
INSIDE_WORDS = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f](?=[a-z])|(?<=[A-Z])[^\x00-\x7f](?=[A-Z])")
SAMPLE = 300
"""Records by which the delimiter is chosen."""
BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula when a cell begins with it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record; ``number`` is what a spreadsheet shows beside it (the heading is row 1)."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was read: every row has at least as many cells as there are headings."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str


def read_table(data: bytes, *, encoding: str | None = None, delimiter: str | None = None) -> Table:
    """The table in a file; encoding and delimiter are found out where they are not given.

    Raises InvalidInput for what is no CSV file, empty, or larger than MOST_BYTES, MOST_ROWS or MOST_COLUMNS.
    """
    if len(data) > MOST_BYTES:
        raise InvalidInput("The file has more than %(most)s MB.", most=MOST_BYTES // 1_000_000, field="file")
    text, found = decode(data, encoding)
    if text.lower().startswith("sep=") and len(text) > 4:
        first, _, text = text.partition("\n")
        delimiter = delimiter or first[4]
    delimiter = delimiter or choose_delimiter(text)
    records = _below_titles(_whole(text, delimiter))
    if len(records) < 2:
        raise InvalidInput("The file has no rows below its headings.", field="file")
    if len(records) > MOST_ROWS + 1:
        raise InvalidInput("The file has more than %(most)s rows.", most=MOST_ROWS, field="file")
    headings = tuple(" ".join(cell.split()) for cell in _trimmed(records[0][1]))
    if len(headings) > MOST_COLUMNS:
        raise InvalidInput("The file has more than %(most)s columns.", most=MOST_COLUMNS, field="file")
    rows = tuple(_row(number, record, len(headings)) for number, record in records[1:])
    return Table(headings, rows, found, delimiter)


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text and its encoding: a byte order mark decides, then strict UTF-8, then what makes words."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise InvalidInput(
            "This is a spreadsheet, not a CSV file: open it and save it as CSV (UTF-8).", field="file"
        )
    if data.lstrip()[:9].lower().startswith((b"%pdf-", b"{\\rtf", b"<!doctype", b"<html", b"<?xml")):
        raise InvalidInput("The file is no text: it cannot be read as CSV.", field="file")
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if data.startswith(mark)), None)
    for name in [encoding] if encoding else [marked] if marked else _candidates(data):
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return text.removeprefix("\ufeff"), name.removesuffix("-sig")
    raise InvalidInput("The file is no text: it cannot be read as CSV.", field="file")


def choose_delimiter(text: str) -> str:
    """The delimiter by which the most records have the same number of cells, more than one; else a comma."""

    def consistency(delimiter: str) -> tuple[float, int]:
        try:
            sizes = Counter(
                len(_trimmed(row)) for row in islice(_records(text, delimiter), SAMPLE) if any(row)
            )
        except csv.Error:
            return 0, 0
        cells, count = max(sizes.items(), key=lambda size: (size[0] > 1, size[1]), default=(0, 0))
        return (count / sizes.total(), cells) if cells > 1 else (0, 0)

    return max(DELIMITERS, key=consistency)


def harmless(value: str) -> str:
    """The text as a cell that no spreadsheet runs: an apostrophe in front of what looks like a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value


def _candidates(data: bytes) -> list[str]:
    """Encodings to try, in order; every second byte zero is UTF-16 without its mark."""
    start = data[:2000]
    if len(start) >= 4 and start[1::2].count(0) > len(start) / 4:
        return ["utf-16-le"]
    if len(start) >= 4 and start[::2].count(0) > len(start) / 4:
        return ["utf-16-be"]
    return ["utf-8", *sorted(OLD_ENCODINGS, key=lambda name: -_words(data, name)), "latin-1"]


def _words(data: bytes, encoding: str) -> int:
    """How many more of the signs between letters are letters themselves, in this encoding, than are not."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return -len(data)
    found = ((sign[0], text[sign.end()]) for sign in INSIDE_WORDS.finditer(text))
    return sum(1 if sign in (LOWER if after.islower() else UPPER) else -1 for sign, after in found)


def _whole(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Every record that holds something, with its number; raises InvalidInput where a quotation mark swallows rows."""
    records: list[tuple[int, list[str]]] = []
    number = 0
    try:
        for number, record in enumerate(_records(text, delimiter), 1):
            if any(record):
                records.append((number, record))
    except csv.Error:
        raise _swallowed(number + 1) from None
    try:
        for _ in _records(text, delimiter, strict=True):
            pass
    except csv.Error as error:
        width = max((len(_trimmed(record)) for _, record in records), default=0)
        for place, record in records:
            never_closed = place == records[-1][0] and "unexpected end" in str(error)
            if never_closed or _swallows(record, delimiter, width):
                raise _swallowed(place) from None
    return records


def _swallowed(row: int) -> InvalidInput:
    return InvalidInput(
        "A quotation mark opens in row %(row)s and is not closed there, so that the rows after it cannot be told"
        " apart. Please correct that row.",
        row=row,
        field="file",
    )


def _swallows(record: list[str], delimiter: str, width: int) -> bool:
    """Whether a cell holds lines that look like rows."""
    return width > 1 and any(
        line.count(delimiter) >= width - 1 for cell in record for line in cell.splitlines()[1:]
    )


def _below_titles(records: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """From the headings on: what stands alone in lines above a table of several columns is its title."""
    widths = [sum(1 for cell in record if cell.strip()) for _, record in records[:SAMPLE]]
    first = next((place for place, width in enumerate(widths) if width > 1), 0)
    return records[first:] if len(records) > first + 1 else records


def _records(text: str, delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    backslash = '\\"' in text and '""' not in text
    lines = (
        io.StringIO(text, newline="") if "\n" in text else io.StringIO(text.replace("\r", "\n"), newline="")
    )
    return csv.reader(
        lines,
        delimiter=delimiter,
        doublequote=not backslash,
        escapechar="\\" if backslash else None,
        strict=strict,
    )


def _trimmed(record: list[str]) -> list[str]:
    """Without empty cells at the end."""
    size = len(record)
    while size and not record[size - 1].strip():
        size -= 1
    return record[:size]


def _row(number: int, record: list[str], width: int) -> Row:
    cells = [_plain(cell) for cell in _trimmed(record)]
    return Row(number, tuple(cells + [""] * (width - len(cells))))


def _plain(cell: str) -> str:
    """Without surrounding space and without the apostrophe that ``harmless`` puts in front of formulas."""
    cell = cell.strip(" \t\r\n\u00a0")
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell
