"""Placement: fitting treatment into each person's week.

`broken_rules` says what is legal; `best_weeks` finds where one person fits; `why_not` says what
keeps every other meeting out; `explain` says what clashes when nothing fits, and what would help.
How: `docs/placement.md`.
"""

from iop_schedule.domain.placement.best_week import best_weeks
from iop_schedule.domain.placement.caseload import (
    Figures,
    Served,
    figures,
    settled,
    shares_served,
    undisturbed,
    work_pattern,
)
from iop_schedule.domain.placement.changes import Change, ChangeKind, apply_changes, change_code, change_words
from iop_schedule.domain.placement.clash import Clash, ClashKind
from iop_schedule.domain.placement.demand import (
    Effect,
    could_attend,
    effect_of,
    free_people,
    without_their_hours,
)
from iop_schedule.domain.placement.explain import (
    Explanation,
    Proposal,
    clash_code,
    clash_words,
    explain,
    sentences,
    unplaced,
)
from iop_schedule.domain.placement.legality import BrokenRule, Rule, broken_for, broken_rules
from iop_schedule.domain.placement.new_groups import possible_groups, usual_week_minutes
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
from iop_schedule.domain.placement.patterns import Pattern, collapse, rota_changes, rota_days
from iop_schedule.domain.placement.prices import Prices
from iop_schedule.domain.placement.problem import (
    Alternating,
    Because,
    Choice,
    Client,
    Commitment,
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
    apart_pairs,
    choice_of,
    fewest_minutes,
    meetings_in,
    offers,
    seats_taken,
    shared_meetings,
    weeks_by_meeting,
    weeks_of,
)
from iop_schedule.domain.placement.repairing import (
    Touched,
    touched,
    with_meeting_moved,
    with_what_is_left,
    without_meetings,
)
from iop_schedule.domain.placement.staffing import FreeCounselor, FreeRoom, PossibleGroup, not_together
from iop_schedule.domain.placement.stepping import Asked, Stepped, stepped
from iop_schedule.domain.placement.suggesting import suggested_weeks
from iop_schedule.domain.placement.unlocking import unlocking
from iop_schedule.domain.placement.valuation import Valuation
from iop_schedule.domain.placement.week_facts import Gap, WeekFacts, WeekOf, WeekPlan, week_plan
from iop_schedule.domain.placement.wishes_kept import WishesKept, wishes_kept
from iop_schedule.domain.placement.words import clock, commitment_code, commitment_words, hours, meeting_words
from iop_schedule.vocabulary import DayPart

__all__ = [
    "UNITS_PER_POINT",
    "Alternating",
    "Asked",
    "Because",
    "Blocked",
    "BrokenRule",
    "Change",
    "ChangeKind",
    "Choice",
    "Clash",
    "ClashKind",
    "Client",
    "Commitment",
    "DayPart",
    "Dose",
    "Effect",
    "Explanation",
    "Figures",
    "FreeCounselor",
    "FreeRoom",
    "Gap",
    "Group",
    "Meeting",
    "Offer",
    "Openings",
    "Pattern",
    "Plan",
    "PlanStatus",
    "PossibleGroup",
    "Preferences",
    "Prices",
    "Problem",
    "Proposal",
    "Rule",
    "Served",
    "Stepped",
    "Touched",
    "Unplaced",
    "Valuation",
    "WeekFacts",
    "WeekOf",
    "WeekPlan",
    "Weights",
    "WhyNot",
    "WishesKept",
    "WouldFit",
    "apart_pairs",
    "apply_changes",
    "best_weeks",
    "broken_for",
    "broken_rules",
    "change_code",
    "change_words",
    "choice_of",
    "choice_points",
    "clash_code",
    "clash_words",
    "clock",
    "collapse",
    "commitment_code",
    "commitment_words",
    "could_attend",
    "effect_of",
    "explain",
    "fewest_minutes",
    "figures",
    "fitting_groups",
    "free_people",
    "hours",
    "meeting_value",
    "meeting_words",
    "meetings_in",
    "not_together",
    "objective",
    "offers",
    "openings",
    "part_of_day",
    "possible_groups",
    "rota_changes",
    "rota_days",
    "seats_taken",
    "sentences",
    "settled",
    "shared_meetings",
    "shares_served",
    "stepped",
    "suggested_weeks",
    "touched",
    "undisturbed",
    "unlocking",
    "unplaced",
    "usual_week_minutes",
    "week_plan",
    "weeks_by_meeting",
    "weeks_of",
    "why_not",
    "wishes_kept",
    "with_meeting_moved",
    "with_what_is_left",
    "without_meetings",
    "without_their_hours",
    "work_pattern",
]
