"""`make run`'s launcher on a copy of the working tree: starts, signs in, starts again, leaves nothing running."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tools import probe

ROOT = Path(__file__).parents[2]
OUR_SETTINGS = ("DATABASE_URL", "SECRET_KEY", "BASE_URL", "SMTP_URL", "MAIL_FROM", "RUN_CLOCK", "DEV_INBOX")
NOT_COPIED = shutil.ignore_patterns(".*", "instance", "node_modules", "tests", "bench", "docs", "__pycache__")
LAST_LINE = "Ctrl-C stops everything"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working tree with an instance/ of its own, kept through this module."""
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("run") / "copy", ignore=NOT_COPIED)


class Launched:
    """A launcher that has printed its sign-in."""

    def __init__(self, folder: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in OUR_SETTINGS}
        self.port = probe.free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.run_local", "--port", str(self.port)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.words = ""
        for line in self.process.stdout:
            self.words += line
            if LAST_LINE in line:
                break
        self.readiness = probe.http_status(self.port, "/readyz")
        self.parts = psutil.Process(self.process.pid).children()
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: signal.Signals) -> int:
        """Send a signal, unless it has ended before; its exit code."""
        self.process.send_signal(number)
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.words += self.process.communicate(timeout=60)[0]
        return self.process.wait(60)

    def survivors(self) -> list[psutil.Process]:
        """Who of the family is still alive half a minute after the end, at the latest."""
        _gone, alive = psutil.wait_procs(self.family, timeout=30)
        return alive


@pytest.fixture(scope="module")
def first(copy: Path) -> Launched:
    """The first start of an installation, ended by SIGTERM."""
    launcher = Launched(copy)
    launcher.end(signal.SIGTERM)
    return launcher


@pytest.fixture(scope="module")
def second(copy: Path, first: Launched) -> Launched:
    """A later start, ended by Ctrl-C."""
    launcher = Launched(copy)
    launcher.end(signal.SIGINT)
    return launcher


@pytest.fixture
def again(copy: Path, first: Launched) -> Iterator[Launched]:
    """A later start, running."""
    launcher = Launched(copy)
    yield launcher
    launcher.end(signal.SIGKILL)


def _instance_file(copy: Path, name: str) -> tuple[str, int]:
    path = copy / "instance" / name
    return path.read_text().strip(), stat.S_IMODE(path.stat().st_mode)


def _shown(launcher: Launched) -> dict[str, str]:
    rows = re.findall(r"^  (Needletime|Sign in as|Password|Mailbox) +(\S+)$", launcher.words, re.MULTILINE)
    return dict(rows)


def test_it_prints_the_address_and_the_sign_in_of_this_installation(copy: Path, first: Launched) -> None:
    password, mode = _instance_file(copy, "reception_password")
    address = f"http://127.0.0.1:{first.port}"
    assert _shown(first) == {
        "Needletime": address,
        "Sign in as": "reception",
        "Password": password,
        "Mailbox": f"{address}/dev/inbox",
    }, first.words
    assert re.fullmatch(r"(?:[a-z2-9]{4}-){3}[a-z2-9]{4}", password)
    assert mode == 0o600
    assert _instance_file(copy, "secret_key")[1] == 0o600
    assert stat.S_IMODE((copy / "instance").stat().st_mode) == 0o700


def test_it_is_ready_when_it_says_so(first: Launched) -> None:
    assert first.readiness == 200


def test_sigterm_stops_every_part_and_is_no_error(first: Launched) -> None:
    assert len(first.parts) == 2
    assert first.process.returncode == 0
    assert first.survivors() == []


def test_ctrl_c_stops_every_part_and_is_no_error(second: Launched) -> None:
    assert second.readiness == 200
    assert second.process.returncode == 0
    assert second.survivors() == []


def test_a_later_start_keeps_the_password(first: Launched, second: Launched) -> None:
    assert _shown(second)["Password"] == _shown(first)["Password"]


def test_no_part_outlives_a_launcher_that_was_killed(again: Launched) -> None:
    again.end(signal.SIGKILL)
    assert again.survivors() == []


@pytest.mark.parametrize("part", ["granian", "aiosmtpd"])
def test_when_one_part_dies_the_others_stop(again: Launched, part: str) -> None:
    [victim] = [child for child in again.parts if part in child.cmdline()]
    victim.kill()
    assert again.process.wait(60) == 1
    assert again.survivors() == []


@pytest.mark.parametrize(
    ("port", "sentence"),
    [
        ("0", "PORT must be a number from 1 to 65535, not '0': make run PORT=8000"),
        ("70000", "PORT must be a number from 1 to 65535, not '70000': make run PORT=8000"),
        ("http", "PORT must be a number from 1 to 65535, not 'http': make run PORT=8000"),
    ],
)
def test_a_wrong_port_gets_one_sentence(copy: Path, port: str, sentence: str) -> None:
    assert _refusal(copy, port) == sentence


def test_a_port_in_use_gets_one_sentence(copy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        sentence = f"Port {port} is already in use: choose another one, such as make run PORT={port + 1}."
        assert _refusal(copy, str(port)) == sentence


def _refusal(copy: Path, port: str) -> str:
    command = [sys.executable, "-m", "tools.run_local", "--port", port]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1
    return done.stderr.strip()
