"""Install Debian packages when we may; say in one sentence what to install when we may not."""

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
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    wait_for_lock = ["-o", "DPkg::Lock::Timeout=300", "-qq"]
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = subprocess.run(
            ["apt-get", *wait_for_lock, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            tail = "\n".join(done.stdout.splitlines()[-15:])
            raise MissingProgram(f"{advice}\napt-get {arguments[0]} failed here:\n{tail}")


def keep_postgresql_asleep() -> None:
    """Tell Debian's packaging not to create, and so not to start, a cluster when PostgreSQL is installed."""
    folder = Path("/etc/postgresql-common/createcluster.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "needletime.conf").write_text("create_main_cluster = false\n")
