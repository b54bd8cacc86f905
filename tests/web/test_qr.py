"""QR codes as a phone reads them: drawn on a bitmap and given to a barcode reader."""

import re

import pytest
import zxingcpp

from scheduler.web.qr import QUIET, picture_of

ADDRESS = "webcal://clinic.example/feeds/V-7H9AjpJCIcWqAl0Oyi9jAF3RmThCSJ5CBNbscnVAo.ics"
ELEMENT = re.compile(r'<svg viewBox="0 0 (\d+) \1"><path stroke="#000" d="([^"]+)"/></svg>')
SCALE = 4


def bitmap(svg: str) -> list[bytearray]:
    """The picture in black on white, SCALE pixels for each module; its lines run along the middle of a row."""
    found = ELEMENT.fullmatch(svg)
    assert found is not None
    size, path = int(found[1]) * SCALE, found[2]
    rows = [bytearray(b"\xff" * size) for _ in range(size)]
    x = y = 0.0
    for step, along, down in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if step == "h":
            left, right, top = (round(at * SCALE) for at in (x, x + float(along), y - 0.5))
            for row in rows[top : top + SCALE]:
                row[left:right] = bytes(right - left)
        x, y = (float(along), float(down)) if step == "M" else (x + float(along), y + float(down or 0))
    return rows


def read(rows: list[bytearray]) -> str:
    size = len(rows)
    found = zxingcpp.read_barcode(memoryview(b"".join(rows)).cast("B", (size, size)))
    assert found is not None
    return str(found.text)


@pytest.mark.parametrize("text", [ADDRESS, "x", "Grüße aus Zürich", ADDRESS * 6])
def test_a_picture_reads_back_as_its_text(text: str) -> None:
    assert read(bitmap(picture_of(text))) == text


def test_a_picture_is_read_though_a_corner_is_dirty() -> None:
    rows = bitmap(picture_of(ADDRESS))
    at = len(rows) - (QUIET + 6) * SCALE
    for row in rows[at : at + 5 * SCALE]:
        row[at : at + 5 * SCALE] = bytes(5 * SCALE)
    assert read(rows) == ADDRESS


def test_a_picture_is_white_all_around() -> None:
    rows = bitmap(picture_of(ADDRESS))
    white, edge = bytes([255]) * len(rows), QUIET * SCALE
    assert [row == white for row in rows[: edge + 1]] == [True] * edge + [False]
    assert {bytes(row[:edge]) for row in rows} == {white[:edge]}
