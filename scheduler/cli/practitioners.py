"""``practitioner``: who treats, and when they are away."""

from datetime import date

import click

from scheduler import clock
from scheduler.cli.entries import DATE, HOURS, WALL_TIME, list_absences, tell_absence
from scheduler.cli.plainly import PlainGroup
from scheduler.usecases.absences.entering import WallTime, add_time_off, list_time_off, remove_time_off
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import list_practitioners
from scheduler.usecases.practitioners.adding import (
    DayHours,
    HeldCredential,
    PractitionerDetails,
    add_practitioner,
)

commands = PlainGroup("practitioner", help="People who treat.")
FIRST_HOURS = "Working hours (such as Mon-Fri 09:00-17:00)"
MORE_HOURS = "More working hours (empty if that is all)"


@commands.command("add")
@click.option("--given-name", prompt="Given name", help="As patients know them.")
@click.option("--family-name", prompt="Family name", help="As patients know them.")
@click.option(
    "--email", prompt="Email address (may be empty)", default="", show_default=False, help="May be empty."
)
@click.option("--location", help="Name of the location where they work.  [default: the only one]")
@click.option(
    "--hours", type=HOURS, multiple=True, help="Such as 'Mon-Fri 09:00-17:00'; can be given several times."
)
@click.option("--hours-from", type=DATE, help="First day of these hours.  [default: today]")
@click.option(
    "--every-weeks",
    type=click.IntRange(1, 52),
    default=1,
    show_default=True,
    help="2: the hours hold every 2nd week, counted from that of their first day.",
)
@click.option(
    "--needling-since",
    type=DATE,
    prompt="Qualified for dry needling since (such as 2020-12-31, empty if not)",
    default="",
    show_default=False,
    help="First day of the credential; empty if there is none.",
)
@click.option("--needling-until", type=DATE, help="Last day of the credential.  [default: for ever]")
@click.option("--issuer", default="", help="Who issued the credential.")
@click.option("--number", default="", help="Number of the credential.")
def add(
    given_name: str,
    family_name: str,
    email: str,
    location: str | None,
    hours: tuple[tuple[DayHours, ...], ...],
    hours_from: date | None,
    every_weeks: int,
    needling_since: date | None,
    needling_until: date | None,
    issuer: str,
    number: str,
) -> None:
    """Add a person who treats.

    Asks for name, hours and the credential for dry needling where they are not given; without the credential nobody
    can book needling with them. Prints their number, for other commands.
    """
    credential = None
    if needling_since is not None:
        credential = HeldCredential(needling_since, needling_until, issuer, number)
    elif needling_until is not None or issuer or number:
        raise click.UsageError("--needling-until, --issuer and --number need --needling-since.")
    row = add_practitioner(
        PractitionerDetails(given_name, family_name, email),
        [day for entry in hours or _ask_for_hours() for day in entry],
        credential,
        location=location,
        every_n_weeks=every_weeks,
        hours_from=hours_from,
        actor=COMMAND,
        now=clock.now(),
    )
    click.echo(f"{row.name} is practitioner number {row.id}.")
    if credential is None:
        click.echo("Without a credential, dry needling cannot be booked with them.", err=True)


@commands.command("list")
def list_all() -> None:
    """List the people who treat.

    Number, name and email address.
    """
    for row in list_practitioners().items:
        click.echo(f"{row.id}  {row.name}  {row.email or ''}".rstrip())


@commands.command("away")
@click.argument("number", type=int)
@click.argument("starts", metavar="FROM", type=WALL_TIME)
@click.argument("until", metavar="UNTIL", type=WALL_TIME)
@click.option("--reason", default="", help="Seen by staff only.")
@click.option("--location", help="On whose clock the times are meant, if they work in several time zones.")
def away(number: int, starts: WallTime, until: WallTime, reason: str, location: str | None) -> None:
    """Note when a practitioner is away.

    NUMBER is theirs, as list tells it. FROM and UNTIL are dates, the last of which is a day away, or date-times such
    as '2026-08-03 14:30', by the clock of the location. What is booked then stays; the command says how much it is.
    """
    absence = add_time_off(
        number, starts, until, reason=reason, location=location, actor=COMMAND, now=clock.now()
    )
    tell_absence(absence, "away")


@commands.command("absences")
@click.option("--all", "past", is_flag=True, help="Those that are over, too.")
def absences(past: bool) -> None:
    """List when practitioners are away.

    The number of each absence, for the command back, and how much is still booked for that time.
    """
    list_absences(list_time_off(past=past, now=clock.now()).items)


@commands.command("back")
@click.argument("number", type=int)
def back(number: int) -> None:
    """Take an absence back.

    NUMBER is that of the absence, as absences tells it. One that has begun ends now. What was moved because of it
    stays where it is.
    """
    remove_time_off(number, actor=COMMAND, now=clock.now())
    click.echo(f"Absence {number} is taken back.")


def _ask_for_hours() -> list[tuple[DayHours, ...]]:
    entries = [click.prompt(FIRST_HOURS, type=HOURS)]
    while more := click.prompt(MORE_HOURS, type=HOURS, default=(), show_default=False):
        entries.append(more)
    return entries
