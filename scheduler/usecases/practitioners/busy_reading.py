"""When a private calendar says that somebody is busy, read in a process apart.

Whoever owns the calendar can write into it what they like: rules that repeat for ever, time zones that take for ever to
evaluate. The process that reads it has limits on time and memory, knows no secrets, and gives back intervals only.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.calendars.refusals import Refused
from scheduler.errors import InvalidInput
from scheduler.usecases.imports.ics import read_diary
from scheduler.usecases.imports.recurrence import TOO_MUCH

ROOT = Path(__file__).resolve().parents[3]
MOST_SECONDS = 30
MOST_MEMORY = 1_000_000_000
Pair = tuple[int, int]


class BusyTimes(NamedTuple):
    """Intervals [start, end) in epoch seconds, by start, apart from each other; and how many entries were not read."""

    intervals: list[Pair]
    unread: int


def read_busy(data: bytes, zone: ZoneInfo, begin: datetime, end: datetime) -> BusyTimes:
    """The times in [begin, end) that the calendar shows as busy; whole days and floating times are the zone's.

    Cancelled and transparent entries count as free. Raises Refused for no calendar or too much of one.
    """
    if not data.rstrip().upper().endswith(b"END:VCALENDAR"):
        raise Refused("no_calendar")
    try:
        diary = read_diary(data, zone, begin, end)
    except InvalidInput as error:
        is_too_much = "most" in error.details or error.sentence == TOO_MUCH
        raise Refused("too_many" if is_too_much else "no_calendar") from None
    pairs = [
        (int(max(one.starts_at, begin).timestamp()), int(min(one.ends_at, end).timestamp()))
        for one in diary.occurrences
    ]
    return BusyTimes(_joined(pairs), len(diary.problems))


def read_busy_apart(
    data: bytes, zone: ZoneInfo, begin: datetime, end: datetime, *, most_seconds: float = MOST_SECONDS
) -> BusyTimes:
    """The same in a process of its own. Raises Refused, also when it takes too long or too much."""
    told = [zone.key, str(int(begin.timestamp())), str(int(end.timestamp()))]
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, *told],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=most_seconds,
            cwd=ROOT,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused("takes_long") from None
    if done.returncode:
        raise Refused("takes_much")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise Refused(answer["refused"])
    return BusyTimes([(start, until) for start, until in answer["intervals"]], answer["unread"])


def _joined(pairs: Iterable[Pair]) -> list[Pair]:
    joined: list[Pair] = []
    for start, end in sorted(pairs):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _limit() -> None:
    """No more memory or processor time than a calendar needs, where the system can be told."""
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))


def main(zone: str, begin: str, end: str) -> None:
    """Read a calendar from standard input; write JSON."""
    _limit()
    data = sys.stdin.buffer.read()
    try:
        found = read_busy(
            data, ZoneInfo(zone), *(datetime.fromtimestamp(int(each), UTC) for each in (begin, end))
        )
    except Refused as error:
        json.dump({"refused": error.reason}, sys.stdout)
    else:
        json.dump(found._asdict(), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
