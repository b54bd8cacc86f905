"""Files as people have them: every dialect and encoding reads as the same table."""

import pytest

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.tables import choose_delimiter, harmless, read_table

SWALLOWED = (
    "A quotation mark opens in row %(row)s and is not closed there, so that the rows after it cannot be told"
    " apart. Please correct that row."
)

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
            SWALLOWED.replace("%(row)s", "2"),
        ),
        (b"%PDF-1.4\n1 0 obj << /Type /Catalog >>\n", "The file is no text: it cannot be read as CSV."),
        (b"a" * 20_000_001, "The file has more than 20 MB."),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_table(data)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "rows",
    [
        'Ann;01;"never closed\n' + "Bea;02;x\n" * 30,
        'Ann;01;"never closed\nBea;02;x\nCarl;03;"quoted"\n',
        'Ann;01;"first\nBea;02;x\nCarl;03;"second" of them\nDora;04;x\n',
    ],
)
def test_a_quotation_mark_never_swallows_the_rows_after_it(rows: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_table(f"name;phone;note\nZoe;00;x\n{rows}".encode())
    assert (refused.value.sentence, refused.value.details["row"]) == (SWALLOWED, 3)


def test_quotation_marks_within_cells_are_no_harm() -> None:
    rows = read_table(b'name;phone;note\nAnn;01;"big" needle\nBea;02;5" needle\nCarl;03;"a\nb"\n').rows
    assert [row.cells[2] for row in rows] == ["big needle", '5" needle', "a\nb"]


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac-roman"])
def test_umlauts_of_windows_dos_and_old_macs_are_read(encoding: str) -> None:
    data = "Vorname;Nachname\nJürgen;Schröder\nBärbel;Größe\n".encode(encoding)
    assert [row.cells for row in read_table(data).rows] == [("Jürgen", "Schröder"), ("Bärbel", "Größe")]


def test_a_title_above_the_headings_is_passed_over_and_rows_keep_their_numbers() -> None:
    table = read_table(b"Patients of 2026;;\n;;\nVorname;Nachname;Tel\nAnn;Bell;01\n")
    assert (table.headings, table.rows[0].number) == (("Vorname", "Nachname", "Tel"), 4)


def test_a_table_of_one_column_has_no_title() -> None:
    assert read_table(b"Name\nAnn Bell\n").headings == ("Name",)


@pytest.mark.parametrize("cell", ["=1+1", "+49 30 1", "-1", "@x", "\tx", "\rx"])
def test_formulas_are_made_harmless_and_come_back_as_they_were(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert read_table(f'a,b\n"{harmless(cell)}",1\n'.encode()).rows[0].cells[0] == cell


def test_an_apostrophe_of_a_name_stays() -> None:
    assert read_table(b"a,b\n't Hooft,1\n").rows[0].cells[0] == "'t Hooft"
