"""The smallest change that puts broken plans back into their windows: `repair_plan` for one plan after a move, and
`repair_all` for many appointments displaced at once.

One plan: `course` (question and answer), `openings`, `stretches` (from one kept slot to the next), `plan`. Many:
`displaced` (question and answer), `market` (what is promised to whom), `chains`, `exact`, `many`.
"""

from scheduler.planning.repair.course import Repair, RepairLine, Standing
from scheduler.planning.repair.displaced import Displaced, DisplacedReason, Offer, RehousedLine
from scheduler.planning.repair.many import repair_all
from scheduler.planning.repair.plan import repair_plan

__all__ = [
    "Displaced",
    "DisplacedReason",
    "Offer",
    "RehousedLine",
    "Repair",
    "RepairLine",
    "Standing",
    "repair_all",
    "repair_plan",
]
