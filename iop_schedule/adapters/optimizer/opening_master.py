"""The master problem of which groups to open: weeks are mixed, and groups are opened in part or in whole.

Of each person, no larger share may use a group than the share of it that is opened.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from iop_schedule.adapters.optimizer.cohort import TICKS, Column
from iop_schedule.adapters.optimizer.lp import (
    DUAL,
    NO_DIFFERENCE,
    PRIMAL,
    Cancelled,
    new_model,
    solved_whole,
)
from iop_schedule.adapters.optimizer.opening_prices import Payer, Prices
from iop_schedule.adapters.optimizer.opening_question import Question

#: Below this a share is none.
NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class Mixed:
    """The best mix of weeks and of groups, in parts."""

    #: In points.
    value: float
    prices: Prices
    #: Per person: what one more of them would bring, in ticks; and how week A and week B settle it.
    person_prices: Sequence[int]
    links: Sequence[int]
    #: How much of each group is opened.
    opened: Sequence[float]
    #: The share of each week.
    shares: Sequence[float]


class OpeningMaster:
    """Solved again after weeks are added; says which groups to open when both are whole.

    Args:
        question: everyone who waits, and the groups.
        seed: of the solver.
    """

    def __init__(self, question: Question, seed: int) -> None:
        self._question, self._cohort, self._seed = question, question.cohort, seed
        self.columns: list[Column] = []
        self._places: dict[tuple[int, int, tuple[int, ...]], int] = {}
        #: The weeks that use a group, and the row that holds them to its share once they go beyond it.
        self._users: dict[Payer, list[int]] = {}
        self._held: dict[Payer, int] = {}
        self._model = new_model(seed)
        infinity = self._model.inf
        for row, seats in enumerate(self._cohort.capacities):
            self._row(-infinity, 0.0 if row in question.group_of else float(seats))
        people = self._cohort.people
        self._first_person = len(self._cohort.capacities)
        for _ in people:
            self._row(-infinity, 1.0)
        self._first_link = self._first_person + len(people)
        for _ in people if len(self._cohort.weeks) > 1 else ():
            self._row(0.0, 0.0)
        self._budget = self._row(-infinity, float(question.budget))
        self._together = [self._row(-infinity, 1.0) for _ in question.not_together]
        for group in range(len(question.possible)):
            self._add_group(group)

    def _row(self, low: float, high: float) -> int:
        self._model.addRow(low, high, 0, [], [])
        return int(self._model.getNumRow()) - 1

    def _add_group(self, group: int) -> None:
        question, cost = self._question, self._question.possible[group].cost
        seats = {row: -float(self._cohort.capacities[row]) for row in question.rows[group]}
        apart = {
            row: 1.0
            for row, together in zip(self._together, question.not_together, strict=True)
            if group in together
        }
        entries = {self._budget: float(cost)} | seats | apart
        most = 1.0 if cost <= question.budget else 0.0
        self._model.addCol(0.0, 0.0, most, len(entries), list(entries), list(entries.values()))

    def add(self, column: Column) -> bool:
        """Add a week unless it is known; return whether it was added."""
        name = (column.person, column.part, column.chosen)
        if name in self._places:
            return False
        place = self._places[name] = len(self._question.possible) + len(self.columns)
        self.columns.append(column)
        entries = dict.fromkeys(column.rows, 1.0)
        if column.part == 0:
            entries[self._first_person + column.person] = 1.0
        if len(self._cohort.people[column.person]) > 1:
            entries[self._first_link + column.person] = 1.0 if column.part == 0 else -1.0
        for group in sorted(self._question.groups_in(column)):
            payer = (column.person, column.part, group)
            self._users.setdefault(payer, []).append(place)
            if payer in self._held:
                entries[self._held[payer]] = 1.0
        parts = len(self._cohort.people[column.person])
        worth = column.value + self._cohort.rewards[column.person] / parts
        self._model.addCol(
            -worth / TICKS, 0.0, self._model.inf, len(entries), list(entries), list(entries.values())
        )
        return True

    def solve(self) -> Mixed:
        """Return the best mix of what was added so far."""
        values, duals = self._run(PRIMAL)
        while self._hold(values):
            values, duals = self._run(DUAL)
        people = len(self._cohort.people)
        seats = [max(0, round(d * TICKS)) for d in duals[: self._first_link]]
        links = [round(d * TICKS) for d in duals[self._first_link : self._first_link + people]]
        fees = {payer: round(duals[row] * TICKS) for payer, row in self._held.items()}
        groups = len(self._question.possible)
        return Mixed(
            value=-self._model.getInfo().objective_function_value,
            prices=Prices(
                rows=seats[: self._first_person],
                fees={payer: fee for payer, fee in fees.items() if fee > 0},
                closing=[max(0, round(duals[row] * TICKS)) for row in self._together],
            ),
            person_prices=seats[self._first_person :],
            links=links if len(self._cohort.weeks) > 1 else [0] * people,
            opened=values[:groups],
            shares=values[groups:],
        )

    def _run(self, strategy: int) -> tuple[list[float], list[float]]:
        self._model.setOptionValue("simplex_strategy", strategy)
        self._model.run()
        solution = self._model.getSolution()
        return list(solution.col_value), [-d for d in solution.row_dual]

    def _hold(self, values: Sequence[float]) -> int:
        """Hold people to the shares of the groups they use beyond them; return how many were not yet."""
        before = len(self._held)
        for payer, users in self._users.items():
            group = payer[2]
            if payer not in self._held and sum(values[u] for u in users) > values[group] + NOTHING:
                self._model.addRow(
                    -self._model.inf, 0.0, len(users) + 1, [*users, group], [1.0] * len(users) + [-1.0]
                )
                self._held[payer] = int(self._model.getNumRow()) - 1
        return len(self._held) - before

    def gains(self, column: Column, mixed: Mixed) -> bool:
        """Return True when adding the week would improve the mix."""
        person, part = column.person, column.part
        parts = len(self._cohort.people[person])
        reward = self._cohort.rewards[person] // parts
        fees = sum(mixed.prices.fees.get((person, part, g), 0) for g in self._question.groups_in(column))
        settled = mixed.links[person] * (1 if part == 0 else -1) if parts > 1 else 0
        own = mixed.person_prices[person] if part == 0 else 0
        return (
            column.value + reward - sum(mixed.prices.rows[r] for r in column.rows) - fees - settled - own > 0
        )

    def choose(
        self,
        groups: Collection[int],
        start: tuple[Iterable[int], Iterable[Column]],
        *,
        seconds: float,
        cancelled: Cancelled,
    ) -> tuple[list[int], list[Column]] | None:
        """Return the best of `groups` and of the known weeks found in time; None when none was found.

        Args:
            groups: those that may be opened.
            start: groups and weeks to improve on, all of them known.
            seconds: when to stop.
            cancelled: asked now and then; True stops the search.
        """
        possible = len(self._question.possible)
        model = new_model(self._seed)
        model.passModel(self._model.getLp())
        for group in range(possible):
            if group not in groups:
                model.changeColBounds(group, 0.0, 0.0)
        begin = [0.0] * (possible + len(self.columns))
        for group in start[0]:
            begin[group] = 1.0
        for column in start[1]:
            begin[self._places[column.person, column.part, column.chosen]] = 1.0
        result = solved_whole(
            model,
            range(len(begin)),
            begin,
            seconds=seconds,
            gap=NO_DIFFERENCE * self._cohort.grain / TICKS,
            cancelled=cancelled,
        )
        if result is None:
            return None
        taken = [share > 0.5 for share in result[0]]  # noqa: PLR2004
        opened = [group for group in range(possible) if taken[group]]
        return opened, [c for c, is_taken in zip(self.columns, taken[possible:], strict=True) if is_taken]
