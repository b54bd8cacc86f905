"""Charts as SVG, drawn here: an axis, a legend, and bars or lines.

Colours come from the style sheet by class; each series has a pattern or a dash of its own besides, and every mark a
title with its value. The picture is one image with a name and a description; who cannot see it reads the table.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from babel.numbers import format_decimal
from flask import Flask
from flask_babel import get_locale
from markupsafe import Markup

from scheduler.web.charts import Chart, Series

WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 34, 6, 10, 22
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
LETTER = 5
"""About the width of a letter, in the units of the picture."""
LABEL_WIDTH = 75
"""A mark's words need so much room."""
GAP = 0.28
"""Share of a bar's place that is left empty."""


def register(app: Flask) -> None:
    """Make the drawings filters of a chart."""
    app.add_template_filter(drawn)
    app.add_template_filter(swatch)


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to the picture's units; the axis ends at the last of ``ticks``."""

    ticks: Sequence[float]

    def y(self, value: float) -> float:
        """How far down a value lies."""
        return TOP + PLOT_HEIGHT * (1 - value / self.ticks[-1])


Draw = Callable[[Chart, Scale], Iterable[Markup]]


def nice_ticks(most: float, count: int = 4) -> list[float]:
    """Round whole values from 0 to at least ``most``, about ``count`` steps of 1, 2, 2.5 or 5 by a power of ten."""
    if most <= 0:
        return [0, 1]
    rough = most / count
    power = 10 ** math.floor(math.log10(rough))
    steps = (power * factor for factor in (1, 2, 2.5, 5, 10))
    step = next(step for step in steps if step >= max(rough, 1) and step == int(step)) if rough > 1 else 1
    return [step * number for number in range(math.ceil(most / step) + 1)]


def drawn(chart: Chart) -> Markup:
    """The picture, with what it shows as its name and description."""
    scale = Scale(nice_ticks(_top(chart) if chart.most is None else chart.most))
    parts = [
        *_patterns(chart),
        *_backdrop(chart, scale),
        *_axes(chart, scale),
        *KINDS[chart.kind](chart, scale),
        Markup('<path class="base" d="M{x} {y}H{to}"/>').format(
            x=LEFT, y=TOP + PLOT_HEIGHT, to=WIDTH - RIGHT
        ),
    ]
    return Markup(
        '<svg class="plot" viewBox="0 0 {width} {height}" role="img" '
        'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{title}</title>'
        '<desc id="{name}-desc">{description}</desc>{parts}</svg>'
    ).format(
        width=WIDTH,
        height=HEIGHT,
        name=chart.name,
        title=chart.title,
        description=chart.description,
        parts=Markup("").join(parts),
    )


def swatch(chart: Chart, one: Series) -> Markup:
    """A series' mark for the legend."""
    return Markup(
        '<svg class="swatch" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true" focusable="false">'
        '<rect class="{tone}" x=".5" y=".5" width="13" height="13" rx="2"{fill}/></svg>'
    ).format(tone=one.tone, fill=_fill(chart, one))


def _top(chart: Chart) -> float:
    columns = [[one.values[at] or 0 for one in chart.series] for at in range(len(chart.labels))]
    return max((sum(values) if chart.kind == "stacked" else max(values) for values in columns), default=0)


def _axes(chart: Chart, scale: Scale) -> Iterable[Markup]:
    for tick in scale.ticks:
        y = _short(scale.y(tick))
        yield Markup('<path class="grid" d="M{x} {y}H{to}"/>').format(x=LEFT, y=y, to=WIDTH - RIGHT)
        yield Markup('<text class="tick" x="{x}" y="{y}" dy=".32em" text-anchor="end">{text}</text>').format(
            x=LEFT - 4, y=y, text=format_decimal(tick, locale=get_locale())
        )
    place = PLOT_WIDTH / max(len(chart.labels), 1)
    longest = max((len(label) for label in chart.labels), default=0)
    every = max(1, math.ceil((longest + 0.8) * LETTER / place))
    for at in range(0, len(chart.labels), every):
        yield Markup('<text class="tick" x="{x}" y="{y}" text-anchor="middle">{text}</text>').format(
            x=_short(LEFT + place * (at + 0.5)), y=HEIGHT - 7, text=chart.labels[at]
        )


def _backdrop(chart: Chart, scale: Scale) -> Iterable[Markup]:
    """Bands and marks, each with its words as a title."""
    place = PLOT_WIDTH / max(len(chart.labels), 1)
    for band in chart.bands:
        top, bottom = scale.y(min(band.high, scale.ticks[-1])), scale.y(max(band.low, 0))
        until = len(chart.labels) if band.until is None else band.until
        yield Markup(
            '<rect class="band" x="{x}" y="{y}" width="{width}" height="{height}"><title>{label}</title></rect>'
        ).format(
            x=_short(LEFT + place * band.since),
            y=_short(top),
            width=_short(place * (until - band.since)),
            height=_short(bottom - top),
            label=band.label,
        )
    taken = 0.0
    for mark in chart.marks:
        yield Markup('<path class="mark" d="M{x} {y}V{to}"><title>{label}</title></path>').format(
            x=_short(LEFT + place * (mark.at + 0.5)), y=TOP, to=TOP + PLOT_HEIGHT, label=mark.label
        )
        begins = mark.at * 2 < len(chart.labels) - 1
        # Of lines that stand close together the first is told in words; the others say theirs as a title.
        left = place * (mark.at + 0.5) - (0 if begins else LABEL_WIDTH)
        if left < taken:
            continue
        taken = left + LABEL_WIDTH
        yield Markup('<text class="tick" x="{x}" y="{y}" text-anchor="{anchor}">{label}</text>').format(
            x=_short(LEFT + place * (mark.at + 0.5) + (3 if begins else -3)),
            y=TOP + PLOT_HEIGHT - 5,
            anchor="start" if begins else "end",
            label=mark.label,
        )


def _stacked(chart: Chart, scale: Scale) -> Iterable[Markup]:
    place = PLOT_WIDTH / max(len(chart.labels), 1)
    for at in range(len(chart.labels)):
        below = 0.0
        for one in chart.series:
            value = one.values[at] or 0
            if value:
                left = LEFT + place * (at + GAP / 2)
                yield _bar(chart, one, at, left, place * (1 - GAP), scale, below)
                below += value


def _bars(chart: Chart, scale: Scale) -> Iterable[Markup]:
    place = PLOT_WIDTH / max(len(chart.labels), 1)
    width = place * (1 - GAP) / max(len(chart.series), 1)
    for at in range(len(chart.labels)):
        for number, one in enumerate(chart.series):
            if one.values[at]:
                left = LEFT + place * (at + GAP / 2) + width * number
                yield _bar(chart, one, at, left, width, scale, 0)


def _bar(chart: Chart, one: Series, at: int, left: float, width: float, scale: Scale, below: float) -> Markup:
    top, bottom = scale.y(below + (one.values[at] or 0)), scale.y(below)
    return Markup(
        '<rect class="{tone}" x="{x}" y="{y}" width="{width}" height="{height}"{fill}><title>{title}</title></rect>'
    ).format(
        tone=one.tone,
        x=_short(left),
        y=_short(top),
        width=_short(width),
        height=_short(bottom - top),
        fill=_fill(chart, one),
        title=_said(chart, one, at),
    )


def _said(chart: Chart, one: Series, at: int) -> str:
    return f"{chart.labels[at]} · {one.label}: {one.written(at)}"


def _lines(chart: Chart, scale: Scale) -> Iterable[Markup]:
    place = PLOT_WIDTH / max(len(chart.labels), 1)
    for one in chart.series:
        points = [
            None if value is None else (LEFT + place * (at + 0.5), scale.y(value))
            for at, value in enumerate(one.values)
        ]
        path, pen = [], "M"
        for at, point in enumerate(points):
            if point is None or at in chart.breaks:
                pen = "M"
            if point is not None:
                path.append(f"{pen}{_short(point[0])} {_short(point[1])}")
                pen = "L"
        yield Markup('<path class="line {tone}" d="{path}"/>').format(tone=one.tone, path="".join(path))
        for at, point in enumerate(points):
            if point is not None:
                yield Markup(
                    '<circle class="{tone}" cx="{x}" cy="{y}" r="3"><title>{title}</title></circle>'
                ).format(
                    tone=one.tone,
                    x=_short(point[0]),
                    y=_short(point[1]),
                    title=_said(chart, one, at),
                )


KINDS: dict[str, Draw] = {"stacked": _stacked, "bars": _bars, "lines": _lines}
HATCHES = {
    "short": "M-1 1l2-2M0 6l6-6M5 7l2-2",
    "left": "M0 3h6",
    "third": "M3 0v6",
    "fourth": "M0 0l6 6M-1 5l2 2M5-1l2 2",
}
"""Tone -> the lines of its pattern, in a square of 6; a tone without is plain."""


def _patterns(chart: Chart) -> Iterable[Markup]:
    for one in chart.series:
        if one.tone in HATCHES:
            yield Markup(
                '<pattern id="{name}-{tone}" width="6" height="6" patternUnits="userSpaceOnUse">'
                '<rect class="{tone} paper" width="6" height="6"/><path class="{tone} ink" d="{path}"/></pattern>'
            ).format(name=chart.name, tone=one.tone, path=HATCHES[one.tone])


def _fill(chart: Chart, one: Series) -> Markup:
    """The attribute that fills a mark with its pattern; nothing for a plain one, which its class colours."""
    if one.tone not in HATCHES:
        return Markup("")
    return Markup(' fill="url(#{name}-{tone})"').format(name=chart.name, tone=one.tone)


def _short(number: float) -> str:
    """With one decimal at most, for a smaller page."""
    return f"{number:.1f}".removesuffix(".0")
