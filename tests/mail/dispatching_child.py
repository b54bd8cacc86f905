"""Dispatchers in processes of their own, to race with others or to be killed.

They are forked from a server that has imported everything already: starting Python for each would take seconds.
"""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection

from scheduler import create_app
from scheduler.mail import dispatcher
from tests.conftest import settings_for
from tests.mail.support import mailer

PATIENCE_SECONDS = 60
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload([__name__])


class Dispatcher:
    """One run of the dispatcher in another process: ready once made, runs when told to."""

    def __init__(self, database_url: str, port: int, now: datetime, batch: int) -> None:
        self._ours, theirs = _forking.Pipe()
        self._process = _forking.Process(
            target=_dispatch, args=(database_url, port, now, batch, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        self._expect("ready")

    def go(self) -> None:
        """Run."""
        self._ours.send("go")

    def sent(self) -> int:
        """How many it sent, when it is done."""
        assert self._ours.poll(PATIENCE_SECONDS)
        return int(self._ours.recv())

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join()
        self._ours.close()

    def _expect(self, word: str) -> None:
        assert self._ours.poll(PATIENCE_SECONDS)
        assert self._ours.recv() == word


@contextmanager
def dispatcher_at(database_url: str, port: int, now: datetime, batch: int = 100) -> Iterator[Dispatcher]:
    """A dispatcher that does not outlive the block."""
    child = Dispatcher(database_url, port, now, batch)
    try:
        yield child
    finally:
        child.kill()


def _dispatch(database_url: str, port: int, now: datetime, batch: int, theirs: Connection) -> None:
    dispatcher.FIRST_BATCH = dispatcher.SMALLEST_BATCH = dispatcher.LARGEST_BATCH = batch
    app = create_app(settings_for(database_url))
    theirs.send("ready")
    theirs.recv()
    with app.app_context():
        tally = dispatcher.dispatch_messages(mailer(port), clock=lambda: now)
    theirs.send(tally.sent)
