"""What one person is offered: weekly plans, or, when their weeks alternate and the program allows it, two."""

from collections.abc import Mapping
from dataclasses import replace

from iop_schedule.domain.placement.best_week import best_weeks
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.problem import Alternating, Problem
from iop_schedule.domain.placement.week_facts import WeekPlan


def suggested_weeks(
    problem: Problem,
    client_id: str,
    free: Openings | None = None,
    *,
    count: int = 3,
    prices: Mapping[str, float] | None = None,
) -> list[WeekPlan]:
    """Return up to `count` plans, best first; where only alternating ones are best, the last is a weekly one.

    A plan that is the same each week is easier to live by, so whoever has one at all is shown it. As
    `best_weeks` otherwise.

    Raises:
        KeyError: the problem has no such client.
    """
    plans = best_weeks(problem, client_id, free, count=count, prices=prices)
    if len(plans) > 0 and all(isinstance(plan.choice, Alternating) for plan in plans):
        alike = best_weeks(replace(problem, alternating=False), client_id, free, count=1, prices=prices)
        plans = [*plans[: count - len(alike)], *alike]
    return plans
