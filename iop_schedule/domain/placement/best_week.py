"""Where does this person fit? The best week, proved best, and others that are genuinely different."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from iop_schedule.domain.placement.objective import UNITS_PER_POINT, choice_points
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.prepared import Prepared, prepare
from iop_schedule.domain.placement.problem import (
    Alternating,
    Choice,
    Client,
    Offer,
    Problem,
    Weights,
    offers,
    weeks_of,
)
from iop_schedule.domain.placement.week_facts import WeekPlan, described
from iop_schedule.vocabulary import WeekParity

#: Points taken off each meeting that an earlier plan uses, tried in turn until a plan is different enough.
DIVERSITY_POINTS = (8, 24, 80, 1000)
#: One meeting in this many must be new for a plan to count as genuinely different.
NEW_SHARE = 3


def best_weeks(
    problem: Problem,
    client_id: str,
    free: Openings | None = None,
    *,
    count: int = 3,
    prices: Mapping[str, float] | None = None,
) -> list[WeekPlan]:
    """Return the best plan for one person, proved best, then others that are genuinely different.

    Args:
        problem: the groups, what the program values, and the person.
        client_id: whose week it is.
        free: what others leave (`openings`); by default every seat.
        count: the most plans to return, the best included.
        prices: points that a seat in a meeting is worth to people still to come; plans are then the
            best net of them, though their `points` are not. Nobody is turned away for a price.

    Returns:
        Legal plans, best first; at least a third of the meetings of each is new against every plan
        before it. [] when nothing fits: `explain` says why and what would help.

    Raises:
        KeyError: the problem has no such client.
    """
    client, free = problem.client(client_id), free or Openings()
    week_kinds = problem.weeks_for(client)
    prepared = {
        week: _at_prices(prepare(problem, client, week, free), week, prices or {}) for week in week_kinds
    }
    known = offers(problem)
    choices: list[Choice] = []
    while len(choices) < count:
        choice = _next_choice(client, prepared, choices, known, problem.weights)
        if choice is None:
            break
        choices.append(choice)
    return [described(problem, client, choice, free, known) for choice in choices]


def _at_prices(prepared: Prepared, week: WeekParity, prices: Mapping[str, float]) -> Prepared:
    if not prices:
        return prepared
    units = UNITS_PER_POINT if week is WeekParity.EVERY else UNITS_PER_POINT // 2
    values = (
        value - round(units * prices.get(offer.id, 0))
        for value, offer in zip(prepared.values, prepared.offers, strict=True)
    )
    return replace(prepared, values=tuple(values))


def _next_choice(
    client: Client,
    prepared: Mapping[WeekParity, Prepared],
    earlier: Sequence[Choice],
    known: Mapping[str, Offer],
    weights: Weights,
) -> Choice | None:
    for points in DIVERSITY_POINTS if earlier else (0,):
        halves = [_penalized(week, each, earlier, points) for week, each in prepared.items()]
        if any(half is None for half in halves):
            return None
        choice = _simplest(client, [half for half in halves if half is not None], known, weights)
        if all(_is_different(choice, other) for other in earlier):
            return choice
    return None


def _penalized(
    week: WeekParity, prepared: Prepared, earlier: Sequence[Choice], points: int
) -> tuple[str, ...] | None:
    """Return the best week once every meeting of the earlier plans counts `points` less."""
    used = [m for choice in earlier for m in _meetings_of(choice, week)]
    units = UNITS_PER_POINT if week is WeekParity.EVERY else UNITS_PER_POINT // 2
    values = [
        value - points * units * used.count(offer.id)
        for value, offer in zip(prepared.values, prepared.offers, strict=True)
    ]
    found = prepared.choices.best(values)
    return None if found is None else prepared.ids(found.chosen)


def _meetings_of(choice: Choice, week: WeekParity) -> tuple[str, ...]:
    return next(m for w, m in weeks_of(choice) if WeekParity.EVERY in (w, week) or w is week)


def _simplest(
    client: Client, halves: Sequence[tuple[str, ...]], known: Mapping[str, Offer], weights: Weights
) -> Choice:
    """Return a weekly choice where it is worth as much as the alternating one, which is harder to live by."""
    if len(halves) == 1:
        return halves[0]
    alternating = Alternating(*halves)
    same_every_week = halves[0] == halves[1] and choice_points(
        client, halves[0], known, weights
    ) == choice_points(client, alternating, known, weights)
    return halves[0] if same_every_week else alternating


def _is_different(choice: Choice, other: Choice) -> bool:
    mine, theirs = _by_week(choice), _by_week(other)
    return NEW_SHARE * len(mine - theirs) >= len(mine) and mine != theirs


def _by_week(choice: Choice) -> set[tuple[WeekParity, str]]:
    weeks = dict(weeks_of(choice))
    every = weeks.get(WeekParity.EVERY)
    a, b = (every, every) if every is not None else (weeks[WeekParity.A], weeks[WeekParity.B])
    return {(WeekParity.A, m) for m in a} | {(WeekParity.B, m) for m in b}
