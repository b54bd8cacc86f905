"""The smallest change that puts broken plans back into their windows: `repair_plan` for one plan after a move, and
`repair_all` for many appointments displaced at once.
"""

from scheduler.planning.repair.course import Repair, RepairLine, Standing
from scheduler.planning.repair.plan import repair_plan

__all__ = ["Repair", "RepairLine", "Standing", "repair_plan"]
