"""``messages``: looking at the mails that are owed."""

from datetime import datetime

import click

from scheduler import clock
from scheduler.cli.plainly import PlainGroup
from scheduler.usecases.messages.upcoming import DAYS, Upcoming, list_upcoming

commands = PlainGroup("messages", help="Look at the mails that are owed.")
MOST = 500


@commands.command("upcoming")
@click.option(
    "--days", type=click.IntRange(1, 60), default=DAYS, show_default=True, help="How far to look ahead."
)
def upcoming(days: int) -> None:
    """Say what would go out in the next days if nothing changed.

    Sends nothing and changes nothing. Times are UTC. What would not be sent after all says why.
    """
    found = list_upcoming(now=clock.now(), days=days, page_size=MOST)
    for row in found.items:
        click.echo(_line(row))
    if found.total > MOST:
        click.echo(f"… and {found.total - MOST} more.")
    count = sum(not row.why_not for row in found.items) + max(0, found.total - MOST)
    click.echo(f"{count} mails in {days} days.")


def _line(row: Upcoming) -> str:
    about = ", ".join(_moment(visit.starts_at) for visit in row.visits) or (row.about_on or "")
    line = f"{_moment(row.goes_out_at)}  {row.kind:20} {row.recipient}"
    line += f"  about {about}" if about else ""
    return f"{line}  NOT SENT: {row.why_not}" if row.why_not else line


def _moment(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M")
