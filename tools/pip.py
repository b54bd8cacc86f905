"""Install what a lock lists, and nothing else."""

import subprocess
from pathlib import Path

_OPTIONS = ("--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps")


def install(python: Path, lock: Path, *options: str) -> None:
    """Install a lock's packages for `python`, checking every hash; raises CalledProcessError."""
    command: list[str | Path] = [python, "-m", "pip", "install", *_OPTIONS, *options, "-r", lock]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
