"""QR codes: their parts against ISO/IEC 18004, and whole codes read back by an independent reading of the standard."""

import pytest

from scheduler.web.qr import BLOCKS, LONGEST, drawing_of, encode, format_bits, remainder, version_for

FORMATS = {
    0: "101010000010010",
    1: "101000100100101",
    2: "101111001111100",
    3: "101101101001011",
    4: "100010111111001",
    5: "100000011001110",
    6: "100111110010111",
    7: "100101010100000",
}
"""The standard's table of format information for level M."""
MASKS = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)
CENTRES = {2: 18, 3: 22, 4: 26, 5: 30, 6: 34}


def read_back(code: list[list[bool]]) -> str:
    """The text of a code of versions 1 to 6, read as a scanner would, but without correcting anything."""
    size = len(code)
    version = (size - 17) // 4
    first = [(8, 0), (8, 1), (8, 2), (8, 3), (8, 4), (8, 5), (8, 7), (8, 8), (7, 8)]
    places = [*first, *((y, 8) for y in range(5, -1, -1))]
    shown = "".join(str(int(code[y][x])) for y, x in places)
    mask = next(number for number, text in FORMATS.items() if text == shown)
    bits = [
        code[y][x] ^ MASKS[mask](y, x)
        for y, x in _snake(size)
        if not _is_pattern(y, x, size, CENTRES.get(version))
    ]
    words = [int("".join(str(int(bit)) for bit in bits[at : at + 8]), 2) for at in range(0, len(bits) - 7, 8)]
    lengths = BLOCKS[version][1]
    dealt: list[list[int]] = [[] for _ in lengths]
    for at in range(max(lengths)):
        for block, length in zip(dealt, lengths, strict=True):
            if at < length:
                block.append(words.pop(0))
    stream = "".join(f"{word:08b}" for block in dealt for word in block)
    assert stream[:4] == "0100"
    count = int(stream[4:12], 2)
    return bytes(int(stream[12 + 8 * at : 20 + 8 * at], 2) for at in range(count)).decode()


def _snake(size: int) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    columns = [x for x in range(size - 1, -1, -1) if x != 6]
    for turn in range(0, len(columns), 2):
        rows = range(size) if turn // 2 % 2 else range(size - 1, -1, -1)
        places += [(y, x) for y in rows for x in columns[turn : turn + 2]]
    return places


def _is_pattern(y: int, x: int, size: int, centre: int | None) -> bool:
    corner = (y < 9 and x < 9) or (y < 9 and x >= size - 8) or (y >= size - 8 and x < 9)
    aligned = centre is not None and abs(y - centre) <= 2 and abs(x - centre) <= 2
    return corner or y == 6 or x == 6 or aligned


def test_the_format_is_that_of_the_standards_table() -> None:
    assert {mask: f"{format_bits(mask):015b}" for mask in range(8)} == FORMATS


def test_correction_codewords_are_those_of_the_published_example() -> None:
    data = [32, 91, 11, 120, 209, 114, 220, 77, 67, 64, 236, 17, 236, 17, 236, 17]
    assert remainder(data, 10) == [196, 35, 39, 119, 235, 215, 231, 226, 93, 23]


@pytest.mark.parametrize(
    ("length", "version"),
    [
        (0, 1),
        (14, 1),
        (15, 2),
        (26, 2),
        (27, 3),
        (62, 4),
        (63, 5),
        (106, 6),
        (107, 7),
        (180, 9),
        (181, 10),
        (213, 10),
    ],
)
def test_a_code_is_as_small_as_the_standard_allows(length: int, version: int) -> None:
    assert version_for("x" * length) == version


def test_what_is_too_long_has_no_drawing() -> None:
    assert drawing_of("x" * (LONGEST + 1)) is None
    with pytest.raises(ValueError, match="too long"):
        version_for("x" * (LONGEST + 1))


@pytest.mark.parametrize("length", [1, 14, 20, 40, 60, 84, 106])
def test_a_code_reads_back_as_its_text(length: int) -> None:
    text = ("webcal://clinic.example/feeds/V-7H9AjpJCIcWqAl0Oyi9jAF3RmThCSJ5CBNbscnVAo.ics" * 2)[:length]
    assert read_back(encode(text)) == text


def test_letters_beyond_ascii_are_utf_8() -> None:
    assert read_back(encode("Grüße aus Zürich")) == "Grüße aus Zürich"


def test_a_drawing_holds_every_dark_module_and_a_quiet_zone() -> None:
    code = encode("needletime")
    drawing = drawing_of("needletime")
    assert drawing is not None
    area = sum(int(run.split("h")[1].split("v")[0]) for run in drawing.path.split("z")[:-1])
    assert (area, drawing.size) == (sum(map(sum, code)), len(code) + 8)
