"""Where an uploaded file waits between being uploaded and being brought in: a private folder of this machine.

Files are readable by the service's own user only, deleted as soon as they are brought in or thrown away, and after an
hour in any case. Each has a random name; whoever uploaded it is the only one who may see it.
"""

import hashlib
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import IO, Any

from scheduler.errors import NotFound
from scheduler.usecases.imports.report import Problem, Report

LASTS = timedelta(hours=1)
STATE, DATA, REPORT, CLAIM = "state.json", "data", "report.json", "running"
State = dict[str, Any]


def open_room(secret_key: str, database_url: str) -> "WaitingRoom":
    """The folder for the uploads of the service with this key and database, the same for all of its processes."""
    mark = hashlib.sha256(f"{secret_key} {database_url}".encode()).hexdigest()[:12]
    return WaitingRoom(Path(tempfile.gettempdir()) / f"needletime-uploads-{mark}")


class WaitingRoom:
    """Files that wait, each with its state, in ``folder``; raises OSError if the folder is somebody else's."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise PermissionError(f"{folder} must be a folder that belongs to the service alone")
        self.folder = folder

    def keep(self, data: bytes, state: Mapping[str, Any]) -> str:
        """Keep a file; returns its token."""
        token = secrets.token_urlsafe(16)
        place = self.folder / token
        place.mkdir(mode=0o700)
        _write(place / DATA, data)
        self.save(token, dict(state))
        return token

    def state(self, token: str, owner: int | None) -> State:
        """What is known of a file; raises NotFound where there is none of this owner's."""
        try:
            state: State = json.loads((self._place(token) / STATE).read_bytes())
        except (OSError, ValueError):
            raise _gone() from None
        if state["owner"] != owner:
            raise _gone()
        return state

    def save(self, token: str, state: State) -> None:
        """Keep a state in place of the one before. Nothing if it was thrown away."""
        self._put(token, STATE, state)

    def data(self, token: str) -> bytes:
        """The file; raises NotFound when it is gone."""
        try:
            return (self._place(token) / DATA).read_bytes()
        except OSError:
            raise _gone() from None

    def keep_report(self, token: str, report: Report) -> None:
        """Keep what was found, to be looked at page by page."""
        told = {
            "outcomes": list(report.outcomes.items()),
            "problems": [asdict(problem) for problem in report.problems],
            "warnings": [asdict(warning) for warning in report.warnings],
            "notes": report.notes,
            "written": report.written,
        }
        self._put(token, REPORT, told)

    def report(self, token: str) -> Report | None:
        """What was found, if anything was looked for yet."""
        try:
            told = json.loads((self._place(token) / REPORT).read_bytes())
        except OSError:
            return None
        problems = [Problem(**problem) for problem in told["problems"]]
        notes = [(sentence, details) for sentence, details in told["notes"]]
        warnings = [Problem(**warning) for warning in told["warnings"]]
        return Report(dict(told["outcomes"]), problems, warnings, notes, told["written"])

    def forget_report(self, token: str) -> None:
        """Delete what was found: the choices are others now."""
        (self._place(token) / REPORT).unlink(missing_ok=True)

    def claim(self, token: str) -> IO[bytes] | None:
        """Be the one who brings it in until this is closed, or the process ends; None if somebody else is."""
        file = os.fdopen(os.open(self._place(token) / CLAIM, os.O_RDWR | os.O_CREAT, 0o600), "rb")
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    def is_claimed(self, token: str) -> bool:
        """Whether somebody who is alive brings it in: the system lets go of what a dead process had claimed."""
        try:
            with (self._place(token) / CLAIM).open("rb") as file:
                flock(file, LOCK_SH | LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def forget_data(self, token: str) -> None:
        """Delete the file; its state and what was found stay for an hour."""
        (self._place(token) / DATA).unlink(missing_ok=True)

    def drop(self, token: str) -> None:
        """Delete the file and all that is known of it."""
        place = self._place(token)
        if place.is_dir():
            for path in place.iterdir():
                path.unlink(missing_ok=True)
            place.rmdir()

    def waiting(self, owner: int | None) -> Iterator[tuple[str, State]]:
        """This owner's files."""
        for place in sorted(self.folder.iterdir()):
            try:
                yield place.name, self.state(place.name, owner)
            except NotFound:
                continue

    def sweep(self, now: datetime) -> None:
        """Delete what nobody touched for an hour."""
        for place in self.folder.iterdir():
            try:
                touched = max(path.stat().st_mtime for path in [place, *place.iterdir()])
            except OSError:
                continue
            if now - datetime.fromtimestamp(touched, UTC) > LASTS:
                self.drop(place.name)

    def _put(self, token: str, name: str, content: object) -> None:
        """Write what a page that is opened meanwhile sees whole or not at all, if the file was not thrown away."""
        place = self._place(token)
        if not place.is_dir():
            return
        fresh = place / f"{name}.{secrets.token_hex(4)}"
        _write(fresh, json.dumps(content).encode())
        fresh.replace(place / name)

    def _place(self, token: str) -> Path:
        if not token or len(token) > 40 or not token.replace("-", "").replace("_", "").isalnum():
            raise _gone()
        return self.folder / token


def _gone() -> NotFound:
    return NotFound("This file is not here any more; upload it again.")


def _write(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
