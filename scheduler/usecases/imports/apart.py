"""An iCalendar file, read in a process apart.

Whoever wrote it can have put into it what they like: rules that repeat for ever, time zones that take for ever to
evaluate. The process that reads it has limits on time and memory, knows no secrets, and gives back text only.
"""

import json
import logging
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.errors import InvalidInput
from scheduler.usecases.imports.ics import Diary, Occurrence, read_diary
from scheduler.usecases.imports.report import Problem

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[3]
START = """
import sys, types
sys.modules["scheduler"] = service = types.ModuleType("scheduler")
service.__path__ = ["scheduler"]
from scheduler.usecases.imports.apart import main
main(*sys.argv[1:])
"""
"""The package stands in for itself: importing it would load the whole service, which takes seconds."""
MOST_SECONDS = 30
MOST_MEMORY = 1_000_000_000


class TooMuch(InvalidInput):
    """A limit was reached; ``reason`` says which, as calendars.refusals does."""

    sentence = "The calendar repeats too much to be read."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(field="file")


def read_diary_apart(
    data: bytes, zone: ZoneInfo, begin: datetime, end: datetime, *, most_seconds: float = MOST_SECONDS
) -> Diary:
    """What read_diary gives back or raises, by a process of its own; TooMuch when that takes too long or too much."""
    told = [zone.key, str(int(begin.timestamp())), str(int(end.timestamp()))]
    try:
        done = subprocess.run(
            [sys.executable, "-c", START, *told],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=most_seconds,
            cwd=ROOT,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooMuch("takes_long") from None
    if done.returncode:
        # Without its last words: they could hold what is in the calendar.
        log.warning("the reader of a calendar ended with %s", done.returncode)
        raise TooMuch("takes_much")
    answer = json.loads(done.stdout)
    if "refused" in answer:
        sentence, details = answer["refused"]
        raise InvalidInput(sentence, **details)
    return _from_json(answer)


def _to_json(diary: Diary) -> dict[str, Any]:
    """What is the same for all occurrences of an event once: the answer grows no larger than the file."""
    events = {one.number: (one.uid, one.title, one.is_private, one.is_all_day) for one in diary.occurrences}
    times = [
        (one.number, one.recurrence, int(one.starts_at.timestamp()), int(one.ends_at.timestamp()))
        for one in diary.occurrences
    ]
    return {
        "events": list(events.items()),
        "times": times,
        "problems": [asdict(one) for one in diary.problems],
        "passed_over": diary.passed_over,
    }


def _from_json(answer: dict[str, Any]) -> Diary:
    events = dict(answer["events"])
    occurrences = []
    for number, recurrence, *span in answer["times"]:
        uid, title, is_private, is_all_day = events[number]
        starts_at, ends_at = (datetime.fromtimestamp(each, UTC) for each in span)
        occurrences.append(
            Occurrence(number, uid, recurrence, starts_at, ends_at, title, is_private, is_all_day)
        )
    return Diary(occurrences, [Problem(**one) for one in answer["problems"]], answer["passed_over"])


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
    window = [datetime.fromtimestamp(int(each), UTC) for each in (begin, end)]
    try:
        answer = _to_json(read_diary(data, ZoneInfo(zone), *window))
    except InvalidInput as error:
        answer = {"refused": [error.sentence, dict(error.details)]}
    sys.stdout.write(json.dumps(answer))
