"""``patients``, ``appointments`` and ``practitioners``: bringing a clinic in; ``export``: taking everything out."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click
from flask.cli import with_appcontext

from scheduler import clock
from scheduler.cli.entries import DATE
from scheduler.cli.plainly import PlainGroup, said_plainly
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.imports.appointment_slots import AppointmentChoices
from scheduler.usecases.imports.appointments import check_appointments, import_appointments
from scheduler.usecases.imports.columns import FIELDS, propose_mapping
from scheduler.usecases.imports.dates import PATTERNS
from scheduler.usecases.imports.diary import ABSENCES, APPOINTMENTS, DiaryChoices, check_diary, import_diary
from scheduler.usecases.imports.patients import PatientChoices, check_patients, import_patients
from scheduler.usecases.imports.report import Progress, Report
from scheduler.usecases.imports.tables import ENCODINGS, MOST_BYTES, Table, read_table
from scheduler.usecases.reports.exports import export_files, note_export

PARTS = 1000
SHOWN = 200
"""So many problems are listed; the web page lists all."""
patients = PlainGroup("patients", help="Bring patients in from a file.")
appointments = PlainGroup("appointments", help="Bring appointments in from a file.")
practitioners = PlainGroup("practitioners", help="Bring a practitioner's diary in from a file.")
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
OUTCOMES = {
    "new": "new",
    "updated": "known and updated",
    "unchanged": "known and unchanged",
    "left_out": "left out",
}


def options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every import of a CSV file has."""
    for option in (
        click.option(
            "--encoding", type=click.Choice(ENCODINGS), help="How the file is encoded.  [default: found out]"
        ),
        click.option(
            "--dates", type=click.Choice(list(PATTERNS)), help="How dates are written, where that is open."
        ),
        click.option(
            "--map",
            "mapped",
            multiple=True,
            metavar="COLUMN=FIELD",
            help="What a column (its heading or number) holds; nothing after = leaves it out. Can be repeated.",
        ),
        click.option(
            "--only-good", is_flag=True, help="Bring in the good rows even if others have problems."
        ),
        click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing."),
    ):
        command = option(command)
    return command


@patients.command("import")
@FILE
@options
@click.option("--keep-known", is_flag=True, help="Leave patients who are known already as they are.")
def bring_patients(
    file: Path,
    dry_run: bool,
    only_good: bool,
    mapped: tuple[str, ...],
    dates: str | None,
    encoding: str | None,
    keep_known: bool,
) -> None:
    """Bring patients in from a CSV file.

    Columns are recognised by their headings, in English or German; --map corrects that. Rows with problems are told
    with the value and the reason; then nothing is written, unless --only-good is given. A file can be brought in
    again: nothing is doubled.
    """
    table, mapping = _read("patients", file, encoding, mapped)
    choices = PatientChoices(mapping, dates, not keep_known)
    if dry_run:
        _tell(check_patients(table, choices, now=clock.now()), dry_run=True)
        return
    with bar("Bringing in") as progress:
        report = import_patients(
            table, choices, only_good=only_good, actor=COMMAND, now=clock.now(), progress=progress
        )
    _tell(report)


@appointments.command("import")
@FILE
@options
@click.option("--practitioner", type=int, help="Number of the practitioner, for rows that name none.")
@click.option("--type", "kind", type=int, help="Number of the appointment type, for rows that name none.")
@click.option("--location", type=int, help="Number of the location, for rows that name none.")
@click.option("--confirm", is_flag=True, help="Mail patients a list of their future appointments.")
def bring_appointments(
    file: Path,
    dry_run: bool,
    only_good: bool,
    mapped: tuple[str, ...],
    dates: str | None,
    encoding: str | None,
    practitioner: int | None,
    kind: int | None,
    location: int | None,
    confirm: bool,
) -> None:
    """Bring appointments in from a CSV file.

    A row names a patient who is known, a practitioner, a type and a beginning. Times that overlap something booked
    are told as problems; what breaks a rule of the clinic (hours, closures, absences, rest, credentials) is told and
    brought in all the same. Nobody is mailed a confirmation unless --confirm is given; reminders of future appointments
    go out as the clinic's policy says.
    """
    table, mapping = _read("appointments", file, encoding, mapped)
    choices = AppointmentChoices(mapping, dates, practitioner, kind, location, confirm)
    if dry_run:
        _tell(check_appointments(table, choices, now=clock.now()), dry_run=True)
        return
    with bar("Bringing in") as progress:
        report = import_appointments(
            table, choices, only_good=only_good, actor=COMMAND, now=clock.now(), progress=progress
        )
    _tell(report)


@practitioners.command("import-ics")
@click.argument("number", type=int)
@FILE
@click.option(
    "--as",
    "as_what",
    type=click.Choice([ABSENCES, APPOINTMENTS]),
    default=ABSENCES,
    show_default=True,
    help="What the entries are; the title of an appointment is the patient's name.",
)
@click.option("--from", "from_on", type=DATE, help="First day.  [default: today]")
@click.option("--until", "until_on", type=DATE, help="Last day.  [default: a year later]")
@click.option("--location", type=int, help="Number of the location on whose clock the diary is kept.")
@click.option("--type", "kind", type=int, help="Number of the appointment type, with --as appointments.")
@click.option("--without-titles", is_flag=True, help="Keep no titles as reasons of absences.")
@click.option("--confirm", is_flag=True, help="Mail patients a list of their future appointments.")
@click.option("--only-good", is_flag=True, help="Bring in the good entries even if others have problems.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def bring_diary(
    number: int,
    file: Path,
    as_what: str,
    from_on: date | None,
    until_on: date | None,
    location: int | None,
    kind: int | None,
    without_titles: bool,
    confirm: bool,
    only_good: bool,
    dry_run: bool,
) -> None:
    """Bring a practitioner's diary in from an .ics file.

    NUMBER is theirs, as practitioner list tells it. Entries that repeat are brought in one by one; private ones
    without their titles. A file can be brought in again: nothing is doubled, and absences follow their entries.
    """
    choices = DiaryChoices(number, as_what, from_on, until_on, location, not without_titles, kind, confirm)
    data = read_file(file)
    if dry_run:
        _tell(check_diary(data, choices, now=clock.now()), dry_run=True, word="entry")
        return
    with bar("Bringing in") as progress:
        report = import_diary(
            data, choices, only_good=only_good, actor=COMMAND, now=clock.now(), progress=progress
        )
    _tell(report, word="entry")


def _read(
    kind: str, file: Path, encoding: str | None, mapped: tuple[str, ...]
) -> tuple[Table, dict[int, str]]:
    """The table, and what its columns hold: shown, so that a wrong guess is seen."""
    table = read_table(read_file(file), encoding=encoding)
    mapping = propose_mapping(kind, table.headings)
    for entry in mapped:
        column, sign, field = entry.rpartition("=")
        if not sign or (field and field not in FIELDS[kind]):
            known = ", ".join(FIELDS[kind])
            raise click.UsageError(f"--map looks like 'Column=field'; fields are: {known}.")
        index = _column(table, column)
        mapping = {other: name for other, name in mapping.items() if name != field or field == "notes"}
        mapping[index] = field
    for index, heading in enumerate(table.headings):
        click.echo(f"{heading or index + 1}: {mapping.get(index) or '(left out)'}", err=True)
    return table, mapping


def _column(table: Table, told: str) -> int:
    if told in table.headings:
        return table.headings.index(told)
    if told.isdecimal() and 0 < int(told) <= len(table.headings):
        return int(told) - 1
    raise click.UsageError(f"There is no column {told!r}; there are: {', '.join(table.headings)}.")


def read_file(file: Path) -> bytes:
    """The file, but not more of it than may be: one byte more is refused later."""
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


def _tell(report: Report, *, dry_run: bool = False, word: str = "row") -> None:
    """Say what became, or would become, of the rows. Leaves with 1 if nothing was written because of problems."""
    for problem in report.told[:SHOWN]:
        where = ", ".join(
            part for part in (f"{word} {problem.row}", problem.column, repr(problem.value)) if part
        )
        then = " It is brought in all the same." if problem.is_warning else ""
        click.echo(f"{where}: {problem.sentence % problem.details}{then}", err=True)
    if len(report.told) > SHOWN:
        click.echo(f"… and {len(report.told) - SHOWN} more.", err=True)
    for sentence, details in report.notes:
        click.echo(sentence % details, err=True)
    counts = ", ".join(f"{number} {OUTCOMES[name]}" for name, number in report.counts.items() if number)
    click.echo(f"{'Done' if report.written else 'Would be done'}: {counts or 'nothing'}.")
    if report.problems and not report.written:
        raise click.ClickException(
            "There are problems: nothing was written. --only-good brings in the other rows."
        )
    if dry_run:
        click.echo("Nothing was written: this was a dry run.")


@contextmanager
def bar(label: str) -> Iterator[Progress]:
    """A bar on the terminal, moved by telling it the share that is done."""
    with click.progressbar(length=PARTS, label=label, width=30, file=sys.stderr) as shown:

        def move(share: float) -> None:
            shown.update(round(share * PARTS) - shown.pos)

        yield move
        move(1)


@click.command("export")
@with_appcontext
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(folder: Path) -> None:
    """Write everything into CSV files.

    FOLDER is made if it is not there; files that are there are not overwritten. It holds health data: keep it safe,
    and delete it when it has served its purpose.
    """
    with said_plainly():
        note_export(actor=COMMAND, now=clock.now())
        try:
            for name in export_files(folder):
                click.echo(name)
        except FileExistsError as error:
            raise click.ClickException(
                f"{error.filename} is there already: choose an empty folder."
            ) from None
