"""How a column writes its dates is decided from all of it, and asked where it stays open."""

from datetime import date

import pytest

from scheduler.usecases.imports.dates import decide_writing, read_date

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["1980-12-31", "1980-1-2"], "Y-m-d"),
        (["1980/12/31"], "Y/m/d"),
        (["19801231", "20010203"], "Ymd"),
        (["31.12.1980", "1.2.1980"], "d.m.Y"),
        (["31. 12. 1980"], "d.m.Y"),
        (["01/02/1980", "31/12/1980"], "d/m/Y"),
        (["01/02/1980", "12/31/1980"], "m/d/Y"),
        (["31-12-1980"], "d-m-Y"),
        (["31 Dec 1980", "2 March 1981"], "d M Y"),
        (["31. Dezember 1980", "1. März 1981"], "d M Y"),
        (["03/03/1980", "04/04/1981"], "d/m/Y"),
        (["31.12.1980", "rubbish", "30.02.1980"], "d.m.Y"),
    ],
)
def test_the_whole_column_decides(texts: list[str], code: str) -> None:
    assert decide_writing(texts, latest=TODAY).code == code


@pytest.mark.parametrize(
    ("texts", "candidates"),
    [
        (["01/02/1980", "03/04/1981"], ("d/m/Y", "m/d/Y")),
        (["31.12.80"], ("d.m.y",)),
        (["01/02/80"], ("d/m/y", "m/d/y")),
        (["rubbish"], ()),
        ([], ()),
    ],
)
def test_what_can_be_read_in_several_ways_is_asked(texts: list[str], candidates: tuple[str, ...]) -> None:
    writing = decide_writing(texts, latest=TODAY)
    assert (writing.code, writing.candidates) == (None, candidates)


@pytest.mark.parametrize(
    ("text", "code", "day"),
    [
        ("31.12.1980", "d.m.Y", date(1980, 12, 31)),
        ("30.02.1980", "d.m.Y", None),
        ("1980-12-31", "d.m.Y", None),
        ("31.12.80", "d.m.y", date(1980, 12, 31)),
        ("31.12.25", "d.m.y", date(2025, 12, 31)),
        ("31.12.27", "d.m.y", date(1927, 12, 31)),
        ("31 Foo 1980", "d M Y", None),
    ],
)
def test_a_date_is_read_in_one_way_only(text: str, code: str, day: date | None) -> None:
    assert read_date(text, code, latest=TODAY) == day
