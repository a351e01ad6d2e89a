"""A program after something of it is gone: what can still be attended, and what people keep of it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from iop_schedule.domain.placement.problem import Choice, Plan, Problem, meetings_in, offers
from iop_schedule.vocabulary import WeekParity


def without_meetings(problem: Problem, closed: Collection[str]) -> Problem:
    """Return the problem without some meetings; a group attended whole goes on with those that are left."""
    kept = (
        replace(group, meetings=tuple(m for m in group.meetings if m.id not in closed))
        for group in problem.groups
    )
    clients = (
        replace(client, current=tuple(m for m in client.current if m not in closed))
        for client in problem.clients
    )
    return replace(problem, groups=tuple(group for group in kept if group.meetings), clients=tuple(clients))


def with_what_is_left(
    problem: Problem, plan: Plan, before: Mapping[str, tuple[str, ...]]
) -> dict[str, Choice]:
    """Return everyone's weeks: the plan's, and for those without one what is left of what they had.

    Seats that the plan gives to others are not among it.
    """
    taken = Counter(m for choice in plan.assignments.values() for m in meetings_in(choice, WeekParity.A))
    seats = {m: offer.meeting.seats for m, offer in offers(problem).items()}
    after: dict[str, Choice] = dict(plan.assignments)
    for client in problem.clients:
        if client.id in after:
            continue
        left = tuple(m for m in before.get(client.id, ()) if m in seats and taken[m] < seats[m])
        taken.update(left)
        after[client.id] = left
    return after
