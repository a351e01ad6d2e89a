"""After a change — a counselor out, a shift moved, a room closed — plan anew with the fewest changes.

People whose week still works are not asked to pay for it: either they are not moved at all, or some
are moved so that more of those affected find a place, but none of them ever loses the own place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from iop_schedule.adapters.optimizer.solve import Progress, solve
from iop_schedule.domain.placement import (
    Choice,
    Plan,
    Problem,
    Rule,
    broken_rules,
    meetings_in,
    objective,
)
from iop_schedule.vocabulary import WeekParity

#: Points for each meeting that a person keeps: moving a whole week must be worth something.
KEPT_MEETING = 50
#: People placed anew that would outweigh one unaffected person's place, before the rule forbids it.
UNAFFECTED = 6


@dataclass(frozen=True, slots=True)
class WeekChange:
    """What one person is told: the meetings that end and those that begin."""

    ends: tuple[str, ...]
    begins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repair:
    """A plan after a change, and what it means for whom."""

    #: Its objective is the problem's own; its status speaks of the points with those for staying, too.
    plan: Plan
    #: People whose week no longer works, in the order of the problem.
    affected: tuple[str, ...]
    #: People who had a place and have none now; all of them are affected.
    lost: tuple[str, ...]
    #: People whose week still works and who are asked to change it.
    moved: tuple[str, ...]
    #: Each person's own change only; people without one are not in it.
    changes: Mapping[str, WeekChange]


def affected_people(problem: Problem, before: Mapping[str, Choice]) -> tuple[str, ...]:
    """Return who cannot keep what they have, in the order of the problem.

    Where a meeting has more people than seats, everyone in it is affected: somebody has to go.
    """
    hit: set[str] = set()
    for broken in broken_rules(problem, Plan(before)):
        if broken.rule is Rule.SEATS:
            weeks = [w for w in (WeekParity.A, WeekParity.B) if broken.week in (WeekParity.EVERY, w)]
            hit |= {
                client
                for client, choice in before.items()
                if any(set(broken.meetings) & set(meetings_in(choice, week)) for week in weeks)
            }
        elif broken.client is not None:
            hit.add(broken.client)
    return tuple(c.id for c in problem.clients if c.id in hit)


def _ignore(progress: Progress) -> None:
    del progress


def repair(
    problem: Problem,
    before: Mapping[str, Choice],
    *,
    seconds: float,
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
        seed: of the solvers.
        move_unaffected: whether people whose week still works may be asked to change it.
        cancelled: asked often; True ends the run.
        progress: told how far the run is, in points that include those for keeping meetings.
    """
    people = {c.id for c in problem.clients}
    before = {client: choice for client, choice in before.items() if client in people}
    affected = affected_people(problem, before)
    staying = {client: choice for client, choice in before.items() if client not in affected}
    asked = _with_stay_bonus(problem, before, staying if move_unaffected else {})
    plan = solve(
        asked,
        seconds=seconds,
        seed=seed,
        start=Plan(before),
        fixed=None if move_unaffected else staying,
        cancelled=cancelled,
        progress=progress,
    )
    if not staying.keys() <= plan.assignments.keys():
        # The points speak against it, but only the rule makes sure: nobody unaffected loses the place.
        return repair(
            problem,
            before,
            seconds=seconds,
            seed=seed,
            move_unaffected=False,
            cancelled=cancelled,
            progress=progress,
        )
    return _described(problem, before, affected, plan)


def _with_stay_bonus(
    problem: Problem, before: Mapping[str, Choice], staying: Mapping[str, Choice]
) -> Problem:
    clients = tuple(
        replace(
            c,
            current=_meetings(before[c.id]) if c.id in before else c.current,
            priority=c.priority + (UNAFFECTED if c.id in staying else 0),
        )
        for c in problem.clients
    )
    weights = replace(problem.weights, keep_bonus=problem.weights.keep_bonus + KEPT_MEETING)
    return replace(problem, clients=clients, weights=weights)


def _meetings(choice: Choice) -> tuple[str, ...]:
    both = (*meetings_in(choice, WeekParity.A), *meetings_in(choice, WeekParity.B))
    return tuple(dict.fromkeys(both))


def _described(
    problem: Problem, before: Mapping[str, Choice], affected: tuple[str, ...], plan: Plan
) -> Repair:
    after = plan.assignments
    changed = [c.id for c in problem.clients if before.get(c.id) != after.get(c.id)]
    changes = {
        client: change
        for client in changed
        if (change := _change(before.get(client, ()), after.get(client, ()))) != WeekChange((), ())
    }
    plain = replace(plan, objective=float(objective(problem, plan)), bound=None)
    return Repair(
        plan=plain,
        affected=affected,
        lost=tuple(c.id for c in problem.clients if c.id in before and c.id not in after),
        moved=tuple(c for c in changes if c in before and c not in affected),
        changes=changes,
    )


def _change(before: Choice, after: Choice) -> WeekChange:
    had, has = _meetings(before), _meetings(after)
    return WeekChange(tuple(m for m in had if m not in has), tuple(m for m in has if m not in had))
