"""What an import found, row by row: what is wrong and why, and what became (or would become) of each row."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from scheduler.errors import InvalidInput, SchedulerError

Progress = Callable[[float], None]
"""Told the share that is done, 0 to 1."""
NEW, UPDATED, UNCHANGED, LEFT_OUT = "new", "updated", "unchanged", "left_out"
LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row; ``sentence`` is a msgid filled from ``details``."""

    row: int
    column: str
    value: str
    sentence: str
    details: dict[str, object]
    is_warning: bool = False
    """The row is brought in all the same."""

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
    """Why rows cannot be brought in."""
    warnings: list[Problem] = field(default_factory=list)
    """What is unusual about rows that are brought in all the same."""
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    """Sentences about the whole file, as msgid and details."""
    written: bool = False

    def refuse(self, row: int, column: str, value: object, error: InvalidInput) -> None:
        """Leave a row out and say why."""
        self.outcomes[row] = LEFT_OUT
        self.problems.append(Problem.of(row, column, value, error))

    def warn(self, row: int, column: str, value: object, sentence: str) -> None:
        """Tell what is unusual about a row, and bring it in."""
        self.warnings.append(Problem(row, column, str(value)[:LONGEST_VALUE], sentence, {}, is_warning=True))

    def copy(self) -> "Report":
        """The same, to be gone on with."""
        return replace(
            self,
            outcomes=dict(self.outcomes),
            problems=list(self.problems),
            warnings=list(self.warnings),
            notes=list(self.notes),
        )

    @property
    def told(self) -> list[Problem]:
        """Problems and warnings by row."""
        return sorted([*self.problems, *self.warnings], key=lambda one: one.row)

    @property
    def warned(self) -> int:
        """How many rows are unusual, and brought in all the same."""
        return len({one.row for one in self.warnings})

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
