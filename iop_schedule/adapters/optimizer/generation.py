"""Column generation: the exact one-person search proposes weeks at the prices of the master problem.

At any prices, what all rows together cost plus what each person could still gain is an upper bound
on every plan. Prices are rounded to whole ticks and the search is exact, so the bound is too.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from operator import itemgetter

from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Column
from iop_schedule.adapters.optimizer.lp import Limit, Master, Relaxed

#: Weeks proposed per person and round when few people are asked. Everyone is asked for the best one alone:
#: more make the master problem larger and save no round.
WEEKS_PER_ROUND = 4
#: How much of the best prices so far is kept at first when prices are smoothed, and at most.
SMOOTHING, MOST_SMOOTHING = 0.6, 0.95
#: How much less is kept when prices further away prove more; and the share of the rest that is kept in
#: addition when they do not.
LESS, MORE = 0.1, 0.1
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
    #: Per row what is left of it when everyone has the best week; below nothing where too many want it. So
    #: much the bound grows with the price of the row.
    left: list[int]


def in_ticks(prices: Sequence[float]) -> list[int]:
    """Return prices in whole ticks."""
    return [round(p * TICKS) for p in prices]


def _own_prices(relaxed: Relaxed, limit: Limit | None) -> list[int]:
    """Return the prices of the rows, and last that of the limit, if there is one."""
    return in_ticks(relaxed.prices if limit is None else [*relaxed.prices, relaxed.limit_price])


class Known:
    """The weeks that have been proposed so far, by person and part: what a further one must beat."""

    def __init__(self, columns: Iterable[Column] = ()) -> None:
        self._own: dict[tuple[int, int], list[Column]] = {}
        for column in columns:
            self.add(column)

    def add(self, column: Column) -> None:
        """Remember a week."""
        self._own.setdefault((column.person, column.part), []).append(column)

    def best(self, person: int, part: int, prices: Sequence[int]) -> tuple[int, Column] | None:
        """Return the best known week and what it is worth net of prices, or None when none is known."""
        own = self._own.get((person, part), ())
        worth = ((c.value - sum([prices[r] for r in c.rows]), c) for c in own)
        return max(worth, key=itemgetter(0), default=None)


def _whole(cohort: Cohort, limit: Limit | None) -> list[int]:
    """Return how much there is of each row, and last of the limit, if there is one."""
    return [*cohort.capacities, *(() if limit is None else (limit.units,))]


def bought_up(cohort: Cohort, prices: Sequence[int], limit: Limit | None) -> int:
    """Return what all there is costs, in ticks."""
    return sum(p * c for p, c in zip(prices, _whole(cohort, limit), strict=True))


def rewards_at(cohort: Cohort, prices: Sequence[int], limit: Limit | None) -> list[int]:
    """Return what placing each person brings, net of the price of the limit, in ticks."""
    if limit is None:
        return cohort.rewards
    return [reward - prices[-1] * units for reward, units in zip(cohort.rewards, cohort.units, strict=True)]


def price_all(
    cohort: Cohort, prices: Sequence[int], stop: Callable[[], bool], known: Known, limit: Limit | None = None
) -> Priced | None:
    """Return the bound that `prices` prove and the weeks people would choose over those that are known.

    Nobody's best week is worth less than the best one known; where nothing better is found, it is that.
    Returns None when stopped midway. With a limit, its price is the last one, and everybody pays for it.
    """
    left = _whole(cohort, limit)
    bound = bought_up(cohort, prices, limit)
    rewards = rewards_at(cohort, prices, limit)
    columns: list[Column] = []
    for person in range(len(cohort.people)):
        if stop():
            return None
        chosen = _chosen(cohort, person, prices, known)
        if chosen is None:
            continue
        worth, weeks, new = chosen
        columns += new
        if rewards[person] + worth > 0:
            bound += rewards[person] + worth
            for week in weeks:
                for row in week.rows:
                    left[row] -= 1
            if limit is not None:
                left[-1] -= cohort.units[person]
    return Priced(bound, columns, left)


def _chosen(
    cohort: Cohort, person: int, prices: Sequence[int], known: Known
) -> tuple[int, list[Column], list[Column]] | None:
    """Return what a person's best week is worth net of prices, without reward, its columns, and those new.

    Returns None for someone without a legal week.
    """
    worth, best, new = 0, [], []
    for n, part in enumerate(cohort.people[person]):
        before = known.best(person, n, prices)
        found = part.priced(prices, 1, before and before[0])
        if found:
            week = cohort.column(person, n, found[0].chosen, part.gross(found[0], prices))
            new.append(week)
            worth += found[0].value
        elif before:
            worth, week = worth + before[0], before[1]
        else:
            return None
        best.append(week)
    return worth, best, new


def propose(
    cohort: Cohort, people: Sequence[int], prices: Sequence[int], stop: Callable[[], bool], known: Known
) -> list[Column]:
    """Return the weeks that some people would choose at these prices over those that are known."""
    columns: list[Column] = []
    for person in people:
        if stop():
            break
        for n, part in enumerate(cohort.people[person]):
            before = known.best(person, n, prices)
            columns += [
                cohort.column(person, n, found.chosen, part.gross(found, prices))
                for found in part.priced(prices, WEEKS_PER_ROUND, before and before[0])
            ]
    return columns


def _ignore(value: float) -> None:
    del value


def generate(
    cohort: Cohort,
    master: Master,
    bound: Bound,
    *,
    stop: Callable[[], bool],
    report: Callable[[float], None] = _ignore,
    near: Fraction = Fraction(0),
    enough: int = 0,
) -> Relaxed:
    """Add columns to `master` until no week of anybody would improve it, or until `stop`.

    Prices are smoothed as much as the slope of the bound says (Pessoa, Sadykov, Uchoa and Vanderbeck 2018).

    Args:
        cohort: everyone.
        master: holds some columns already.
        bound: improved in place.
        stop: asked often.
        report: told the value of the master problem, in points, after each round.
        near: the share of that value within which the bound is near enough.
        enough: a bound, in ticks, below which nothing is to be gained.
    """
    relaxed = master.solve()
    known = Known(master.columns)
    kept = SMOOTHING
    while not stop():
        own = _own_prices(relaxed, master.limit)
        best = bound.prices
        prices = _smoothed(own, best, kept)
        priced = price_all(cohort, prices, stop, known, master.limit)
        if priced is None:
            break
        bound.offer(priced.bound, prices)
        if bound.ticks <= enough or _closed(cohort, bound, relaxed, near):
            break
        added = add_gainful(priced.columns, cohort, master, relaxed, known)
        if not added and prices == own:
            break
        # Smoothed prices that propose nothing new point the wrong way: look once with the master's own.
        kept = _kept_next(kept, priced.left, own, best) if added else 0.0
        if added:
            relaxed = master.solve()
            report(relaxed.value)
    return relaxed


def _kept_next(kept: float, left: Sequence[int], own: Sequence[int], best: Sequence[int]) -> float:
    """Return how much of the best prices to keep: less where the bound falls on the way to `own`."""
    if not best:
        return kept
    slope = sum(rest * (o - b) for rest, o, b in zip(left, own, best, strict=True))
    return max(0.0, kept - LESS) if slope < 0 else min(MOST_SMOOTHING, kept + MORE * (1 - kept))


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


def _closed(cohort: Cohort, bound: Bound, relaxed: Relaxed, near: Fraction) -> bool:
    """Return True when the bound cannot fall by another grain, or is near enough."""
    reached = (relaxed.value + NOTHING) * TICKS * (1 + float(near))
    return bound.ticks // cohort.grain * cohort.grain <= reached


def gains(column: Column, relaxed: Relaxed, cohort: Cohort) -> bool:
    """Return True when adding the column would improve the master problem."""
    parts = len(cohort.people[column.person])
    reward = cohort.rewards[column.person] / parts
    link = relaxed.links[column.person] * (1 if column.part == 0 else -1) if parts > 1 else 0.0
    worth = (column.value + reward) / TICKS - sum(relaxed.prices[r] for r in column.rows) - link
    if column.part == 0:
        worth -= relaxed.person_prices[column.person] + relaxed.limit_price * cohort.units[column.person]
    return worth > NOTHING
