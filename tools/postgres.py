"""Throw-away PostgreSQL clusters from the system's binaries, for tests, checks and benchmarks."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tools import apt, children, probe

USER = "needletime"
# Not TMPDIR: a socket's path may have 107 bytes at most, and root's TMPDIR may be closed to others.
_PARENT = Path("/tmp")
_PREFIX = "needletime-pg-"
_START_SECONDS = 120
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def find_binaries() -> Path | None:
    """The folder with initdb and postgres: the one on PATH, else Debian's newest."""
    on_path = shutil.which("initdb")
    if on_path and (folder := Path(on_path).resolve().parent).joinpath("postgres").exists():
        return folder
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


def ensure_binaries() -> Path:
    """The folder with PostgreSQL's binaries, installed with apt-get if need be; raises MissingProgram."""
    folder = find_binaries()
    if folder is None:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            apt.keep_postgresql_asleep()
        apt.install("postgresql", "Testing on PostgreSQL")
        folder = find_binaries()
    if folder is None:
        raise apt.MissingProgram("Testing on PostgreSQL needs initdb on PATH.")
    return folder


class Cluster:
    """One PostgreSQL server with its own data folder, on a free port of 127.0.0.1; gone after stop().

    Everybody on this machine may connect (trust), nobody else. With `durable=False` it skips every fsync:
    right for tests, wrong for measuring or for pulling plugs. Started by root, it runs as `postgres` or
    `nobody`. It ends with the process (the thread, to be exact: see children.spawn) that started it.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self.port = 0
        self._settings = {} if durable else _CARELESS
        self._server: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._owner = os.getpid()

    def start(self) -> Self:
        """Create the cluster and wait until it answers (about a second).

        Raises MissingProgram without the binaries, RuntimeError if it will not start.
        """
        binaries = ensure_binaries()
        _sweep_orphans()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_PARENT))
        atexit.register(self.stop)
        try:
            as_user = _unprivileged(self._folder)
            self._initialise(binaries, as_user)
            self._launch(binaries, as_user)
        except BaseException:
            self.stop()
            raise
        return self

    def url(self, dbname: str = "postgres") -> str:
        """SQLAlchemy's address of one database of this cluster."""
        return f"postgresql+psycopg://{USER}@{probe.HOST}:{self.port}/{dbname}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, a copy of `template` if given (nobody may be using it); return its URL."""
        from psycopg import sql

        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with self._connect() as connection:
            connection.execute(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, with everybody still connected to it."""
        from psycopg import sql

        with self._connect() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def stop(self) -> None:
        """Stop the server and delete its files; harmless when repeated, or in a forked child."""
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        if self._server is not None:
            children.stop(self._server, signal.SIGINT, signal.SIGQUIT)
            self._server = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        return self if self._server is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _initialise(self, binaries: Path, as_user: dict[str, Any]) -> None:
        assert self._folder is not None
        done = subprocess.run(
            [
                binaries / "initdb",
                f"--pgdata={self._folder / 'data'}",
                f"--username={USER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **as_user,
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")

    def _launch(self, binaries: Path, as_user: dict[str, Any]) -> None:
        """Start the server; again on another port if somebody took ours meanwhile."""
        assert self._folder is not None
        log = self._folder / "server.log"
        for _ in range(5):
            self.port = probe.free_port()
            settings = {
                "listen_addresses": probe.HOST,
                "port": str(self.port),
                "unix_socket_directories": str(self._folder),
                "max_connections": "200",
                "timezone": "UTC",
                **self._settings,
            }
            options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            with log.open("wb") as output:
                self._server = children.spawn(
                    [binaries / "postgres", "-D", self._folder / "data", *options],
                    death_signal=signal.SIGQUIT,
                    cwd=self._folder,
                    stdout=output,
                    stderr=output,
                    **as_user,
                )
            if self._answers():
                return
            words = log.read_text(errors="replace")
            children.stop(self._server, signal.SIGQUIT)
            if "could not bind" not in words:
                break
        raise RuntimeError(f"PostgreSQL did not start: {words.strip()[-2000:]}")

    def _answers(self) -> bool:
        import psycopg

        assert self._server is not None
        give_up_at = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up_at and self._server.poll() is None:
            with suppress(psycopg.OperationalError), self._connect():
                return True
            time.sleep(0.02)
        return False

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(host=probe.HOST, port=self.port, user=USER, dbname="postgres", autocommit=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Popen's options for a user that PostgreSQL accepts: it refuses root. Gives `folder` to that user."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`.")


def _sweep_orphans() -> None:
    """Delete what clusters left behind whose owner was killed before it could tidy up."""
    for folder in _PARENT.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (PermissionError, ValueError):
            continue
