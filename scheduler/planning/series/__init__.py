"""The best series of slots for a plan: `propose` is the way in.

The parts, each built on the ones before: `sessions` (question and answer), `costs` (the table of weights), `lanes`
(many diaries in one integer), `diary` (starts by day and cost), `legs` (what may follow what), `cells` and `search`
(the cheapest series), `reasons` and `explain` (what it costs and why), `proposals`.
"""

from scheduler.planning.series.costs import Weights
from scheduler.planning.series.proposals import best_series, clearly_different, propose, series_cost
from scheduler.planning.series.sessions import (
    Choice,
    Fixed,
    Note,
    PlacedSession,
    Preferences,
    Proposal,
    Supply,
    Unplaced,
    WantedSession,
)

__all__ = [
    "Choice",
    "Fixed",
    "Note",
    "PlacedSession",
    "Preferences",
    "Proposal",
    "Supply",
    "Unplaced",
    "WantedSession",
    "Weights",
    "best_series",
    "clearly_different",
    "propose",
    "series_cost",
]
