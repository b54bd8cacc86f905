"""A file's rows as lines that name a patient, a practitioner, a type and a time; nothing is looked up here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.cells import Cells, without_midnight
from scheduler.usecases.imports.columns import checked_mapping
from scheduler.usecases.imports.dates import PATTERNS, SHORT_YEARS, decide_writing, read_date
from scheduler.usecases.imports.people import Person, split_name
from scheduler.usecases.imports.report import Report
from scheduler.usecases.imports.tables import Row, Table
from scheduler.usecases.imports.times import Written, read_minute, read_moment, split_moment

AHEAD = timedelta(days=3650)
"""Two digits of a year mean one that is at most so far ahead."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a row says, in its own words but for the times."""

    row: int
    person: Person
    identity: str
    starts: Written
    ends: Written | None = None
    minutes: int | None = None
    practitioner: str = ""
    type: str = ""
    location: str = ""
    room: str = ""
    status: str = ""
    key: str = ""
    """What it is known by, where the file has its own identities; else patient, practitioner and start."""
    words: Mapping[str, tuple[str, str]] | None = None
    """Field -> heading and cell, for telling problems."""

    def told(self, name: str) -> tuple[str, str]:
        """(heading, cell) of a field."""
        return (self.words or {}).get(name, ("", ""))


def read_lines(
    table: Table, mapping: Mapping[int, str], chosen: str | None, *, today: date
) -> tuple[list[Line], Report]:
    """The lines, and what cannot be read. Raises InvalidInput for a mapping or dates that must be asked about."""
    cells = Cells(table, checked_mapping("appointments", table.headings, mapping))
    report = Report()
    latest = today + AHEAD
    written = asked_writings(cells, chosen, latest=latest)
    lines = []
    for row in table.rows:
        try:
            lines.append(_line(cells, row, written, latest))
        except InvalidInput as error:
            name = str(error.details.get("field", ""))
            report.refuse(row.number, cells.heading(name), cells.text(row.cells, name), error)
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


def _line(cells: Cells, row: Row, written: Mapping[str, str], latest: date) -> Line:
    def text(name: str) -> str:
        return cells.text(row.cells, name)

    if cells.surplus(row.cells):
        raise InvalidInput("This row has more cells than there are headings.")
    starts = _starts(text("starts"), text("start_time"), written, latest)
    whole = text("name")
    given, family = (text("given_name"), text("family_name")) if text("family_name") else split_name(whole)
    return Line(
        row.number,
        Person.of(
            -row.number,
            given,
            family,
            _born_on(text("born_on"), written, latest),
            text("email"),
            text("phone"),
        ),
        text("external_id"),
        starts,
        _ends(text("ends"), starts, written, latest),
        _minutes(text("minutes")),
        text("practitioner"),
        text("type"),
        text("location"),
        text("room"),
        text("status"),
        words=_words(cells, row.cells),
    )


def _words(cells: Cells, row: Sequence[str]) -> dict[str, tuple[str, str]]:
    said = {name: (cells.heading(name), cells.text(row, name)) for name in cells.columns}
    named = [
        said[name] for name in ("name", "given_name", "family_name", "email", "external_id") if name in said
    ]
    said["patient"] = (named[0][0], " ".join(value for _, value in named if value))
    return said


def _starts(text: str, time: str, written: Mapping[str, str], latest: date) -> Written:
    try:
        starts = read_moment(without_midnight(text) if time else text, written["starts"], latest=latest)
        if time and starts.minute is None:
            starts = Written(starts.on, _minute(time))
        if starts.minute is None:
            raise InvalidInput("There is a date, but no time of day.")
    except InvalidInput as error:
        raise InvalidInput(error.sentence, field="starts") from None
    return starts


def _ends(text: str, starts: Written, written: Mapping[str, str], latest: date) -> Written | None:
    """A time of day means the day of the start."""
    if not text:
        return None
    try:
        if read_minute(text) is not None:
            return Written(starts.on, _minute(text), starts.offset_minutes)
        return read_moment(text, written["ends"], latest=latest)
    except InvalidInput as error:
        raise InvalidInput(error.sentence, field="ends") from None


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
        raise InvalidInput("This is no number of minutes.", field="minutes")
    return minutes


def _born_on(text: str, written: Mapping[str, str], latest: date) -> date | None:
    if not text:
        return None
    code = written["born_on"]
    born_on = read_date(
        without_midnight(text), code, latest=latest - AHEAD if code in SHORT_YEARS else latest
    )
    if born_on is None:
        raise InvalidInput("This is no date that can be read.", field="born_on")
    return born_on
