"""Install Debian packages when we may; say in one sentence what to install when we may not."""

import functools
import os
import shutil
import subprocess
from pathlib import Path


class MissingProgram(RuntimeError):
    """A program of the system is missing and could not be installed; the message names its package."""


def install(package: str, purpose: str) -> None:
    """Install `package` with apt-get as root on Debian; raises MissingProgram where that is not possible."""
    advice = f"{purpose} needs {package}: install it first (on Debian: sudo apt-get install {package})."
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("apt-get"):
        raise MissingProgram(advice)
    print(f"Installing {package} ({purpose}) ...", flush=True)
    updated = _update()
    installed = _apt_get("install", "-y", "--no-install-recommends", package)
    if installed.returncode:
        failed = [installed, updated] if updated.returncode else [installed]
        words = [f"{done.args[-1]}:\n{_tail(done.stdout)}" for done in failed]
        raise MissingProgram("\n".join([advice, "apt-get failed here:", *words]))


@functools.cache
def _update() -> subprocess.CompletedProcess[str]:
    """Fetch the lists of packages, once; one source that is out of order need not stop what others have."""
    return _apt_get("update")


def _apt_get(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run apt-get with its words kept; it waits for another one, and asks a slow source again."""
    patience = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", "-qq"]
    return subprocess.run(
        ["apt-get", *patience, *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _tail(words: str) -> str:
    return "\n".join(words.splitlines()[-15:])


def keep_postgresql_asleep() -> None:
    """Tell Debian's packaging not to create, and so not to start, a cluster when PostgreSQL is installed."""
    folder = Path("/etc/postgresql-common/createcluster.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "needletime.conf").write_text("create_main_cluster = false\n")
