"""Set up the working copy: .venv from the lock, the browser's files, compiled translations.

Runs on the system's bare Python: standard library only. Each step leaves a stamp of what it was made from in
.make/, so that a second run does nothing and a changed lock repeats just its step. `--dev` adds what tests,
checks and benchmarks need.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import apt, browser, pip, postgres, vendor

ROOT = vendor.ROOT
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
STAMPS = ROOT / ".make"
TRANSLATIONS = ROOT / "scheduler/translations"


def main() -> None:
    """Run every step that is due."""
    parser = argparse.ArgumentParser(prog="make setup", description="Set up the working copy.")
    parser.add_argument("--dev", action="store_true", help="also what tests, checks and benchmarks need")
    dev = parser.parse_args().dev
    with _one_at_a_time():
        _make_venv()
        _install("requirements.txt")
        if dev:
            _install("requirements-dev.txt")
        sources = [ROOT / "package-lock.json", Path(vendor.__file__)]
        _step("browser files", sources, lambda: vendor.fetch(PYTHON), done=vendor.complete())
        _compile_translations()
        if dev:
            _ensure_services()


def _make_venv() -> None:
    if PYTHON.exists() and _runs(PYTHON):
        return
    if importlib.util.find_spec("ensurepip") is None:
        apt.install(f"python3.{sys.version_info.minor}-venv", "Making .venv")
    print(f"Making .venv with Python {sys.version.split()[0]} ...", flush=True)
    _run(sys.executable, "-m", "venv", "--clear", VENV)


def _runs(python: Path) -> bool:
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], capture_output=True).returncode == 0


def _install(lock: str) -> None:
    sources = [ROOT / lock, VENV / "pyvenv.cfg"]
    _step(lock, sources, lambda: pip.install(PYTHON, ROOT / lock))


def _compile_translations() -> None:
    sources = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))
    if sources:
        done = all(path.with_suffix(".mo").exists() for path in sources)
        compile_all = ("-m", "babel.messages.frontend", "-q", "compile", "-d", TRANSLATIONS)
        _step("translations", sources, lambda: _run(PYTHON, *compile_all), done=done)


def _ensure_services() -> None:
    problems = []
    for ensure in (postgres.ensure_binaries, browser.ensure_chromium):
        try:
            ensure()
        except apt.MissingProgram as missing:
            problems.append(str(missing))
    if problems:
        sys.exit("\n".join(problems))


def _step(name: str, sources: Iterable[Path], make: Callable[[], None], *, done: bool = True) -> None:
    """Call `make` unless it was done from the very same sources."""
    digest = hashlib.sha256()
    for path in sources:
        # pyvenv.cfg's time tells a .venv that somebody made anew from the one we filled.
        identity = str(path.stat().st_mtime_ns).encode() if path.name == "pyvenv.cfg" else path.read_bytes()
        digest.update(b"%d:%b" % (len(identity), identity))
    stamp = STAMPS / name.replace(" ", "-")
    if done and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    print(f"Setting up: {name} ...", flush=True)
    stamp.unlink(missing_ok=True)
    make()
    stamp.write_text(digest.hexdigest())


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two set-ups of one working copy, say of `make run` and `make test`, take turns."""
    STAMPS.mkdir(exist_ok=True)
    with (STAMPS / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(*command: str | os.PathLike[str]) -> None:
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    try:
        main()
    except apt.MissingProgram as missing:
        sys.exit(str(missing))
    except subprocess.CalledProcessError as failure:
        shown = " ".join(map(str, failure.cmd[:4]))
        sys.exit(
            f"Set-up stopped: `{shown} ...` failed (exit code {failure.returncode}); its own words are above."
        )
    except KeyboardInterrupt:
        sys.exit(130)
