"""Which appointments of a diary stand although a private calendar says busy then."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from scheduler.planning.timeline import Horizon, busy_bits
from scheduler.usecases.booking.state import MOVABLE


class Standing(Protocol):
    """What is asked of an appointment."""

    @property
    def id(self) -> int: ...
    @property
    def practitioner_id(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


def clashing(
    entries: Iterable[Standing], private: Mapping[int, int], horizon: Horizon, *, now: datetime
) -> frozenset[int]:
    """Numbers of the appointments still to come that can be moved and touch ``private``, bits by practitioner.

    The same ones that busy_conflicts.list_busy_conflicts lists.
    """
    return frozenset(
        entry.id
        for entry in entries
        if private.get(entry.practitioner_id)
        and entry.starts_at >= now
        and entry.status in MOVABLE
        and busy_bits([(int(entry.starts_at.timestamp()), int(entry.ends_at.timestamp()))], horizon)
        & private[entry.practitioner_id]
    )
