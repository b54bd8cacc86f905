"""``clinic setup``: the first thing to do with an empty database."""

import click

from scheduler import clock
from scheduler.cli.plainly import PlainGroup
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.clinic import setup_clinic

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
    """Write the clinic with its first location, and the appointment types and protocols that we ship.

    Asks for what is not given as an option. Works once, on a database without a clinic.
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
    click.echo(f"{name} is set up. Next: flask --app wsgi staff add")
