"""QR codes (ISO/IEC 18004) of short texts such as calendar addresses: byte mode, error correction M, versions 1 to 10.

A code is a square of modules, True for dark.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

Modules = list[list[bool]]

BLOCKS: dict[int, tuple[int, tuple[int, ...]]] = {
    1: (10, (16,)),
    2: (16, (28,)),
    3: (26, (44,)),
    4: (18, (32, 32)),
    5: (24, (43, 43)),
    6: (16, (27,) * 4),
    7: (18, (31,) * 4),
    8: (22, (38, 38, 39, 39)),
    9: (22, (36, 36, 36, 37, 37)),
    10: (26, (43, 43, 43, 43, 44)),
}
"""version -> correction codewords per block, and the data codewords of each block (level M)."""
ALIGNMENT: dict[int, tuple[int, ...]] = {
    1: (),
    2: (6, 18),
    3: (6, 22),
    4: (6, 26),
    5: (6, 30),
    6: (6, 34),
    7: (6, 22, 38),
    8: (6, 24, 42),
    9: (6, 26, 46),
    10: (6, 28, 50),
}
"""version -> rows and columns of the centres of alignment patterns."""
FORMAT_DIVISOR, FORMAT_MASK, VERSION_DIVISOR = 0b10100110111, 0b101010000010010, 0b1111100100101
FINDER_LIKE = (
    [True, False, True, True, True, False, True] + [False] * 4,
    [False] * 4 + [True, False, True, True, True, False, True],
)
LONGEST = 213
"""Bytes that version 10 holds."""
QUIET = 4
"""Modules of white around a code."""


@dataclass(frozen=True, slots=True, repr=False)
class Drawing:
    """A code to draw: an SVG path in a square view box, the quiet zone included. It may hold a secret: no repr."""

    path: str
    size: int


def drawing_of(text: str) -> Drawing | None:
    """The code of a text; None for one that is too long for a code."""
    if len(text.encode()) > LONGEST:
        return None
    modules = encode(text)
    runs = []
    for y, row in enumerate(modules):
        ends = [
            x
            for x in range(len(row) + 1)
            if (row[x - 1] if x else False) != (row[x] if x < len(row) else False)
        ]
        for start, end in zip(ends[::2], ends[1::2], strict=True):
            runs.append(f"M{start + QUIET} {y + QUIET}h{end - start}v1h-{end - start}z")
    return Drawing("".join(runs), len(modules) + 2 * QUIET)


def version_for(text: str) -> int:
    """The smallest version that holds a text in UTF-8; ValueError for more than 213 bytes."""
    needed = len(text.encode())
    for version, (_, blocks) in BLOCKS.items():
        header_bits = 4 + (8 if version < 10 else 16)
        if header_bits + 8 * needed <= 8 * sum(blocks):
            return version
    raise ValueError(f"a text of {needed} bytes is too long for a code of version 10")


@lru_cache(maxsize=8)
def _patterns(version: int) -> tuple[Modules, Modules]:
    """The modules that every code of a version has, and which those are."""
    size = 17 + 4 * version
    dark = [[False] * size for _ in range(size)]
    fixed = [[False] * size for _ in range(size)]

    def put(y: int, x: int, value: bool) -> None:
        if 0 <= y < size and 0 <= x < size:
            dark[y][x], fixed[y][x] = value, True

    for index in range(size):
        put(6, index, index % 2 == 0)
        put(index, 6, index % 2 == 0)
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        for dy, dx in product(range(-1, 8), repeat=2):
            ring = max(abs(dy - 3), abs(dx - 3))
            put(top + dy, left + dx, ring in (0, 1, 3))
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for y, x in product(ALIGNMENT[version], repeat=2):
        if (y, x) not in corners:
            for dy, dx in product(range(-2, 3), repeat=2):
                put(y + dy, x + dx, max(abs(dy), abs(dx)) != 1)
    for y, x in (place for places in _format_places(size) for place in places):
        put(y, x, False)
    put(size - 8, 8, True)
    if version >= 7:
        for bit in range(18):
            value = bool(_version_bits(version) >> bit & 1)
            put(bit // 3, size - 11 + bit % 3, value)
            put(size - 11 + bit % 3, bit // 3, value)
    return dark, fixed


def encode(text: str) -> Modules:
    """The code of a text, with the mask that scanners like best."""
    version = version_for(text)
    dark, fixed = _patterns(version)
    bits = _bits(_codewords(text, version))
    plain = [row[:] for row in dark]
    for y, x in _data_places(len(dark), fixed):
        plain[y][x] = next(bits, False)
    return min((_masked(plain, fixed, mask) for mask in range(8)), key=penalty)


def _codewords(text: str, version: int) -> list[int]:
    """Data and correction codewords as they are laid out: block by block, interleaved."""
    correction, lengths = BLOCKS[version]
    raw = text.encode()
    bits = f"0100{len(raw):0{8 if version < 10 else 16}b}" + "".join(f"{byte:08b}" for byte in raw)
    room = 8 * sum(lengths)
    bits += "0" * min(4, room - len(bits))
    bits += "0" * (-len(bits) % 8)
    data = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    data += [(0xEC, 0x11)[at % 2] for at in range(room // 8 - len(data))]
    blocks, start = [], 0
    for length in lengths:
        blocks.append(data[start : start + length])
        start += length
    corrections = [remainder(block, correction) for block in blocks]
    laid = [block[at] for at in range(max(lengths)) for block in blocks if at < len(block)]
    return laid + [rest[at] for at in range(correction) for rest in corrections]


def remainder(data: list[int], count: int) -> list[int]:
    """The Reed-Solomon correction codewords of a block."""
    divisor = _generator(count)
    rest = [0] * count
    for value in data:
        factor = value ^ rest.pop(0)
        rest.append(0)
        for at, coefficient in enumerate(divisor):
            rest[at] ^= _times(coefficient, factor)
    return rest


@lru_cache(maxsize=16)
def _generator(count: int) -> tuple[int, ...]:
    """The generator polynomial's coefficients below the leading one."""
    found = [0] * (count - 1) + [1]
    root = 1
    for _ in range(count):
        for at in range(count):
            found[at] = _times(found[at], root) ^ (found[at + 1] if at + 1 < count else 0)
        root = _times(root, 2)
    return tuple(found)


def _times(left: int, right: int) -> int:
    """The product in the field of 256 elements."""
    found = 0
    for bit in range(7, -1, -1):
        found = (found << 1) ^ ((found >> 7) * 0x11D)
        found ^= (right >> bit & 1) * left
    return found


def _bits(codewords: list[int]) -> Iterator[bool]:
    return (bool(word >> bit & 1) for word in codewords for bit in range(7, -1, -1))


def _data_places(size: int, fixed: Modules) -> Iterator[tuple[int, int]]:
    """Where data goes: two columns at a time from the right, up and down by turns, around the timing column."""
    upwards = True
    for right in [*range(size - 1, 6, -2), 5, 3, 1]:
        for y in range(size - 1, -1, -1) if upwards else range(size):
            for x in (right, right - 1):
                if not fixed[y][x]:
                    yield y, x
        upwards = not upwards


def _masked(plain: Modules, fixed: Modules, mask: int) -> Modules:
    """The code with a mask laid over its data, and the format that says so."""
    size = len(plain)
    code = [
        [value ^ (not fixed[y][x] and _flips(mask, y, x)) for x, value in enumerate(row)]
        for y, row in enumerate(plain)
    ]
    bits = format_bits(mask)
    for places in _format_places(size):
        for bit, (y, x) in enumerate(places):
            code[y][x] = bool(bits >> bit & 1)
    return code


def _flips(mask: int, y: int, x: int) -> bool:
    product_ = y * x
    return (
        (y + x) % 2,
        y % 2,
        x % 3,
        (y + x) % 3,
        (y // 2 + x // 3) % 2,
        product_ % 2 + product_ % 3,
        (product_ % 2 + product_ % 3) % 2,
        ((y + x) % 2 + product_ % 3) % 2,
    )[mask] == 0


def format_bits(mask: int) -> int:
    """Level M (00) and the mask with their correction, 15 bits."""
    rest = mask << 10
    for bit in range(14, 9, -1):
        rest ^= (rest >> bit & 1) * FORMAT_DIVISOR << (bit - 10)
    return (mask << 10 | rest) ^ FORMAT_MASK


def _version_bits(version: int) -> int:
    rest = version << 12
    for bit in range(17, 11, -1):
        rest ^= (rest >> bit & 1) * VERSION_DIVISOR << (bit - 12)
    return version << 12 | rest


def _format_places(size: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where the format's bits stand, least significant first: around the first corner, and at the other two."""
    near = [(y, 8) for y in (0, 1, 2, 3, 4, 5, 7, 8)] + [(8, x) for x in (7, 5, 4, 3, 2, 1, 0)]
    far = [(8, x) for x in range(size - 1, size - 9, -1)] + [(y, 8) for y in range(size - 7, size)]
    return near, far


def penalty(code: Modules) -> int:
    """How badly a scanner would like it: long runs, blocks, what looks like a corner, too dark or too light."""
    size = len(code)
    lines = [*code, *(list(column) for column in zip(*code, strict=True))]
    found = 0
    for line in lines:
        run = 1
        for here, there in zip(line, [*line[1:], None], strict=True):
            if here == there:
                run += 1
                continue
            found += run - 2 if run >= 5 else 0
            run = 1
        for start in range(size - 10):
            found += 40 * (line[start : start + 11] in FINDER_LIKE)
    for y, x in product(range(size - 1), repeat=2):
        found += 3 * (code[y][x] == code[y][x + 1] == code[y + 1][x] == code[y + 1][x + 1])
    dark = sum(map(sum, code))
    return found + 10 * (abs(dark * 20 - size * size * 10) // (size * size))
