"""``clinic``: setting it up, its locations, and when they are closed."""

from datetime import datetime

import click

from scheduler import clock
from scheduler.cli.entries import WALL_TIME, list_absences, tell_absence
from scheduler.cli.plainly import PlainGroup
from scheduler.usecases.absences.entering import WallTime, add_closure, list_closures, remove_closure
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic.catalogue import add_location, setup_clinic
from scheduler.usecases.messages.summaries import set_summary

commands = PlainGroup("clinic", help="Set up the clinic itself.")


@commands.command("setup")
@click.option("--name", prompt="Name of the clinic", help="As patients know it.")
@click.option("--email", prompt="Email address of the desk", help="Answers to our mails go there.")
@click.option("--phone", prompt="Phone number of the desk", help="Stands in our mails.")
@click.option("--location", prompt="Name of the first location", help="Such as a part of town.")
@click.option("--address", prompt="Its address", help="Street and town, as it stands in mails and calendars.")
@click.option("--zone", prompt="Its time zone (such as Europe/Berlin)", help="IANA name of the time zone.")
@click.option("--rooms", prompt="How many treatment rooms", type=int, help="0 to 100.")
@click.option(
    "--locale",
    type=click.Choice(["en", "de"]),
    default="en",
    show_default=True,
    help="Language of screens and mails.",
)
def setup(
    name: str, email: str, phone: str, location: str, address: str, zone: str, rooms: int, locale: str
) -> None:
    """Write the clinic and its first location.

    Adds the appointment types and protocols that we ship. Asks for what is not given as an option. Works once, on a
    database without a clinic.
    """
    setup_clinic(
        name=name,
        email=email,
        phone=phone,
        location=location,
        address=address,
        zone=zone,
        rooms=rooms,
        locale=locale,
        actor=COMMAND,
        now=clock.now(),
    )
    click.echo(f"{name} is set up. Next: flask --app wsgi practitioner add")


@commands.command("add-location")
@click.option("--name", prompt="Name of the location", help="Such as a part of town.")
@click.option("--address", prompt="Its address", help="Street and town, as it stands in mails and calendars.")
@click.option("--zone", prompt="Its time zone (such as Europe/Berlin)", help="IANA name of the time zone.")
@click.option("--rooms", prompt="How many treatment rooms", type=int, help="0 to 100.")
def add_place(name: str, address: str, zone: str, rooms: int) -> None:
    """Add a further location.

    Asks for what is not given as an option.
    """
    place = add_location(name=name, address=address, zone=zone, rooms=rooms, actor=COMMAND, now=clock.now())
    click.echo(f"{place.name} is added.")


@commands.command("close")
@click.argument("location")
@click.argument("starts", metavar="FROM", type=WALL_TIME)
@click.argument("until", metavar="UNTIL", type=WALL_TIME)
@click.option("--room", metavar="NAME", help="Only this room is out of use; the location stays open.")
@click.option("--reason", default="", help="Such as a holiday.")
def close(location: str, starts: WallTime, until: WallTime, room: str | None, reason: str) -> None:
    """Note when a location is closed, or one of its rooms out of use.

    LOCATION is its name. FROM and UNTIL are dates, the last of which is a closed day, or date-times such as
    '2026-08-03 14:30', by the clock of the location. What is booked then stays; the command says how much it is.
    """
    absence = add_closure(location, starts, until, room=room, reason=reason, actor=COMMAND, now=clock.now())
    tell_absence(absence, "out of use" if room else "closed")


@commands.command("summary")
@click.option(
    "--to", "recipients", multiple=True, metavar="ADDRESS", help="Who gets it; repeat it for several."
)
@click.option(
    "--weekday", type=click.IntRange(0, 6), default=0, show_default=True, help="0 is Monday, 6 Sunday."
)
@click.option(
    "--at",
    "clock_time",
    type=click.DateTime(["%H:%M"]),
    default="07:00",
    show_default=True,
    help="Such as 07:00.",
)
def summary(recipients: tuple[str, ...], weekday: int, clock_time: datetime) -> None:
    """Say who gets the weekly summary of who is falling behind, and when.

    The time is that of the first location. Without --to nobody gets it any more.
    """
    minute = clock_time.hour * 60 + clock_time.minute
    set_summary(recipients=recipients, weekday=weekday, minute=minute, actor=COMMAND, now=clock.now())
    if recipients:
        click.echo(f"The summary goes to {', '.join(recipients)}.")
    else:
        click.echo("Nobody gets the summary any more.")


@commands.command("closures")
@click.option("--all", "past", is_flag=True, help="Those that are over, too.")
def closures(past: bool) -> None:
    """List when locations are closed and rooms out of use.

    The number of each closure, for the command reopen, and how much is still booked for that time.
    """
    list_absences(list_closures(past=past, now=clock.now()).items)


@commands.command("reopen")
@click.argument("number", type=int)
def reopen(number: int) -> None:
    """Take a closure back.

    NUMBER is that of the closure, as closures tells it. One that has begun ends now. What was moved because of it
    stays where it is.
    """
    remove_closure(number, actor=COMMAND, now=clock.now())
    click.echo(f"Closure {number} is taken back.")
