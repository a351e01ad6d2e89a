"""The best groups to open, by generating weeks at prices, and a bound that always holds.

Prices come from a master problem in which groups are opened in part. The groups that it opens are
few; choosing among these in whole numbers, and planning anew with those chosen, gives good answers.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from iop_schedule import clock
from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Column, Seating
from iop_schedule.adapters.optimizer.compact import WholeProblem
from iop_schedule.adapters.optimizer.improvement import by_priority
from iop_schedule.adapters.optimizer.opening_master import NOTHING, Mixed, OpeningMaster
from iop_schedule.adapters.optimizer.opening_prices import Pricing
from iop_schedule.adapters.optimizer.opening_question import Answer
from iop_schedule.adapters.optimizer.solve import searched
from iop_schedule.domain.placement import Plan

#: Share of the time for the first prices, and of the time left for each choice and each plan.
FIRST_PRICES, CHOOSING, CHOOSING_FROM_ALL = 0.4, 0.15, 0.7
#: How much of the best prices so far is kept when prices are smoothed: the first ones are good already.
SMOOTHING = 0.85
#: Rounds of pricing between two choices in whole numbers, and how often the budget the groups chosen
#: from may cost: more are not weighed against each other in the time there is.
ROUNDS_BETWEEN, BUDGETS = 5, 2.5
#: The master problem has reached its bound when no larger part of it is between them.
REACHED = 1e-4


class OpeningSearch:
    """Improves an answer and its bound.

    Args:
        answer: what is known already.
        until: when to stop, by the monotonic clock.
        seed: of the solver.
        cancelled: asked often; True ends the search.
    """

    def __init__(self, answer: Answer, until: float, seed: int, cancelled: Callable[[], bool]) -> None:
        self._answer, self._question, self._cohort = answer, answer.question, answer.question.cohort
        self._until, self._seed, self._cancelled = until, seed, cancelled
        self._master, self._pricing = OpeningMaster(self._question, seed), Pricing(self._question)
        self._tried: set[frozenset[int]] = set()
        self._add(answer.columns)

    def _left(self) -> float:
        return self._until - clock.monotonic()

    def _stop(self) -> bool:
        return self._left() <= 0 or self._cancelled()

    def run(self) -> None:
        """Narrow the gap until it is closed or time is up."""
        whole = WholeProblem(self._cohort, self._seed)
        best = whole.opening_prices(self._question, self._left() * FIRST_PRICES)
        mixed, share, rounds = self._master.solve(), 1.0, 0
        while not self._stop():
            prices = mixed.prices.towards(best, share)
            priced = self._pricing.ask(prices, self._stop)
            if priced is None:
                return
            if self._answer.lower(priced.bound):
                best = prices
            added = self._add(c for c in priced.columns if self._master.gains(c, mixed))
            if self._answer.is_proved() or self._is_reached(mixed) or (not added and not share):
                break
            # Smoothed prices that propose nothing new point the wrong way: look once with the master's own.
            share = SMOOTHING if added else 0.0
            if added:
                mixed, rounds = self._master.solve(), rounds + 1
                if rounds % ROUNDS_BETWEEN == 0 and self._choose(self._opened_most(mixed), CHOOSING):
                    mixed = self._master.solve()
        if not self._answer.is_proved():
            self._choose(self._opened_most(mixed), CHOOSING)
        if not self._answer.is_proved() and not self._stop():
            self._choose(range(len(self._question.possible)), CHOOSING_FROM_ALL)

    def _is_reached(self, mixed: Mixed) -> bool:
        """Return True when no weeks could improve the master problem by much."""
        bound = self._answer.bound
        return bound is not None and bound / TICKS - mixed.value <= REACHED * mixed.value

    def _opened_most(self, mixed: Mixed) -> set[int]:
        """Return the groups of which most is opened, as far as they can be weighed against each other."""
        most, found = BUDGETS * self._question.budget, set(self._answer.opened)
        for group in sorted(range(len(mixed.opened)), key=lambda g: (-mixed.opened[g], g)):
            most -= self._question.possible[group].cost
            if most < 0 or mixed.opened[group] <= NOTHING:
                break
            found.add(group)
        return found

    def _choose(self, groups: Collection[int], share: float) -> int:
        """Choose among groups within a share of the time left; return how many weeks were weighed anew."""
        self._add(self._answer.columns)
        chosen = self._master.choose(
            groups,
            (self._answer.opened, self._answer.columns),
            seconds=self._left() * share,
            cancelled=self._cancelled,
        )
        if chosen is None:
            return 0
        opened, columns = chosen
        seating = self._seated(opened, columns)
        self._answer.offer(seating, opened)
        if frozenset(opened) in self._tried:
            return 0
        self._tried.add(frozenset(opened))
        return self._plan_with(opened, seating)

    def _seated(self, opened: Sequence[int], columns: Iterable[Column]) -> Seating:
        """Return the plan of these weeks, with whoever still finds a place."""
        seating, own = self._question.seating(opened), dict[int, list[Column]]()
        for column in columns:
            own.setdefault(column.person, []).append(column)
        for person, parts in sorted(own.items()):
            seating.seat(person, sorted(parts, key=lambda c: c.part))
        seating.place_rest(by_priority(self._cohort))
        return seating

    def _plan_with(self, opened: Sequence[int], start: Seating) -> int:
        """Plan anew with just these groups opened; return how many new weeks came up."""
        cohort = self._cohort.without_seats(self._question.closed_rows(opened))
        found, weighed = searched(
            cohort,
            Plan(dict(start.choices())),
            seconds=self._left() * CHOOSING,
            seed=self._seed,
            cancelled=self._cancelled,
        )
        columns = [column for own in found.placed.values() for column in own]
        self._answer.offer(self._seated(opened, self._translated(cohort, columns)), opened)
        return self._add(self._translated(cohort, weighed))

    def _translated(self, other: Cohort, columns: Iterable[Column]) -> Iterator[Column]:
        """Yield weeks of another cohort of the same people as weeks of this one."""
        for column in columns:
            theirs = other.people[column.person][column.part]
            own = self._cohort.people[column.person][column.part]
            chosen = own.places([theirs.offers[i].id for i in column.chosen])
            if chosen is not None:
                yield self._cohort.column(column.person, column.part, chosen, column.value)

    def _add(self, columns: Iterable[Column]) -> int:
        """Add weeks to what is chosen from; return how many were new."""
        added = 0
        for column in columns:
            if self._master.add(column):
                self._pricing.add(column)
                added += 1
        return added
