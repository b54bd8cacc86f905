"""Files as people have them: every dialect and encoding reads as the same table."""

import pytest

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.tables import choose_delimiter, harmless, read_table

WANTED = (
    ("Vorname", "Nachname", "Notiz"),
    [("Jörg", "Müller", 'sagt "ja", gern'), ("Ann", "O'Neil; B", "a\nb")],
)
LINES = [
    "Vorname{d}Nachname{d}Notiz",
    'Jörg{d}Müller{d}"sagt ""ja"", gern"',
    'Ann{d}"O\'Neil; B"{d}"a\nb"',
]


def file_with(delimiter: str = ",", end: str = "\n", encoding: str = "utf-8", before: str = "") -> bytes:
    return (before + end.join(line.format(d=delimiter) for line in LINES) + end).encode(encoding)


@pytest.mark.parametrize(
    "data",
    [
        file_with(),
        file_with(";"),
        file_with("\t"),
        file_with("|"),
        file_with(end="\r\n"),
        file_with(";", before="sep=;\n"),
        file_with(encoding="utf-8-sig"),
        file_with(";", "\r\n", "utf-16"),
        file_with("\t", encoding="utf-16-le"),
        file_with("\t", encoding="utf-16-be"),
        file_with(";", encoding="cp1252"),
        file_with(";", encoding="latin-1"),
        file_with(end="\n\n"),
        file_with(before="\n"),
    ],
)
def test_every_dialect_and_encoding_reads_as_the_same_table(data: bytes) -> None:
    table = read_table(data)
    assert (table.headings, [row.cells for row in table.rows]) == WANTED


def test_the_lines_of_old_machines_end_with_cr_alone() -> None:
    assert [row.cells for row in read_table(b"a,b\r1,2\r3,4\r").rows] == [("1", "2"), ("3", "4")]


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    rows = read_table(b'a,b\n"x\ny",1\n\nz,2\n').rows
    assert [row.number for row in rows] == [2, 4]


@pytest.mark.parametrize("sign", ["\u20ac", "\u201equote\u201c"])
def test_signs_that_only_windows_has_are_read(sign: str) -> None:
    table = read_table(f"a;b\n{sign};x\n".encode("cp1252"))
    assert (table.rows[0].cells[0], table.encoding) == (sign, "cp1252")


def test_backslashes_before_quotes_are_understood() -> None:
    assert read_table(b'a,b\n"say \\"hi\\", then",2\n').rows[0].cells == ('say "hi", then', "2")


def test_short_rows_are_filled_and_long_ones_keep_what_is_too_much() -> None:
    assert [row.cells for row in read_table(b"a,b,c\n1\n1,2,3,4\n").rows] == [
        ("1", "", ""),
        ("1", "2", "3", "4"),
    ]


def test_commas_in_the_text_do_not_make_a_semicolon_file_a_comma_file() -> None:
    text = "name;note\n" + "".join(f"Pain, Paul {n};a, b, c\n" for n in range(20))
    assert choose_delimiter(text) == ";"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file has no rows below its headings."),
        (b"a,b\n", "The file has no rows below its headings."),
        (b"PK\x03\x04zip", "This is a spreadsheet, not a CSV file: open it and save it as CSV (UTF-8)."),
        (b"a,b\n\x00\x01,2", "The file is no text: it cannot be read as CSV."),
        (
            b'a,b\n"' + b"x" * 200_000,
            "The file cannot be read as a table: a quotation mark is opened and never closed.",
        ),
        (b"a" * 20_000_001, "The file has more than 20 MB."),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_table(data)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("cell", ["=1+1", "+49 30 1", "-1", "@x", "\tx", "\rx"])
def test_formulas_are_made_harmless_and_come_back_as_they_were(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert (
        read_table(f'a,b\n"{harmless(cell)}",1\n'.encode()).rows[0].cells[0] == cell.strip("\t\r")
        or cell[0] in "\t\r"
    )


def test_an_apostrophe_of_a_name_stays() -> None:
    assert read_table(b"a,b\n't Hooft,1\n").rows[0].cells[0] == "'t Hooft"
