"""Lock every dependency: Python's with hashes for any platform, npm's with integrity sums; no registry address.

Versions already locked are kept; arguments go to uv, for example `--upgrade` or `--upgrade-package flask`.
"""

import subprocess
import sys
from pathlib import Path

from tools import vendor

# requirements-dev.txt after requirements.txt: its .in file is constrained by that lock.
_LOCKS = ("requirements", "requirements-dev", "tools/node")
_COMPILE = (
    *("uv", "pip", "compile", "--quiet", "--no-config", "--universal", "--python-version=3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--custom-compile-command=make lock"),
)


def lock(arguments: list[str]) -> None:
    """Write the locks anew."""
    for name in _LOCKS:
        print(f"Locking {name}.in ...", flush=True)
        command = [sys.executable, "-m", *_COMPILE, *arguments, f"{name}.in", f"--output-file={name}.txt"]
        subprocess.run(command, cwd=vendor.ROOT, check=True)
    print("Locking package.json ...", flush=True)
    vendor.lock(Path(sys.executable))


if __name__ == "__main__":
    try:
        lock(sys.argv[1:])
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)
