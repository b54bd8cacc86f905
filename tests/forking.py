"""Processes of a test's own, to race with others or to be killed.

They are forked from a server that has imported everything already: starting Python for each would take a core seconds.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE_SECONDS = 120
_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["flask_migrate", "tests.conftest", "tests.mail.support"])


class Child:
    """Another process that runs ``work(*arguments, ends)``; both speak through ``ends``, a Connection."""

    def __init__(self, work: Callable[..., None], *arguments: Any) -> None:
        self._ours, theirs = _forking.Pipe()
        self._process = _forking.Process(target=work, args=(*arguments, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def tell(self, word: Any) -> None:
        """Send something."""
        self._ours.send(word)

    def hear(self) -> Any:
        """The next that it says. Raises EOFError once it has ended."""
        assert self._ours.poll(PATIENCE_SECONDS), "it says nothing"
        return self._ours.recv()

    def hear_all(self) -> list[Any]:
        """What it says until it ends."""
        heard = []
        while True:
            try:
                heard.append(self.hear())
            except (EOFError, ConnectionResetError):
                return heard

    def exit_code(self) -> int | None:
        """How it ended: 0 is well, -9 killed."""
        self._process.join(PATIENCE_SECONDS)
        return self._process.exitcode

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join()
        self._ours.close()


@contextmanager
def forked(work: Callable[..., None], *arguments: Any) -> Iterator[Child]:
    """A process that does not outlive the block."""
    child = Child(work, *arguments)
    try:
        yield child
    finally:
        child.kill()
