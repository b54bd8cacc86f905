"""Free times as pickers show them: by day and practitioner."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from scheduler.usecases.series.alternatives import Alternative

Group = tuple[tuple[date, int], list[Alternative]]


def by_day(slots: Iterable[Alternative]) -> list[Group]:
    """((date, practitioner), their slots by start), in order."""
    ordered = sorted(slots, key=lambda slot: (slot.on, slot.practitioner_id, slot.starts_at))
    return [(key, list(rows)) for key, rows in groupby(ordered, lambda slot: (slot.on, slot.practitioner_id))]
