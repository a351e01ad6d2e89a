"""Everyone of a program at once, from where they are today: nobody loses what they have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from iop_schedule import clock
from iop_schedule.adapters.optimizer.solve import Progress, solve
from iop_schedule.domain.civil_time import BOTH_WEEKS
from iop_schedule.domain.placement import (
    Choice,
    Client,
    Plan,
    PlanStatus,
    Problem,
    apart_pairs,
    seats_taken,
    shared_meetings,
    undisturbed,
    weeks_by_meeting,
)
from iop_schedule.vocabulary import PlacementAim, WeekParity

#: Points for each meeting that a person keeps: nobody moves for a wish alone.
KEPT_MEETING = 50
#: Beside the own priority of someone who has a whole week: no crowd of newcomers outweighs it.
HAS_A_WEEK = 10
#: How full groups may become when they are to be balanced, in percent of their seats, evenest first.
FILLS = (70, 80, 90)
#: Shares of the time: the first plan, and each try to even out its groups.
FIRST_PLAN, EACH_FILL = 0.55, 0.15
#: A solver asked for less has no time to begin.
LEAST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class CaseloadPlan:
    """A plan for everyone, and the problem whose objective and bound it speaks of."""

    problem: Problem
    plan: Plan
    #: People who keep an incomplete week because no whole one was found; they are not in the plan.
    kept: tuple[str, ...]
    #: The most any group is filled, in percent of its seats, where groups were to be balanced.
    fill_percent: int = 100


def _ignore(progress: Progress) -> None:
    del progress


def _never() -> bool:
    return False


def plan_caseload(
    problem: Problem,
    before: Mapping[str, Choice],
    aim: PlacementAim,
    *,
    seconds: float,
    seed: int = 0,
    cancelled: Callable[[], bool] = _never,
    progress: Callable[[Progress], None] = _ignore,
) -> CaseloadPlan:
    """Return a plan for everyone in `problem`, of whom some have places already.

    Whoever has a whole legal week keeps having one, the same one if the aim is to stay. Whoever has an
    incomplete one gets a whole one or keeps exactly what there is.

    Args:
        problem: the groups, everyone, and what the program values.
        before: what people attend today.
        aim: stay (people with a whole week are not moved), reach (they may be, where that lets somebody
            else in) or balance (as reach, then as evenly as possible without placing fewer).
        seconds: when to stop; kept within a tenth.
        seed: of the solvers.
        cancelled: asked often; True ends the run with what is known by then.
        progress: told how far the run is.
    """
    until = clock.monotonic() + seconds
    planner = _Planner(before, aim, seed, cancelled, progress)
    first = seconds if aim is not PlacementAim.BALANCE else seconds * FIRST_PLAN
    found = planner.plan(problem, clock.monotonic() + first, start=None)
    if aim is PlacementAim.BALANCE:
        found = _balanced(planner, problem, found, seconds, until)
    return found


def _balanced(
    planner: "_Planner", problem: Problem, found: CaseloadPlan, seconds: float, until: float
) -> CaseloadPlan:
    """Return the evenest plan that serves the same people as `found`, which it is when nothing is evener."""
    for percent in FILLS:
        now = clock.monotonic()
        if planner.cancelled() or until - now < LEAST_SECONDS:
            return found
        evener = planner.plan(
            _filled_to(problem, percent, planner.before),
            min(until, now + seconds * EACH_FILL),
            start=found.plan,
        )
        if set(found.plan.assignments) <= set(evener.plan.assignments):
            return replace(evener, fill_percent=percent)
    return found


def _filled_to(problem: Problem, percent: int, before: Mapping[str, Choice]) -> Problem:
    """Return the problem with `percent` of each meeting's seats, rounded up, and room for who attends it."""
    taken = seats_taken(problem, before, WeekParity.EVERY)
    groups = tuple(
        replace(
            g,
            meetings=tuple(
                replace(m, seats=max(taken[m.id], -(-m.seats * percent // 100))) for m in g.meetings
            ),
        )
        for g in problem.groups
    )
    return replace(problem, groups=groups)


@dataclass(frozen=True, slots=True)
class _Planner:
    """What stays the same from one plan to the next."""

    before: Mapping[str, Choice]
    aim: PlacementAim
    seed: int
    cancelled: Callable[[], bool]
    progress: Callable[[Progress], None]

    def plan(self, problem: Problem, until: float, start: Plan | None) -> CaseloadPlan:
        """Return a plan in which nobody loses what they have; those who cannot be helped keep their part."""
        whole = undisturbed(problem, self.before)
        kept: frozenset[str] = frozenset()
        begin = start or Plan({c: self.before[c] for c in whole})
        while True:
            asked = self._asked(without(problem, kept, self.before), whole)
            plan = self._solved(asked, whole, until, begin)
            squeezed = self._squeezed(asked, plan)
            if not squeezed:
                left = {c.id for c in problem.clients if self.before.get(c.id)} - plan.assignments.keys()
                return CaseloadPlan(asked, plan, tuple(sorted(left)))
            kept |= squeezed
            begin = plan

    def _asked(self, problem: Problem, whole: frozenset[str]) -> Problem:
        if self.aim is PlacementAim.STAY:
            return problem
        clients = tuple(
            replace(c, priority=c.priority + HAS_A_WEEK) if c.id in whole else c for c in problem.clients
        )
        weights = replace(problem.weights, keep_bonus=max(KEPT_MEETING, problem.weights.keep_bonus))
        return replace(problem, clients=clients, weights=weights)

    def _solved(self, asked: Problem, whole: frozenset[str], until: float, start: Plan) -> Plan:
        own = {c.id for c in asked.clients}
        fixed = {c: self.before[c] for c in whole & own}
        plan = self._solve(asked, until, start, fixed if self.aim is PlacementAim.STAY else None)
        if fixed.keys() <= plan.assignments.keys():
            return plan
        # The points speak against it, but only the rule makes sure: nobody loses a whole week. The bound
        # of the freer question holds for the stricter one too.
        safe = self._solve(asked, until, start, fixed)
        return replace(safe, status=PlanStatus.FEASIBLE, bound=max(plan.bound or 0.0, safe.objective or 0.0))

    def _solve(self, asked: Problem, until: float, start: Plan, fixed: Mapping[str, Choice] | None) -> Plan:
        return solve(
            asked,
            seconds=max(LEAST_SECONDS, until - clock.monotonic()),
            seed=self.seed,
            start=start,
            fixed=fixed,
            cancelled=self.cancelled,
            progress=self.progress,
        )

    def _squeezed(self, asked: Problem, plan: Plan) -> frozenset[str]:
        """Return who has no new week, and stands in the way of the plan: by a seat or kept apart."""
        remaining = {
            c.id: self.before[c.id]
            for c in asked.clients
            if self.before.get(c.id) and c.id not in plan.assignments
        }
        seats = {m.id: m.seats for g in asked.groups for m in g.meetings}
        oversold = set()
        for week in BOTH_WEEKS:
            taken = seats_taken(asked, plan.assignments, week)
            held = seats_taken(asked, remaining, week)
            oversold |= {m for m in held if m in seats and held[m] + taken[m] > seats[m]}
        weeks = {**remaining, **plan.assignments}
        beside = {c for pair in apart_pairs(asked) for c in pair if _meet(pair, weeks)}
        return frozenset(
            c for c, choice in remaining.items() if c in beside or oversold & weeks_by_meeting(choice).keys()
        )


def _meet(pair: frozenset[str], weeks: Mapping[str, Choice]) -> bool:
    one, other = (weeks.get(client, ()) for client in sorted(pair))
    return bool(shared_meetings(one, other))


def without(problem: Problem, kept: frozenset[str], before: Mapping[str, Choice]) -> Problem:
    """Return the problem without some people: they keep their seats, and nobody kept apart joins them."""
    if not kept:
        return problem
    held = seats_taken(problem, {c: before[c] for c in kept}, WeekParity.EVERY)
    groups = tuple(
        replace(g, meetings=tuple(replace(m, seats=max(0, m.seats - held[m.id])) for m in g.meetings))
        for g in problem.groups
    )
    apart = apart_pairs(problem)
    clients = tuple(_without(c, kept, before, apart) for c in problem.clients if c.id not in kept)
    return replace(problem, groups=groups, clients=clients)


def _without(
    client: Client, kept: frozenset[str], before: Mapping[str, Choice], apart: frozenset[frozenset[str]]
) -> Client:
    beside = {other for other in kept if frozenset((client.id, other)) in apart}
    closed = {m for other in beside for m in weeks_by_meeting(before[other])} - {
        *weeks_by_meeting(before.get(client.id, ()))
    }
    return replace(
        client,
        keep_apart=tuple(other for other in client.keep_apart if other not in kept),
        closed=tuple(sorted(closed.union(client.closed))),
    )
