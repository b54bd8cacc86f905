"""`make run`: the service with a demo clinic, its clock and a local mailbox; Ctrl-C stops everything.

Everything it keeps is in instance/ (readable by you only): the database unless DATABASE_URL names another one,
the random secret key and reception password of this installation, and the mailbox, a Maildir. Mail never leaves
the machine: SMTP_URL from the environment is not used.
"""

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from tools import children, probe
from tools.probe import HOST

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = ROOT / "instance"
_START_SECONDS = 120
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 of them, none easily mistaken for another


def main() -> None:
    """Start the parts in order, print the address and the sign-in, wait."""
    port = _port_from_arguments()
    _stop_on_signals()
    INSTANCE.mkdir(exist_ok=True)
    INSTANCE.chmod(0o700)
    os.umask(0o077)
    password = _keep("reception_password", _readable_password)
    smtp_port = probe.free_port()
    environment = _environment(port, smtp_port, password)
    mailbox_command = ("aiosmtpd", "-n", "-l", f"{HOST}:{smtp_port}", "-c", "aiosmtpd.handlers.Mailbox")
    with _running(environment, *mailbox_command, environment["DEV_INBOX"]) as mailbox:
        _prepare_database(environment)
        _wait_until(lambda: probe.listens(smtp_port), mailbox, "The development mailbox")
        with _running(environment, "granian", *_granian_options(port)) as web:
            _wait_until(lambda: probe.http_status(port, "/readyz") == 200, web, "The web server")
            _print_sign_in(environment["BASE_URL"], password)
            _watch(mailbox, web)


def _port_from_arguments() -> int:
    parser = argparse.ArgumentParser(prog="make run", description="Start the service on this machine.")
    parser.add_argument("--port", default="8000", help="the port on 127.0.0.1 (default 8000)")
    text = parser.parse_args().port
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        sys.exit(f"PORT must be a number from 1 to 65535, not {text!r}: make run PORT=8000")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            sys.exit(f"You may not use port {port}: choose one above 1023, such as make run PORT=8000.")
        except OSError:
            other = port + 1 if port < 65535 else port - 1
            sys.exit(f"Port {port} is already in use: choose another one, such as make run PORT={other}.")
    return port


def _stop_on_signals() -> None:
    """Turn the first SIGINT, SIGTERM or SIGHUP into KeyboardInterrupt and ignore further ones."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)


def _environment(port: int, smtp_port: int, password: str) -> dict[str, str]:
    """The service's settings; the user's own are kept, except where mail goes."""
    defaults = {
        "SECRET_KEY": _keep("secret_key", lambda: secrets.token_urlsafe(48)),
        "BASE_URL": f"http://{HOST}:{port}",
        "MAIL_FROM": "desk@needletime.example",
        "LOG_LEVEL": "WARNING",
    }
    ours = {
        "SMTP_URL": f"smtp://{HOST}:{smtp_port}",
        "DEV_INBOX": str(INSTANCE / "mailbox"),
        "RUN_CLOCK": "1",
        "DEMO_PASSWORD": password,
        "PYTHONUNBUFFERED": "1",
    }
    return defaults | os.environ | ours


def _keep(name: str, make: Callable[[], str]) -> str:
    """The content of a secret file under instance/, made on first use."""
    path = INSTANCE / name
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make() + "\n")
    return path.read_text().strip()


def _readable_password() -> str:
    """80 random bits in four groups that can be typed from a screen."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def _granian_options(port: int) -> tuple[str, ...]:
    return (
        *("--interface", "wsgi", "--host", HOST, "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "8", "--workers-kill-timeout", "5", "--no-ws"),
        # Its warning about eight threads on few cores is not for us: ours wait for the database, not the cores.
        # No access log: addresses may carry a feed's token.
        *("--log-level", "error", "--no-access-log", "wsgi:app"),
    )


@contextmanager
def _running(environment: dict[str, str], *module: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module run as a child process, stopped in the end."""
    child = children.spawn_module(*module, cwd=ROOT, env=environment)
    try:
        yield child
    finally:
        children.stop(child)


def _prepare_database(environment: dict[str, str]) -> None:
    """Run the migrations; load the demo clinic if there is no data."""
    commands = ("db", "upgrade", "--", "demo", "load", "--if-empty")
    with _running(environment, "tools.prepare_local", *commands) as child:
        if child.wait():
            sys.exit("Not started: the database could not be prepared; the reason is above.")


def _wait_until(ready: Callable[[], bool], child: subprocess.Popen[bytes], name: str) -> None:
    give_up_at = time.monotonic() + _START_SECONDS
    while not ready():
        if child.poll() is not None:
            sys.exit(f"{name} ended (exit code {child.returncode}) before it was ready; its words are above.")
        if time.monotonic() > give_up_at:
            sys.exit(f"{name} was not ready after {_START_SECONDS} seconds.")
        time.sleep(0.05)


def _print_sign_in(address: str, password: str) -> None:
    lines = [
        f"Needletime    {address}",
        "Sign in as    reception",
        f"Password      {password}",
        f"Mailbox       {address}/dev/inbox",
        "",
        f"Start with    {address}/diary",
        f"              {address}/gaps      who could use what became free",
        f"              {address}/behind    who is falling behind",
        "",
        "Ctrl-C stops everything; the data stays in instance/.",
    ]
    if "DATABASE_URL" in os.environ:
        lines[-1:] = ["Ctrl-C stops everything; the data stays in your database.", ""]
        lines += ["A database that was not empty keeps its own people and passwords."]
    width = max(map(len, lines)) + 4
    rows = ["-" * width, *(f"  {line}".rstrip() for line in lines), "-" * width]
    print("\n" + "\n".join(rows) + "\n", flush=True)


def _watch(mailbox: subprocess.Popen[bytes], web: subprocess.Popen[bytes]) -> None:
    """Wait until a part ends by itself; a signal ends the wait as KeyboardInterrupt."""
    while True:
        for child, name in ((web, "The web server"), (mailbox, "The development mailbox")):
            if child.poll() is not None:
                sys.exit(f"{name} ended (exit code {child.returncode}): stopping everything.")
        time.sleep(0.5)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nStopped.", flush=True)
