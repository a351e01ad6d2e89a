"""After a change — a counselor out, a shift moved, a room closed — plan anew with the fewest changes.

People whom the change does not touch are not asked to pay for it. Those with a whole week are not moved
at all, or some are moved so that more of those affected find a place, but none of them ever loses the own
place; those with an incomplete one keep exactly what they have. Nobody is given a first place.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from iop_schedule import clock
from iop_schedule.adapters.optimizer.caseload import without
from iop_schedule.adapters.optimizer.cohort import Cohort, Column
from iop_schedule.adapters.optimizer.solve import Progress, planned
from iop_schedule.domain.placement import (
    Choice,
    Plan,
    PlanStatus,
    Problem,
    Touched,
    objective,
    touched,
    weeks_by_meeting,
)

#: Points for each meeting that a person keeps: moving a whole week must be worth something.
KEPT_MEETING = 50
#: People placed anew that would outweigh one unaffected person's place, before the rule forbids it.
UNAFFECTED = 6
#: Share of the time in which nobody unaffected is moved: whatever comes of moving some, that plan is there.
STAYING_FIRST = 0.6


@dataclass(frozen=True, slots=True)
class Repair:
    """A plan after a change, and what it means for whom."""

    #: Who has a whole week. Its objective is the problem's own; its status is that of `points`.
    plan: Plan
    #: What was maximised, staying included, and what no repair can exceed.
    points: float
    bound: float
    #: People whose week no longer works, in the order of the problem.
    affected: tuple[str, ...]
    #: People affected who are left without a whole week.
    lost: tuple[str, ...]
    #: People with a whole week that still works who are asked to change it.
    moved: tuple[str, ...]


def _ignore(progress: Progress) -> None:
    del progress


def repair(
    problem: Problem,
    before: Mapping[str, Choice],
    *,
    seconds: float,
    earlier: Problem | None = None,
    seed: int = 0,
    move_unaffected: bool = True,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[Progress], None] = _ignore,
) -> Repair:
    """Return a plan for the problem as it is now that keeps as much as possible of what people had.

    Args:
        problem: after the change.
        before: what everyone attended; meetings that no longer exist may be in it.
        seconds: when to stop.
        earlier: before the change, where that is known: only what broke since then affects anybody.
        seed: of the solvers.
        move_unaffected: whether people whose week still works may be asked to change it.
        cancelled: asked often; True ends the run.
        progress: told how far the run is, in points that include those for keeping meetings.
    """
    until = clock.monotonic() + seconds
    people = {c.id for c in problem.clients}
    before = {c: held for c, held in before.items() if c in people and weeks_by_meeting(held)}
    sides = touched(problem, before, earlier)
    staying = {client: before[client] for client in sides.whole}
    asked = _asked(problem, before, sides, prized=sides.whole if move_unaffected else ())

    everyone = Cohort(asked)

    def plan_for(
        cohort: Cohort, share: float, start: Plan, known: Iterable[Column] = ()
    ) -> tuple[Plan, Sequence[Column]]:
        seconds = max(0.0, share * (until - clock.monotonic()))
        return planned(
            cohort, start, known, seconds=seconds, seed=seed, cancelled=cancelled, progress=progress
        )

    share = STAYING_FIRST if move_unaffected else 1.0
    plan, known = plan_for(everyone.keeping(staying), share, Plan(before))
    if move_unaffected:
        wider, _ = plan_for(everyone, 1.0, plan, known)
        plan = _better(plan, wider, staying)
    return _described(problem, before, sides, plan)


def _better(plan: Plan, wider: Plan, staying: Mapping[str, Choice]) -> Plan:
    """Return the plan that may move people, unless it is no better or costs an unaffected person the place.

    The points speak against that, but only the rule makes sure. What the wider search proved holds for both.
    """
    if not staying.keys() <= wider.assignments.keys():
        return replace(plan, bound=wider.bound, status=PlanStatus.FEASIBLE)
    as_good = (wider.objective or 0.0) <= (plan.objective or 0.0)
    return replace(plan, bound=wider.bound, status=wider.status) if as_good else wider


def _asked(
    problem: Problem, before: Mapping[str, Choice], sides: Touched, prized: Collection[str]
) -> Problem:
    """Return the problem of those whose places may change, with points for keeping them."""
    left, planned = without(problem, frozenset(sides.incomplete), before), {*sides.affected, *sides.whole}
    clients = tuple(
        replace(
            c,
            current=before[c.id],
            priority=c.priority + (UNAFFECTED if c.id in prized else 0),
        )
        for c in left.clients
        if c.id in planned
    )
    weights = replace(problem.weights, keep_bonus=problem.weights.keep_bonus + KEPT_MEETING)
    return replace(left, clients=clients, weights=weights)


def _described(problem: Problem, before: Mapping[str, Choice], sides: Touched, plan: Plan) -> Repair:
    after = plan.assignments
    return Repair(
        plan=replace(plan, objective=float(objective(problem, plan)), bound=None),
        points=plan.objective or 0.0,
        bound=plan.bound or 0.0,
        affected=sides.affected,
        lost=tuple(c for c in sides.affected if c not in after),
        moved=tuple(
            c for c in sides.whole if weeks_by_meeting(after.get(c, ())) != weeks_by_meeting(before[c])
        ),
    )
