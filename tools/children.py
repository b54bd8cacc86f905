"""Child processes that do not outlive us."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str | os.PathLike[str]], *, death_signal: int = signal.SIGTERM, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that a Ctrl-C in the terminal reaches only us.

    On Linux the kernel sends it `death_signal` when the *thread* that called this ends, even by kill -9:
    call it from the main thread. `options` are Popen's.
    """
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(
        command, start_new_session=True, preexec_fn=_tie_to_parent(death_signal), **options
    )


def spawn_module(*module: str | os.PathLike[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start `python -m <module> <its arguments>` with the Python that runs us; `options` are Popen's."""
    return spawn([sys.executable, "-m", *module], **options)


def _tie_to_parent(death_signal: int) -> Callable[[], None] | None:
    if _libc is None:
        return None
    parent = os.getpid()

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # it died before the kernel knew whom to tell
            os._exit(1)

    return tie


def stop(child: subprocess.Popen[bytes], *signals: int, seconds_each: float = 10) -> int:
    """Send each signal (SIGTERM unless told) until the child ends, SIGKILL last; return its exit code."""
    for number in (*(signals or (signal.SIGTERM,)), signal.SIGKILL):
        if child.poll() is None:
            child.send_signal(number)
            try:
                child.wait(seconds_each)
            except subprocess.TimeoutExpired:
                continue
        break
    with suppress(ProcessLookupError):  # what a child that was killed left in its session
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()
