"""Dispatchers in processes of their own, to race with others or to be killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection

from scheduler import create_app
from scheduler.mail import dispatcher
from tests.conftest import settings_for
from tests.forking import Child, forked
from tests.mail.support import mailer


class Dispatcher:
    """One run of the dispatcher in another process, which is ready and runs when told to."""

    def __init__(self, child: Child) -> None:
        self._child = child
        assert child.hear() == "ready"

    def go(self) -> None:
        """Run."""
        self._child.tell("go")

    def sent(self) -> int:
        """How many it sent, when it is done."""
        return int(self._child.hear())

    def kill(self) -> None:
        """kill -9."""
        self._child.kill()


@contextmanager
def dispatcher_at(database_url: str, port: int, now: datetime, batch: int = 100) -> Iterator[Dispatcher]:
    """A dispatcher that does not outlive the block."""
    with forked(_dispatch, database_url, port, now, batch) as child:
        yield Dispatcher(child)


def _dispatch(database_url: str, port: int, now: datetime, batch: int, ends: Connection) -> None:
    dispatcher.FIRST_BATCH = dispatcher.SMALLEST_BATCH = dispatcher.LARGEST_BATCH = batch
    app = create_app(settings_for(database_url))
    ends.send("ready")
    ends.recv()
    with app.app_context():
        tally = dispatcher.dispatch_messages(mailer(port), clock=lambda: now)
    ends.send(tally.sent)
