"""One sentence about what was just done, shown on the next page and read out by screen readers."""

from flask import flash

GOOD, BAD = "good", "bad"


def notice(sentence: str, mood: str = GOOD) -> None:
    """Keep a sentence (already translated) for the next page; ``mood`` is GOOD or BAD."""
    flash(sentence, mood)
