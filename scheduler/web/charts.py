"""What charts show: bars side by side or stacked, or lines, with a table of the same; drawn by chart_drawing.py."""

from collections.abc import Sequence
from dataclasses import dataclass

from babel.numbers import format_decimal
from flask_babel import get_locale


@dataclass(frozen=True, slots=True)
class Series:
    """Values by label, None where there is none; ``tone`` is a class of charts.css, ``unit`` follows each value."""

    label: str
    values: Sequence[float | None]
    tone: str = ""
    unit: str = ""

    def written(self, at: int) -> str:
        """A value in the reader's language with its unit, or a dash."""
        value = self.values[at]
        if value is None:
            return "–"
        text = format_decimal(round(value, 1), locale=get_locale())
        return f"{text} {self.unit}" if self.unit else text


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the axis behind the lines, from ``low`` to ``high``, at the labels [since, until)."""

    low: float
    high: float
    label: str
    since: int = 0
    until: int | None = None
    """None: up to the end."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An upright line at the label of that place."""

    at: int
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, and shown as a table beside it. ``name`` is unique on its page."""

    name: str
    title: str
    description: str
    head: str
    """What the labels are, for example Week."""
    labels: Sequence[str]
    series: Sequence[Series]
    kind: str = "stacked"
    """stacked, bars or lines."""
    most: float | None = None
    """Where the axis ends; None: where the values do."""
    beside: Sequence[Series] = ()
    """Figures that only the table has, before the others."""
    bands: Sequence[Band] = ()
    marks: Sequence[Mark] = ()
    breaks: Sequence[int] = ()
    """Places at which lines begin anew: what was before is another story."""
    notes: Sequence[str] = ()
    """A last column of the table, in words."""
    notes_head: str = ""
    names: Sequence[str] = ()
    """The labels in the table, where they say more than there is room for below the picture."""
    last_first: bool = False
    """Whether the table begins with the last label: with days that is the newest, which is what one looks for."""

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table's rows: a label, and the values as they are written."""
        rows = [
            (label, [*(one.written(at) for one in self.columns), *self.notes[at : at + 1]])
            for at, label in enumerate(self.names or self.labels)
        ]
        return rows[::-1] if self.last_first else rows

    @property
    def columns(self) -> list[Series]:
        """The table's columns."""
        return [*self.beside, *self.series]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value for one in self.series for value in one.values)
