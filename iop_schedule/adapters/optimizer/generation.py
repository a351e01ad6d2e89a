"""Column generation: the exact one-person search proposes weeks at the prices of the master problem.

At any prices, what all rows together cost plus what each person could still gain is an upper bound
on every plan. Prices are rounded to whole ticks and the search is exact, so the bound is too.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Column
from iop_schedule.adapters.optimizer.lp import Master, Relaxed

#: Weeks proposed per person and round.
WEEKS_PER_ROUND = 4
#: How much of the best prices so far is kept when prices are smoothed.
SMOOTHING = 0.6
#: Below this gain, in points, a proposal changes nothing.
NOTHING = 1e-6


@dataclass
class Bound:
    """The best upper bound so far, and the prices that prove it."""

    ticks: int
    prices: list[int] = field(default_factory=list)

    def offer(self, ticks: int, prices: Sequence[int]) -> bool:
        """Keep a bound if it is better; return whether it was."""
        if ticks >= self.ticks and self.prices:
            return False
        self.ticks = min(self.ticks, ticks)
        self.prices = list(prices)
        return True


@dataclass(frozen=True, slots=True)
class Priced:
    """What one round of pricing found."""

    bound: int
    columns: list[Column]


def in_ticks(prices: Sequence[float]) -> list[int]:
    """Return prices in whole ticks."""
    return [round(p * TICKS) for p in prices]


class Known:
    """The weeks that have been proposed so far, by person and part: what a further one must beat."""

    def __init__(self, columns: Iterable[Column] = ()) -> None:
        self._own: dict[tuple[int, int], list[Column]] = {}
        for column in columns:
            self.add(column)

    def add(self, column: Column) -> None:
        """Remember a week."""
        self._own.setdefault((column.person, column.part), []).append(column)

    def best(self, person: int, part: int, prices: Sequence[int]) -> int | None:
        """Return what the best known week is worth net of prices, or None when none is known."""
        own = self._own.get((person, part))
        return max(c.value - sum(prices[r] for r in c.rows) for c in own) if own else None


def price_all(
    cohort: Cohort,
    prices: Sequence[int],
    stop: Callable[[], bool],
    known: Known,
    count: int = WEEKS_PER_ROUND,
) -> Priced | None:
    """Return the bound that `prices` prove and the weeks people would choose over those that are known.

    Nobody's best week is worth less than the best one known; where nothing better is found, it is that.
    Returns None when stopped midway.
    """
    bound = sum(p * c for p, c in zip(prices, cohort.capacities, strict=True))
    columns: list[Column] = []
    for person, parts in enumerate(cohort.people):
        if stop():
            return None
        best = cohort.rewards[person]
        found_here: list[Column] = []
        for n, part in enumerate(parts):
            floor = known.best(person, n, prices)
            weeks = part.priced(prices, count, floor)
            if not weeks and floor is None:
                break
            best += weeks[0].value if weeks else floor or 0
            found_here += [cohort.column(person, n, w.chosen, part.gross(w, prices)) for w in weeks]
        else:
            bound += max(0, best)
            columns += found_here
    return Priced(bound, columns)


def propose(
    cohort: Cohort, people: Sequence[int], prices: Sequence[int], stop: Callable[[], bool], known: Known
) -> list[Column]:
    """Return the weeks that some people would choose at these prices over those that are known."""
    columns: list[Column] = []
    for person in people:
        if stop():
            break
        for n, part in enumerate(cohort.people[person]):
            floor = known.best(person, n, prices)
            columns += [
                cohort.column(person, n, found.chosen, part.gross(found, prices))
                for found in part.priced(prices, WEEKS_PER_ROUND, floor)
            ]
    return columns


def generate(
    cohort: Cohort,
    master: Master,
    bound: Bound,
    stop: Callable[[], bool],
    report: Callable[[float], None],
) -> Relaxed:
    """Add columns to `master` until no week of anybody would improve it, or until `stop`.

    Args:
        cohort: everyone.
        master: holds some columns already.
        bound: improved in place.
        stop: asked often.
        report: told the value of the master problem, in points, after each round.
    """
    relaxed = master.solve()
    known = Known(master.columns)
    smoothing = SMOOTHING
    while not stop():
        own = in_ticks(relaxed.prices)
        prices = _smoothed(own, bound.prices, smoothing)
        priced = price_all(cohort, prices, stop, known)
        if priced is None:
            break
        bound.offer(priced.bound, prices)
        if _closed(cohort, bound, relaxed):
            break
        added = add_gainful(priced.columns, cohort, master, relaxed, known)
        if not added and prices == own:
            break
        # Smoothed prices that propose nothing new point the wrong way: look once with the master's own.
        smoothing = SMOOTHING if added else 0.0
        if added:
            relaxed = master.solve()
            report(relaxed.value)
    return relaxed


def add_gainful(
    columns: Iterable[Column], cohort: Cohort, master: Master, relaxed: Relaxed, known: Known
) -> int:
    """Add the columns that improve the master problem; return how many there were."""
    added = 0
    for column in columns:
        if gains(column, relaxed, cohort) and master.add(column):
            known.add(column)
            added += 1
    return added


def _smoothed(own: list[int], best: list[int], share: float) -> list[int]:
    if not best or not share:
        return own
    return [round(share * b + (1 - share) * o) for o, b in zip(own, best, strict=True)]


def _closed(cohort: Cohort, bound: Bound, relaxed: Relaxed) -> bool:
    """Return True when the bound cannot fall by another grain."""
    return bound.ticks // cohort.grain * cohort.grain <= relaxed.value * TICKS + NOTHING * TICKS


def gains(column: Column, relaxed: Relaxed, cohort: Cohort) -> bool:
    """Return True when adding the column would improve the master problem."""
    parts = len(cohort.people[column.person])
    reward = cohort.rewards[column.person] / parts
    link = relaxed.links[column.person] * (1 if column.part == 0 else -1) if parts > 1 else 0.0
    worth = (column.value + reward) / TICKS - sum(relaxed.prices[r] for r in column.rows) - link
    return worth - (relaxed.person_prices[column.person] if column.part == 0 else 0.0) > NOTHING
