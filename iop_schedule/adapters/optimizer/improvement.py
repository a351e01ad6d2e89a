"""Good plans without proof: person by person, by rounding fractions, and by taking some out and retrying."""

import random
from collections.abc import Callable, Sequence

from iop_schedule.adapters.optimizer.cohort import Cohort, Column, Seating

#: How many people are taken out at once when a plan is varied.
MOST_TAKEN_OUT = 12


def by_priority(cohort: Cohort) -> list[int]:
    """Return everyone, the highest priority first, otherwise in the order of the problem."""
    return sorted(range(len(cohort.people)), key=lambda n: (-cohort.rewards[n], n))


def first_come(cohort: Cohort) -> Seating:
    """Return the plan in which each person in turn gets the best week that is left."""
    seating = Seating(cohort)
    seating.place_rest(range(len(cohort.people)))
    return seating


def rounded(cohort: Cohort, columns: Sequence[Column], shares: Sequence[float]) -> Seating:
    """Return a plan near a fractional one: largest shares first, then whatever still fits."""
    seating = Seating(cohort)
    weight: dict[tuple[int, int], list[tuple[float, Column]]] = {}
    for column, share in zip(columns, shares, strict=False):
        if share > 0:
            weight.setdefault((column.person, column.part), []).append((share, column))
    people = sorted(
        {person for person, _ in weight}, key=lambda p: (-_surest(weight, p, len(cohort.people[p])), p)
    )
    for person in people:
        for columns_tried in _combinations(weight, person, len(cohort.people[person])):
            if seating.has_room(columns_tried) and seating.worth(person, columns_tried) > 0:
                seating.seat(person, columns_tried)
                break
    seating.place_rest(by_priority(cohort))
    return seating


def _surest(weight: dict[tuple[int, int], list[tuple[float, Column]]], person: int, parts: int) -> float:
    return min(max((s for s, _ in weight.get((person, n), [])), default=0.0) for n in range(parts))


def _combinations(
    weight: dict[tuple[int, int], list[tuple[float, Column]]], person: int, parts: int
) -> list[list[Column]]:
    """Return a person's columns, one per part, those with the largest shares first."""
    ranked = [sorted(weight.get((person, n), []), key=lambda e: (-e[0], e[1].chosen)) for n in range(parts)]
    if not all(ranked):
        return []
    if parts == 1:
        return [[column] for _, column in ranked[0]]
    return [[ranked[0][0][1], ranked[1][0][1]]]


def seated(cohort: Cohort, columns: Sequence[Column]) -> Seating:
    """Return the plan made of `columns`, with whoever still finds a place."""
    seating = Seating(cohort)
    own: dict[int, list[Column]] = {}
    for column in columns:
        own.setdefault(column.person, []).append(column)
    for person, parts in sorted(own.items()):
        if len(parts) == len(cohort.people[person]):
            seating.seat(person, sorted(parts, key=lambda c: c.part))
    seating.place_rest(by_priority(cohort))
    return seating


def searched(cohort: Cohort, start: Seating, seed: int, stop: Callable[[], bool]) -> Seating:
    """Return a plan at least as good as `start`: again and again some are taken out and placed anew."""
    rng = random.Random(seed)  # noqa: S311 - variation, not a secret
    best = start.copy()
    if not cohort.people:
        return best
    while not stop():
        out = _neighbors(cohort, best, rng)
        before = {person: best.unseat(person) for person in out if person in best.placed}
        lost = sum(best.worth(p, columns) for p, columns in before.items())
        known = set(best.placed)
        rng.shuffle(out)
        best.place_rest(out)
        gained = sum(best.worth(p, columns) for p, columns in best.placed.items() if p not in known)
        if gained < lost:
            for person in set(best.placed) - known:
                best.unseat(person)
            for person, columns in before.items():
                best.seat(person, columns)
    best.place_rest(by_priority(cohort))
    return best


def _neighbors(cohort: Cohort, seating: Seating, rng: random.Random) -> list[int]:
    """Return a person without a place, if any, and some who hold seats that this one could use."""
    waiting = [
        n for n, parts in enumerate(cohort.people) if n not in seating.placed and all(p.offers for p in parts)
    ]
    person = rng.choice(waiting) if waiting and rng.random() < 0.8 else rng.randrange(len(cohort.people))  # noqa: PLR2004
    wanted = {r for part in cohort.people[person] for rows in part.rows for r in rows}
    rivals = [
        n
        for n, columns in seating.placed.items()
        if n != person and any(wanted & set(c.rows) for c in columns)
    ]
    picked = rng.sample(rivals, min(len(rivals), rng.randint(1, MOST_TAKEN_OUT)))
    return list(dict.fromkeys([person, *picked, *rng.sample(waiting, min(len(waiting), 4))]))
