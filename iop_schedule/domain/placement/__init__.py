"""Placement: fitting treatment into each person's week.

`broken_rules` says what is legal; `best_weeks` finds where one person fits; `why_not` says what
keeps every other meeting out. How: `docs/placement.md`.
"""

from iop_schedule.domain.placement.best_week import Gap, WeekFacts, WeekOf, WeekPlan, best_weeks, week_plan
from iop_schedule.domain.placement.legality import BrokenRule, Rule, broken_for, broken_rules
from iop_schedule.domain.placement.objective import (
    UNITS_PER_POINT,
    choice_points,
    meeting_value,
    objective,
    part_of_day,
)
from iop_schedule.domain.placement.openings import (
    Blocked,
    Openings,
    WhyNot,
    fitting_groups,
    openings,
    why_not,
)
from iop_schedule.domain.placement.problem import (
    Alternating,
    Because,
    Choice,
    Client,
    Commitment,
    DayPart,
    Dose,
    Group,
    Meeting,
    Offer,
    Plan,
    PlanStatus,
    Preferences,
    Problem,
    Unplaced,
    Weights,
    WouldFit,
    meetings_in,
    offers,
    weeks_of,
)

__all__ = [
    "UNITS_PER_POINT",
    "Alternating",
    "Because",
    "Blocked",
    "BrokenRule",
    "Choice",
    "Client",
    "Commitment",
    "DayPart",
    "Dose",
    "Gap",
    "Group",
    "Meeting",
    "Offer",
    "Openings",
    "Plan",
    "PlanStatus",
    "Preferences",
    "Problem",
    "Rule",
    "Unplaced",
    "WeekFacts",
    "WeekOf",
    "WeekPlan",
    "Weights",
    "WhyNot",
    "WouldFit",
    "best_weeks",
    "broken_for",
    "broken_rules",
    "choice_points",
    "fitting_groups",
    "meeting_value",
    "meetings_in",
    "objective",
    "offers",
    "openings",
    "part_of_day",
    "week_plan",
    "weeks_of",
    "why_not",
]
