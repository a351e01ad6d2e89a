"""Placing everyone at once: column generation with the exact one-person search, HiGHS beneath."""

from iop_schedule.adapters.optimizer.caseload import CaseloadPlan, plan_caseload
from iop_schedule.adapters.optimizer.individual import (
    Counselor,
    Hours,
    Session,
    Sessions,
    individual_sessions,
)
from iop_schedule.adapters.optimizer.opening import Opening, open_groups
from iop_schedule.adapters.optimizer.opening_question import NewGroup
from iop_schedule.adapters.optimizer.prices import seat_prices
from iop_schedule.adapters.optimizer.repair import Repair, repair
from iop_schedule.adapters.optimizer.solve import Progress, solve

__all__ = [
    "CaseloadPlan",
    "Counselor",
    "Hours",
    "NewGroup",
    "Opening",
    "Progress",
    "Repair",
    "Session",
    "Sessions",
    "individual_sessions",
    "open_groups",
    "plan_caseload",
    "repair",
    "seat_prices",
    "solve",
]
