"""A file's rows as lines that name a patient, a practitioner, a type and a time; nothing is looked up here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.cells import Cells, without_midnight
from scheduler.usecases.imports.columns import checked_mapping
from scheduler.usecases.imports.dates import PATTERNS, SHORT_YEARS, decide_writing, read_date
from scheduler.usecases.imports.people import Person, split_name
from scheduler.usecases.imports.report import Report
from scheduler.usecases.imports.tables import Row, Table
from scheduler.usecases.imports.times import Written, read_minute, read_moment, split_moment

Part = TypeVar("Part")
AHEAD = timedelta(days=3650)
"""Two digits of a year mean one that is at most so far ahead."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a row says, in its own words but for the times."""

    row: int
    person: Person
    reference: str
    """The patient's number in the other program."""
    starts: Written | None
    """None: it cannot be read, which the report tells."""
    ends: Written | None = None
    minutes: int | None = None
    practitioner: str = ""
    type: str = ""
    location: str = ""
    room: str = ""
    status: str = ""
    key: str = ""
    """What it is known by, where the file has its own identities; else patient, practitioner and start."""
    uid: str = ""
    """Our own identity, in a file that was taken out here; or that of another program."""
    words: Mapping[str, tuple[str, str]] | None = None
    """Field -> heading and cell, for telling problems."""

    def told(self, name: str) -> tuple[str, str]:
        """(heading, cell) of a field."""
        return (self.words or {}).get(name, ("", ""))


def read_lines(
    table: Table, mapping: Mapping[int, str], chosen: str | None, *, today: date
) -> tuple[list[Line], Report]:
    """The lines, and all that cannot be read in them.

    Raises InvalidInput for a mapping or dates that must be asked about.
    """
    cells = Cells(table, checked_mapping("appointments", table.headings, mapping))
    report = Report()
    latest = today + AHEAD
    written = asked_writings(cells, chosen, latest=latest)
    lines = []
    for row in table.rows:
        line = _line(cells, row, written, latest, report)
        lines += [line] if line is not None else []
    return lines, report


def asked_writings(cells: Cells, chosen: str | None, *, latest: date) -> dict[str, str]:
    """Field -> how its column writes dates. One way for all columns if they can be read in it, as files do."""
    texts = {
        name: [split_moment(without_midnight(cells.text(row.cells, name)))[0] for row in cells.table.rows]
        for name in ("starts", "ends", "born_on")
        if name in cells.columns
    }
    dated = {name: [text for text in found if read_minute(text) is None] for name, found in texts.items()}
    found = {name: decide_writing(values, latest=latest) for name, values in dated.items()}
    sure = {writing.code for writing in found.values() if writing.code}
    result: dict[str, str] = {}
    for name, writing in found.items():
        code = writing.code
        if chosen and (not writing.candidates or chosen in writing.candidates):
            code = chosen
        elif code is None and len(sure) == 1 and (only := next(iter(sure))) in writing.candidates:
            code = only
        if code is None and writing.candidates:
            raise InvalidInput(
                "The dates in %(heading)s can be read in several ways (%(candidates)s). Please choose one.",
                heading=cells.heading(name),
                candidates=", ".join(writing.candidates),
                field="dates",
            )
        result[name] = code or chosen or "Y-m-d"
    if chosen and chosen not in PATTERNS:
        raise InvalidInput(
            "A way to write dates is one of %(known)s.", known=", ".join(PATTERNS), field="dates"
        )
    return result


def _line(cells: Cells, row: Row, written: Mapping[str, str], latest: date, report: Report) -> Line | None:
    """The row as a line; every part that cannot be read is told and left away."""

    def text(name: str) -> str:
        return cells.text(row.cells, name)

    def part(name: str, read: Callable[[str], Part]) -> Part | None:
        try:
            return read(text(name))
        except InvalidInput as error:
            report.refuse(row.number, cells.heading(name), text(name), error)
            return None

    if extra := cells.surplus(row.cells):
        report.refuse(row.number, "", extra, InvalidInput("This row has more cells than there are headings."))
        return None
    minute = part("start_time", lambda told: _minute(told) if told else None)
    # A time of day that cannot be read is told once, as that; the day is looked at all the same.
    is_untold = minute is None and bool(text("start_time"))
    starts = part("starts", lambda told: _starts(told, 0 if is_untold else minute, written, latest))
    starts = None if is_untold else starts
    given, family = text("given_name"), text("family_name")
    if not family:
        given, family = split_name(text("name"))
    born_on = part("born_on", lambda told: _born_on(told, written, latest))
    return Line(
        row.number,
        Person.of(-row.number, given, family, born_on, text("email"), text("phone")),
        " ".join(text("reference").split()),
        starts,
        part("ends", lambda told: _ends(told, starts, written, latest)),
        part("minutes", _minutes),
        text("practitioner"),
        text("type"),
        text("location"),
        text("room"),
        text("status"),
        uid=text("uid"),
        words=_words(cells, row.cells),
    )


def _words(cells: Cells, row: Sequence[str]) -> dict[str, tuple[str, str]]:
    said = {name: (cells.heading(name), cells.text(row, name)) for name in cells.columns}
    named = [
        said[name] for name in ("name", "given_name", "family_name", "email", "reference") if name in said
    ]
    if "start_time" in said and "starts" in said:
        # What is wrong with a moment is seen from the day and the time of day together.
        headings, values = zip(said["starts"], said["start_time"], strict=True)
        said["starts"] = (", ".join(headings), " ".join(values).strip())
    said["patient"] = (named[0][0], " ".join(value for _, value in named if value))
    return said


def _starts(text: str, minute: int | None, written: Mapping[str, str], latest: date) -> Written:
    told = without_midnight(text) if minute is not None else text
    starts = read_moment(told, written["starts"], latest=latest)
    if minute is not None and starts.minute is None:
        starts = Written(starts.on, minute)
    if starts.minute is None:
        raise InvalidInput("There is a date, but no time of day.")
    return starts


def _ends(text: str, starts: Written | None, written: Mapping[str, str], latest: date) -> Written | None:
    """A time of day means the day of the start."""
    if not text:
        return None
    if read_minute(text) is not None:
        return Written(starts.on, _minute(text), starts.offset_minutes) if starts else None
    return read_moment(text, written["ends"], latest=latest)


def _minute(text: str) -> int:
    minute = read_minute(text)
    if minute is None:
        raise InvalidInput("This is no time of day that can be read.")
    return minute


def _minutes(text: str) -> int | None:
    """``30``, ``30 min``, ``0:45``."""
    if not text:
        return None
    number = (
        text.lower()
        .removesuffix(".")
        .removesuffix("minuten")
        .removesuffix("minutes")
        .removesuffix("min")
        .strip()
    )
    hours, colon, rest = number.partition(":")
    try:
        minutes = int(hours) * 60 + int(rest) if colon else int(number)
    except ValueError:
        minutes = 0
    if not 0 < minutes <= 720:
        raise InvalidInput("This is no number of minutes.")
    return minutes


def _born_on(text: str, written: Mapping[str, str], latest: date) -> date | None:
    if not text:
        return None
    code = written["born_on"]
    born_on = read_date(
        without_midnight(text), code, latest=latest - AHEAD if code in SHORT_YEARS else latest
    )
    if born_on is None:
        raise InvalidInput("This is no date that can be read.")
    return born_on
