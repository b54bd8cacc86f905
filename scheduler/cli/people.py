"""``staff``, ``api-key`` and ``feed``: who may sign in, call in, or subscribe."""

import sys

import click
from flask import current_app

from config import Settings
from scheduler import clock
from scheduler.calendars.links import feed_links
from scheduler.cli.plainly import PlainGroup
from scheduler.models import FeedDetail, Role
from scheduler.usecases.actors import COMMAND
from scheduler.usecases.feeds.tokens import issue_feed_token, list_feed_tokens, revoke_feed_token
from scheduler.usecases.staff.accounts import disable_staff, list_staff, set_password
from scheduler.usecases.staff.api_keys import issue_api_key, revoke_api_key
from scheduler.usecases.staff.people import add_staff

ROLES = click.Choice([role.value for role in Role])
password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, for scripts."
)
staff = PlainGroup("staff", help="People who sign in at the desk.")
api_key = PlainGroup("api-key", help="Keys of programs that call the REST API.")
feed = PlainGroup("feed", help="Secret calendar addresses of patients and practitioners.")


@staff.command("add")
@click.option("--email", prompt="Sign-in name (an email address or one word)", help="What they sign in with.")
@click.option("--name", prompt="Their name", help="As colleagues see it.")
@click.option("--role", prompt="Their role", type=ROLES, help="What they may do.")
@click.option("--practitioner", type=int, help="Number of the practitioner that they are, if they treat.")
@password_option
def add(email: str, name: str, role: str, practitioner: int | None, password_stdin: bool) -> None:
    """Let a person sign in.

    Asks for what is not given. A password has at least 10 characters.
    """
    row = add_staff(
        email=email,
        name=name,
        role=Role(role),
        password=_ask_for_password(password_stdin),
        practitioner_id=practitioner,
        actor=COMMAND,
        now=clock.now(),
    )
    click.echo(f"{row.name} can sign in as {row.email}.")


@staff.command("list")
def list_everybody() -> None:
    """List the people who sign in.

    Sign-in name, role and name; the disabled ones last.
    """
    for row in list_staff():
        disabled = f"  disabled on {row.archived_at:%Y-%m-%d}" if row.archived_at else ""
        click.echo(f"{row.email}  {row.role}  {row.name}{disabled}")


@staff.command("password")
@click.argument("email")
@password_option
def change_password(email: str, password_stdin: bool) -> None:
    """Give a person another password.

    EMAIL is their sign-in name. Signs them out everywhere. A password has at least 10 characters.
    """
    row = set_password(email, _ask_for_password(password_stdin), actor=COMMAND, now=clock.now())
    click.echo(f"{row.name} has another password and is signed out everywhere.")


@staff.command("disable")
@click.argument("email")
def disable(email: str) -> None:
    """Let a person sign in no more.

    EMAIL is their sign-in name. Signs them out everywhere, at once. What they did stays in the audit trail.
    """
    row = disable_staff(email, actor=COMMAND, now=clock.now())
    click.echo(f"{row.name} can sign in no more.")


def _ask_for_password(is_piped: bool) -> str:
    if is_piped:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


@api_key.command("issue")
@click.argument("name")
@click.option("--role", type=ROLES, required=True, help="What the program may do.")
def issue_key(name: str, role: str) -> None:
    """Make and print a key for a program.

    NAME says which program it is for. The key stands alone on the output and is not shown again.
    """
    click.echo(issue_api_key(name, Role(role), actor=COMMAND, now=clock.now()).key)


@api_key.command("revoke")
@click.argument("name")
def revoke_key(name: str) -> None:
    """Make the key called NAME useless."""
    revoke_api_key(name, actor=COMMAND, now=clock.now())
    click.echo(f"The key {name} is revoked.")


@feed.command("issue")
@click.option("--patient", "patient_id", type=int, help="Number of the patient whose appointments are shown.")
@click.option("--practitioner", "practitioner_id", type=int, help="Or number of the practitioner.")
@click.option("--name", default="", help="Tells several addresses of one person apart, such as phone.")
@click.option(
    "--detail",
    type=click.Choice([detail.value for detail in FeedDetail]),
    default=FeedDetail.MINIMAL.value,
    show_default=True,
    help="minimal titles give nothing away.",
)
@click.option("--alarm", "alarm_minutes", type=int, help="Ring so many minutes before each appointment.")
def issue_feed(
    patient_id: int | None, practitioner_id: int | None, name: str, detail: str, alarm_minutes: int | None
) -> None:
    """Make and print a secret calendar address.

    It belongs to one patient or one practitioner, stands alone on the output, and is not shown again.
    """
    issued = issue_feed_token(
        patient_id=patient_id,
        practitioner_id=practitioner_id,
        name=name,
        detail=detail,
        alarm_minutes=alarm_minutes,
        actor=COMMAND,
        now=clock.now(),
    )
    settings: Settings = current_app.config["SETTINGS"]
    click.echo(f"Calendar address number {issued.id}, for flask --app wsgi feed revoke:", err=True)
    click.echo(feed_links(settings.base_url, issued.secret).url)


@feed.command("list")
@click.option("--patient", "patient_id", type=int, help="Number of the patient.")
@click.option("--practitioner", "practitioner_id", type=int, help="Or number of the practitioner.")
def list_feeds(patient_id: int | None, practitioner_id: int | None) -> None:
    """List a person's calendar addresses.

    Number, day of issue, detail and name of those in use; the addresses themselves are not kept.
    """
    for token in list_feed_tokens(patient_id=patient_id, practitioner_id=practitioner_id):
        click.echo(f"{token.id}  {token.created_at:%Y-%m-%d}  {token.detail}  {token.name}".rstrip())


@feed.command("revoke")
@click.argument("token_id", metavar="ID", type=int)
def revoke_feed(token_id: int) -> None:
    """Let a calendar address show nothing any more.

    ID is its number, as issue and list tell it.
    """
    revoke_feed_token(token_id, actor=COMMAND, now=clock.now())
    click.echo(f"Calendar address {token_id} is revoked.")
