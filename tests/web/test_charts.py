"""Charts: round axes, one mark a value, a pattern besides the colour, and a table that says the same."""

import re
from xml.etree import ElementTree

import pytest
from flask import Flask

from scheduler.web import chart_drawing
from scheduler.web.chart_drawing import HATCHES, nice_ticks
from scheduler.web.charts import Band, Chart, Series

SVG = "{http://www.w3.org/2000/svg}"


def chart(kind: str = "stacked", *values: list[float | None], **changes: object) -> Chart:
    tones = ("first", "left", "short")
    series = [Series(f"S{at}", one, tones[at]) for at, one in enumerate(values or ([1, 2], [3, None]))]
    given: dict[str, object] = {
        "name": "c",
        "title": "Load",
        "description": "By week",
        "head": "Week",
        "labels": ["A", "B"],
    }
    return Chart(**given | {"series": series, "kind": kind} | changes)  # type: ignore[arg-type]


def drawn(app: Flask, one: Chart) -> ElementTree.Element:
    with app.test_request_context("/api/"):
        text = str(chart_drawing.drawn(one)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ElementTree.fromstring(text)


def bars(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [rect for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (4, [0, 1, 2, 3, 4]),
        (7, [0, 2, 4, 6, 8]),
        (80, [0, 20, 40, 60, 80]),
        (81, [0, 25, 50, 75, 100]),
        (100, [0, 25, 50, 75, 100]),
        (9, [0, 5, 10]),
        (1234, [0, 500, 1000, 1500]),
    ],
)
def test_axis_has_a_few_round_ticks(most: float, ticks: list[float]) -> None:
    assert nice_ticks(most) == ticks


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_picture_has_a_name_and_a_description(app: Flask) -> None:
    root = drawn(app, chart())
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "c-title c-desc")
    assert [root.find(f"{SVG}{tag}").text for tag in ("title", "desc")] == ["Load", "By week"]  # type: ignore[union-attr]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_stacked_bars_stand_on_one_another(app: Flask) -> None:
    first, above, second = bars(drawn(app, chart("stacked", [2, 2], [1, 0])))
    top = float(first.get("y", ""))
    assert float(above.get("y", "")) + float(above.get("height", "")) == pytest.approx(top, abs=0.11)
    assert float(first.get("height", "")) == pytest.approx(2 * float(above.get("height", "")), abs=0.21)
    assert first.get("y") == second.get("y")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_bars_side_by_side_stand_on_the_axis(app: Flask) -> None:
    marks = bars(drawn(app, chart("bars", [2, 4], [1, 3])))
    bottoms = {round(float(one.get("y", "")) + float(one.get("height", ""))) for one in marks}
    assert (len(marks), len(bottoms)) == (4, 1)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_line_is_broken_where_a_value_is_missing(app: Flask) -> None:
    root = drawn(app, chart("lines", [1, None, 3, 4], labels=["A", "B", "C", "D"]))
    (line,) = [path for path in root.iter(f"{SVG}path") if "line" in (path.get("class") or "")]
    assert re.sub(r"[\d. ]", "", line.get("d", "")) == "MML"
    assert len(list(root.iter(f"{SVG}circle"))) == 3


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_line_begins_anew_at_a_break_and_a_band_keeps_to_its_labels(app: Flask) -> None:
    bands = [Band(1, 2, "all"), Band(1, 2, "last two", since=2, until=4)]
    root = drawn(app, chart("lines", [1, 2, 3, 4], labels=["A", "B", "C", "D"], breaks=[0, 2], bands=bands))
    (line,) = [path for path in root.iter(f"{SVG}path") if "line" in (path.get("class") or "")]
    assert re.sub(r"[\d. ]", "", line.get("d", "")) == "MLML"
    whole, half = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "band"]
    left, width = (float(whole.get(name, "")) for name in ("x", "width"))
    assert (float(half.get("x", "")), float(half.get("width", ""))) == (left + width / 2, width / 2)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_every_mark_says_its_value(app: Flask) -> None:
    percent = [Series("S0", [1, 2], "first", "%"), Series("S1", [3, None], "left", "%")]
    titles = [one.find(f"{SVG}title").text for one in bars(drawn(app, chart(series=percent)))]  # type: ignore[union-attr]
    assert titles == ["A · S0: 1 %", "A · S1: 3 %", "B · S0: 2 %"]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_series_differ_by_pattern_too(app: Flask) -> None:
    marks = bars(drawn(app, chart("bars", [1, 0], [1, 0], [1, 0])))
    assert [one.get("fill") for one in marks] == [None, "url(#c-left)", "url(#c-short)"]
    assert {"left", "short"} <= set(HATCHES)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_people_typed_is_escaped(app: Flask) -> None:
    root = drawn(app, chart(title='<script>"&', labels=["<b>", "B"]))
    assert root.find(f"{SVG}title").text == '<script>"&'  # type: ignore[union-attr]
    assert list(root.iter(f"{SVG}script")) == []


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_table_has_every_figure_and_what_is_not_drawn(app: Flask) -> None:
    one = chart(beside=[Series("Hours", [1.25, 1000])])
    with app.test_request_context("/api/"):
        assert one.rows == [("A", ["1.2", "1", "3"]), ("B", ["1,000", "2", "–"])]
    assert [column.label for column in one.columns] == ["Hours", "S0", "S1"]


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_nothing_to_draw_is_drawn_without_marks(app: Flask) -> None:
    empty = chart("stacked", [], labels=[])
    assert (bars(drawn(app, empty)), empty.is_empty) == ([], True)
