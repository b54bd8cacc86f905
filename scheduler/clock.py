"""now(): the only reader of the system clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, UTC, to the second (finer parts would not survive storage)."""
    return datetime.now(UTC).replace(microsecond=0)
