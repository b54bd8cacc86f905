"""The arithmetic of reports: bands, shares and medians, without a day or an appointment of its own."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

LEAD_BANDS = (0, 2, 7, 14, 28)
"""First day of each band of days between booking and appointment; the last one is open."""
WAIT_BANDS = (0, 4, 8, 15, 29)
"""The same for the days from writing a plan to its first session."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """What became of appointments that were to take place: kept, missed without a word, cancelled late."""

    kept: int = 0
    missed: int = 0
    late: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.kept + self.missed + self.late

    def __add__(self, other: "Attendance") -> "Attendance":
        return Attendance(self.kept + other.kept, self.missed + other.missed, self.late + other.late)


def share(part: float, whole: float) -> float | None:
    """``part`` of ``whole`` in percent; None where there is no whole."""
    return 100 * part / whole if whole > 0 else None


def band_of(value: int, firsts: Sequence[int]) -> int:
    """The number of the band that a value lies in; what lies below the first band belongs to it."""
    return max(bisect_right(firsts, value) - 1, 0)


def band_ends(firsts: Sequence[int]) -> list[tuple[int, int | None]]:
    """Each band's first and last value, both included; the last band has no end."""
    return [(first, None if at + 1 == len(firsts) else firsts[at + 1] - 1) for at, first in enumerate(firsts)]


def counted(values: Iterable[int], firsts: Sequence[int]) -> list[int]:
    """How many values lie in each band."""
    found = [0] * len(firsts)
    for value in values:
        found[band_of(value, firsts)] += 1
    return found


def middle(values: Sequence[int]) -> float | None:
    """The median; None of nothing."""
    return float(median(values)) if values else None
