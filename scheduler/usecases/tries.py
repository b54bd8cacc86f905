"""Counting what is tried too often: the next try waits longer each time, until there was a pause.

What is counted by: a sign-in name, a network address, a patient's link. Nothing of it is kept in the process, so that
every process counts alike.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from scheduler.errors import TooManyTries
from scheduler.models.staff import SignInFailure
from scheduler.transaction import lock_resources, reading, writing

LONGEST_WAIT_SECONDS = 15 * 60
KEPT_FOR = timedelta(hours=24)
"""No limit remembers for longer."""
PREFIX_OF_ONE_PLACE = 64
"""Bits of an IPv6 address that tell one household or office from the next; the rest is theirs to choose."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries in a row are free, and after which pause (at most KEPT_FOR) they are forgotten."""

    free: int
    forgotten_after: timedelta

    def wait_seconds(self, tries: int) -> int:
        """How long nobody looks at a try after so many in a row: nothing at first, then doubling."""
        if tries <= self.free:
            return 0
        return min(1 << min(tries - self.free, 20), LONGEST_WAIT_SECONDS)


UNKNOWN_LINKS = Limit(20, timedelta(hours=1))
"""Links that open nothing, by network address: who shares one with a guesser still opens links that are good."""
POSTS = Limit(40, timedelta(minutes=10))
"""What is sent by one link: far more than somebody does who means it."""


def count_try(session: Session, subjects: Sequence[str], limit: Limit, *, now: datetime) -> int:
    """Count one try for each of the subjects, in the open transaction; 0.

    More than 0: one of them must wait so many seconds, and nothing was counted.
    """
    lock_resources(session, [("sign_in", zlib.crc32(subject.encode()) >> 1) for subject in subjects])
    query = select(SignInFailure).where(SignInFailure.subject.in_(subjects))
    rows = {row.subject: row for row in session.scalars(query)}
    wait = _seconds_until(max((row.blocked_until for row in rows.values()), default=now), now)
    if wait:
        return wait
    for subject in subjects:
        row = rows.get(subject)
        if row is None:
            session.add(SignInFailure(subject=subject, failures=1, blocked_until=now))
            continue
        row.failures = 1 if now - row.blocked_until > limit.forgotten_after else row.failures + 1
        row.blocked_until = now + timedelta(seconds=limit.wait_seconds(row.failures))
    return 0


def forget_tries(session: Session, subjects: Sequence[str]) -> None:
    """Forget the tries of these subjects: one succeeded."""
    session.execute(delete(SignInFailure).where(SignInFailure.subject.in_(subjects)))


def count_unknown_link(source: str, *, now: datetime) -> None:
    """Count a link that opened nothing for the network address that asked. Raises TooManyTries.

    Only those are counted, and while an address waits, they are only looked up: no write, whoever asks how often.
    """
    subject = f"link:{_place(source)}"
    _refuse(_wait_of(subject, now=now) or _count(subject, UNKNOWN_LINKS, now=now))


def count_post(link: str, *, now: datetime) -> None:
    """Count what was sent by a link that is good; ``link`` names it without its secret. Raises TooManyTries."""
    _refuse(_count(f"post:{link}", POSTS, now=now))


def _refuse(wait: int) -> None:
    if wait:
        raise TooManyTries(retry_after_seconds=wait)


@reading
def _wait_of(session: Session, subject: str, *, now: datetime) -> int:
    until = session.scalar(
        select(func.max(SignInFailure.blocked_until)).where(SignInFailure.subject == subject)
    )
    return _seconds_until(until or now, now)


@writing
def _count(session: Session, subject: str, limit: Limit, *, now: datetime) -> int:
    return count_try(session, [subject], limit, now=now)


def _seconds_until(instant: datetime, now: datetime) -> int:
    return max(ceil((instant - now).total_seconds()), 0)


def _place(source: str) -> str:
    """The address, or of an IPv6 address the part that belongs to one place."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if not isinstance(address, IPv6Address):
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> PREFIX_OF_ONE_PLACE << PREFIX_OF_ONE_PLACE))
