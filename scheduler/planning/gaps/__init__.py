"""Who could use a free slot: plans that are behind, then the waitlist, then plans that would move forward.

A slot is an `Opening`; what wants it is one of three kinds of `Claim` (`claims`). `shortlist` judges each by days and
wishes and puts them in order, `fitted` finds each a start at which its patient is free and rested, `one_each` keeps a
patient's first.
"""

from scheduler.planning.gaps.claims import (
    Claim,
    Engaged,
    Entry,
    Neighbour,
    Note,
    Opening,
    Ranked,
    ToMove,
    ToPlace,
    Wishes,
)
from scheduler.planning.gaps.fitting import fitted, one_each
from scheduler.planning.gaps.shortlist import movable_to, shortlist

__all__ = [
    "Claim",
    "Engaged",
    "Entry",
    "Neighbour",
    "Note",
    "Opening",
    "Ranked",
    "ToMove",
    "ToPlace",
    "Wishes",
    "fitted",
    "movable_to",
    "one_each",
    "shortlist",
]
