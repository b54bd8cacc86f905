"""What an import found, row by row: what is wrong and why, and what became (or would become) of each row."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.errors import InvalidInput, SchedulerError

Progress = Callable[[float], None]
"""Told the share that is done, 0 to 1."""
NEW, UPDATED, UNCHANGED, LEFT_OUT = "new", "updated", "unchanged", "left_out"
LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be brought in; ``sentence`` is a msgid filled from ``details``."""

    row: int
    column: str
    value: str
    sentence: str
    details: dict[str, object]

    @classmethod
    def of(cls, row: int, column: str, value: object, error: SchedulerError) -> "Problem":
        """The problem that an error tells."""
        told = {name: str(value) for name, value in error.details.items() if name != "field"}
        return cls(row, column, str(value)[:LONGEST_VALUE], error.sentence, dict(told))


@dataclass(slots=True)
class Report:
    """The outcome of a dry run or of an import."""

    outcomes: dict[int, str] = field(default_factory=dict)
    """Row -> NEW, UPDATED, UNCHANGED or LEFT_OUT."""
    problems: list[Problem] = field(default_factory=list)
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    """Sentences about the whole file, as msgid and details."""
    written: bool = False

    def refuse(self, row: int, column: str, value: object, error: InvalidInput) -> None:
        """Leave a row out and say why."""
        self.outcomes[row] = LEFT_OUT
        self.problems.append(Problem.of(row, column, value, error))

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have which outcome."""
        found = Counter(self.outcomes.values())
        return {outcome: found[outcome] for outcome in (NEW, UPDATED, UNCHANGED, LEFT_OUT)}

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.outcomes)

    def may_write(self, only_good: bool) -> bool:
        """All rows or none, unless only the good ones were asked for."""
        return only_good or not self.problems


def silent(_share: float) -> None:
    """A progress that nobody watches."""
