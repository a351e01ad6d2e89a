"""Where fractions place part of a person: plan once for at most, once for at least a whole number.

What fractions are worth above the best plan is mostly part of one person more. Neither half has it, so
the worth of the better half is a bound much closer to the plan.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from iop_schedule.adapters.optimizer.cohort import Cohort, Column, Seating
from iop_schedule.adapters.optimizer.diving import Shared, dived
from iop_schedule.adapters.optimizer.generation import Bound, generate
from iop_schedule.adapters.optimizer.lp import Limit, Master

#: A part of a unit of priority that is none.
WHOLE = 1e-4


@dataclass(frozen=True, slots=True)
class Halved:
    """The best plan found in the two halves, what they prove about better ones, and the columns of both."""

    seating: Seating
    #: Each half with its bound: there is no better plan where that is not above the best one.
    bounds: list[tuple[Limit, Bound]]
    columns: list[Column]


def halves(cohort: Cohort, shared: Shared) -> list[Limit]:
    """Return the two limits between which a fractional plan lies, or [] when it places whole units."""
    units = sum(
        share * cohort.units[column.person]
        for column, share in zip(shared.columns, shared.shares, strict=False)
        if column.part == 0
    )
    below = floor(units + WHOLE)
    if units - below < WHOLE:
        return []
    return [Limit(below + 1, at_least=True), Limit(below)]


def halved(
    cohort: Cohort,
    limits: Iterable[Limit],
    master: Master,
    best: Seating,
    bound: Bound,
    *,
    stop: Callable[[], bool],
    seed: int,
    near: Fraction,
    close: Fraction,
    dives: Sequence[float],
) -> Halved:
    """Return the best plan and bound when each half is planned on its own.

    Args:
        cohort: everyone.
        limits: the halves; every plan is in one of them.
        master: holds the columns known so far; it is left with the last of the limits.
        best: the best plan known.
        bound: on every plan.
        stop: asked often.
        seed: of the solver.
        near: the share of a half's worth within which its bound is near enough.
        close: the share of it within which a plan is good enough.
        dives: for each dive in a half, the share of people seated together.
    """
    known: list[Column] = []
    bounds = []
    for limit in limits:
        # Without a price for the limit, what is proved about every plan holds for the half too.
        own = Bound(bound.ticks, [*bound.prices, 0] if bound.prices else [])
        bounds.append((limit, own))
        if bound.ticks - best.value <= close * best.value:
            continue
        master.limit_to(limit)
        relaxed = generate(cohort, master, own, stop=stop, near=near, enough=best.value)
        known = list(dict.fromkeys([*master.columns, *known]))
        for at_once in dives:
            if stop() or own.ticks - best.value <= close * best.value:
                break
            seating, known = dived(cohort, Shared(known, relaxed.shares), stop, seed=seed, at_once=at_once)
            best = max(best, seating, key=lambda s: s.value)
    return Halved(best, bounds, known)
