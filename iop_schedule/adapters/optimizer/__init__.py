"""Placing everyone at once: column generation with the exact one-person search, HiGHS beneath."""

from iop_schedule.adapters.optimizer.opening import NewGroup, Opening, open_groups
from iop_schedule.adapters.optimizer.prices import seat_prices
from iop_schedule.adapters.optimizer.repair import Repair, WeekChange, affected_people, repair
from iop_schedule.adapters.optimizer.solve import Progress, solve

__all__ = [
    "NewGroup",
    "Opening",
    "Progress",
    "Repair",
    "WeekChange",
    "affected_people",
    "open_groups",
    "repair",
    "seat_prices",
    "solve",
]
