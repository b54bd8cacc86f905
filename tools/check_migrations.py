"""Run all migrations on an empty SQLite file and an empty PostgreSQL; fail if models and migrations differ."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.postgres import Cluster

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def _databases() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="needletime-") as folder, Cluster() as cluster:
        yield {
            "SQLite": f"sqlite:///{folder}/empty.db",
            "PostgreSQL": cluster.create_database("empty"),
        }


def _flask(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url, "SECRET_KEY": secrets.token_urlsafe(48)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def check() -> list[str]:
    """What is wrong, a paragraph each: a migration fails, is not at the head, or the models have moved on."""
    problems = []
    with _databases() as databases:
        for name, url in databases.items():
            for arguments in (("db", "upgrade"), ("db", "check")):
                done = _flask(url, *arguments)
                if done.returncode:
                    words = done.stdout.strip()[-4000:]
                    problems.append(f"{name}: `flask {' '.join(arguments)}` failed:\n{words}")
                    break
            else:
                print(f"Migrations and models agree on {name}.", flush=True)
    return problems


if __name__ == "__main__":
    if problems := check():
        sys.exit("\n\n".join(problems))
