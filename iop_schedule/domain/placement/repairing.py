"""A program after something of it is gone: what can still be attended, and what people keep of it."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from iop_schedule.domain.placement.openings import openings
from iop_schedule.domain.placement.problem import Choice, Plan, Problem, offers
from iop_schedule.vocabulary import WeekParity


def without_meetings(problem: Problem, closed: Collection[str]) -> Problem:
    """Return the problem without some meetings; a group attended whole goes on with those that are left."""
    kept = (
        replace(group, meetings=tuple(m for m in group.meetings if m.id not in closed))
        for group in problem.groups
    )
    clients = (
        replace(
            client,
            current=tuple(m for m in client.current if m not in closed),
            closed=tuple(m for m in client.closed if m not in closed),
            kept_seats=tuple(m for m in client.kept_seats if m not in closed),
        )
        for client in problem.clients
    )
    return replace(problem, groups=tuple(group for group in kept if group.meetings), clients=tuple(clients))


def with_what_is_left(
    problem: Problem, plan: Plan, before: Mapping[str, tuple[str, ...]]
) -> dict[str, Choice]:
    """Return everyone's weeks: the plan's, and for those without one what is left of what they had.

    Seats that the plan gives to others are not among it, and neither is what it gives to somebody kept apart.
    """
    known = offers(problem)
    after: dict[str, Choice] = dict(plan.assignments)
    for client in problem.clients:
        if client.id in after:
            continue
        free = openings(problem, client.id, after)
        after[client.id] = tuple(
            m
            for m in before.get(client.id, ())
            if m in known
            and free.seats_left(client, known[m], WeekParity.A) > 0
            and not free.is_closed(client, m, WeekParity.A)
        )
    return after
