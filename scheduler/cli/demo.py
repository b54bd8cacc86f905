"""``demo load``: an invented clinic with a past and a future, to try things out or to measure."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click
from flask import current_app

from config import Settings
from scheduler import clock
from scheduler.calendars.links import feed_links
from scheduler.cli.plainly import PlainGroup
from scheduler.usecases.actors import COMMAND

PARTS = 1000
"""Into how many steps a progress bar is divided."""
commands = PlainGroup("demo", help="Fill an empty database with an invented clinic.")


@commands.command("load")
@click.option("--practitioners", default=6, show_default=True, help="How many people treat.")
@click.option("--patients", default=240, show_default=True, help="How many patients are known.")
@click.option("--weeks", default=26, show_default=True, help="How many weeks of diary lie behind us.")
@click.option("--seed", default=1, show_default=True, help="Another number makes another clinic.")
@click.option(
    "--password", help="For the three sign-ins; default: DEMO_PASSWORD, else a random one is shown."
)
@click.option("--if-empty", is_flag=True, help="Do nothing, without an error, if there is data already.")
def load(
    practitioners: int, patients: int, weeks: int, seed: int, password: str | None, if_empty: bool
) -> None:
    """Invent a clinic with a full diary.

    Fills an empty database with people, rooms, hours, leave, plans in every state and their appointments.

    The same numbers on the same day make the same clinic. Nobody in it is real, and no mail of its past is sent; what
    it owes from now on is, to addresses that exist nowhere. Sign in as reception, admin or practitioner.
    """
    # Imported here because every web process imports this module, and none needs public holidays in its memory.
    from scheduler.usecases.demo.invent import invent_demo
    from scheduler.usecases.demo.load import SIGN_INS, has_data, load_demo
    from scheduler.usecases.demo.morning import play_morning
    from scheduler.usecases.demo.size import DemoSize

    settings: Settings = current_app.config["SETTINGS"]
    if has_data():
        if not if_empty:
            raise click.ClickException("There is data already: the demo clinic needs an empty database.")
        click.echo("There is data already: the demo clinic is not loaded.")
        return
    chosen = password or settings.demo_password
    size, now = DemoSize(practitioners, patients, weeks, seed), clock.now()
    with _progress("Living through its past") as progress:
        demo = invent_demo(size, now=now, progress=progress)
    random_password = secrets.token_urlsafe(12)
    with _progress("Writing it down") as progress:
        loaded = load_demo(
            demo, password=chosen or random_password, actor=COMMAND, now=now, progress=progress
        )
    with _progress("Opening the doors") as progress:
        play_morning(
            example_patient_id=demo.example_patient_id,
            link_key=settings.secret_key,
            now=now,
            progress=progress,
        )
    click.echo(_summary(demo.house.clinic.name, practitioners, loaded.counts))
    click.echo(f"Sign-ins: {', '.join(SIGN_INS)}." + ("" if chosen else f" Password: {random_password}"))
    click.echo(f"A patient in the middle of a plan: {settings.base_url}/patients/{demo.example_patient_id}")
    click.echo(f"A patient's calendar: {feed_links(settings.base_url, loaded.feed_secret).url}")


def _summary(clinic: str, practitioners: int, counts: Mapping[str, int]) -> str:
    """What was made, in a line."""
    patients, plans, booked = (counts[name] for name in ("patients", "treatment_plans", "appointments"))
    return f"{clinic}: {practitioners} practitioners, {patients:,} patients, {plans:,} plans, {booked:,} appointments."


@contextmanager
def _progress(label: str) -> Iterator[Callable[[float], None]]:
    """A bar on the terminal, moved by telling it the share that is done."""
    with click.progressbar(length=PARTS, label=label, width=30) as bar:

        def move(share: float) -> None:
            bar.update(round(share * PARTS) - bar.pos)

        yield move
