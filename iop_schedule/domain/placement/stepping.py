"""The same person's week at other doses: a step up, a step down, or a glide path of several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from iop_schedule.domain.placement.best_week import best_weeks
from iop_schedule.domain.placement.explain import Explanation, explain
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.problem import Choice, Dose, Problem
from iop_schedule.domain.placement.week_facts import WeekPlan

#: Points for each meeting that stays from one step to the next: a step is to change little.
KEPT_MEETING = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """One step: the problem as it is on its first day, what others leave then, and the dose."""

    problem: Problem
    free: Openings
    dose: Dose


@dataclass(frozen=True, slots=True)
class Stepped:
    """One step's week; without one, why not and what would help."""

    plan: WeekPlan | None
    explanation: Explanation | None


def stepped(client_id: str, steps: Sequence[Asked]) -> list[Stepped]:
    """Return the week of each step, changing as little as it can from the step before.

    Args:
        client_id: whose weeks; the first step begins from what this person attends in its problem.
        steps: in the order of their days.

    Raises:
        KeyError: a problem has no such client.
    """
    found: list[Stepped] = []
    held: Choice | None = None
    for step in steps:
        client = step.problem.client(client_id)
        current = client.current if held is None else held
        weights = replace(step.problem.weights, keep_bonus=max(KEPT_MEETING, step.problem.weights.keep_bonus))
        asked = replace(
            step.problem,
            clients=(replace(client, dose=step.dose, current=current),),
            weights=weights,
            alternating=step.problem.alternating and client.alternates,
        )
        plans = best_weeks(asked, client_id, step.free, count=1)
        found.append(
            Stepped(plans[0], None) if plans else Stepped(None, explain(asked, client_id, step.free))
        )
        held = plans[0].choice if plans else current
    return found
