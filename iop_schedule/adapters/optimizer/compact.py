"""The whole problem as one mixed-integer program: one variable per person and meeting.

Too large for big clinics, but where seats are short its bound gets closer than that of columns. Its
relaxation is strong because meetings that exclude each other share one row per day, under a variable
that says whether the person comes that day, under one that says whether the person is placed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Column, Part
from iop_schedule.adapters.optimizer.lp import NO_DIFFERENCE, Cancelled, Chosen, new_model, solved_whole
from iop_schedule.adapters.optimizer.opening_prices import Payer, Prices
from iop_schedule.adapters.optimizer.opening_question import Question
from iop_schedule.domain.placement.day_search import Candidate, too_close
from iop_schedule.domain.placement.week_limits import DAYS_IN_WEEK

#: Variables beyond which columns do better in the same time (measured at 100 and 300 people).
MOST_VARIABLES = 8_000


@dataclass(frozen=True, slots=True)
class _Block:
    """Where the variables of one part are: its meetings, its days, its overrun."""

    person: int
    part: int
    meetings: range
    days: dict[int, int]
    over: int


def variables(cohort: Cohort) -> int:
    """Return how many variables the model has."""
    return sum(1 + sum(len(p.offers) + DAYS_IN_WEEK for p in parts) for parts in cohort.people)


def choose(
    cohort: Cohort, start: Sequence[Column], *, seconds: float, seed: int, cancelled: Cancelled
) -> Chosen | None:
    """Return the best plan found within `seconds` and a bound on every plan; None when none was found.

    Args:
        cohort: everyone.
        start: a legal plan to improve on.
        seconds: when to stop.
        seed: of the solver.
        cancelled: asked now and then; True stops the search.
    """
    return WholeProblem(cohort, seed).solved(start, seconds, cancelled)


class WholeProblem:
    """The rows and variables, and how to read a solution back.

    Args:
        cohort: everyone.
        seed: of the solver.
    """

    def __init__(self, cohort: Cohort, seed: int) -> None:
        self._cohort = cohort
        self._model = new_model(seed)
        self._infinity = self._model.inf
        self._costs: list[float] = []
        self._most: list[float] = []
        self._whole: list[int] = []
        self._rows: list[tuple[float, float, dict[int, float]]] = []
        self._shared: dict[int, dict[int, float]] = {}
        self._placed = [self._variable(reward) for reward in cohort.rewards]
        self._blocks = [
            self._block(n, k, part) for n, parts in enumerate(cohort.people) for k, part in enumerate(parts)
        ]

    def _variable(self, ticks: int, most: float = 1.0, *, whole: bool = True) -> int:
        if whole:
            self._whole.append(len(self._costs))
        self._costs.append(-ticks / TICKS)
        self._most.append(most)
        return len(self._costs) - 1

    def _at_most(self, users: dict[int, float], most: float = 0.0) -> None:
        self._rows.append((-self._infinity, most, users))

    def _block(self, person: int, number: int, part: Part) -> _Block:
        asked, own = part.choices.limits, part.choices.candidates
        first = len(self._costs)
        for value in part.values:
            self._variable(value)
        days = {day: self._variable(-asked.day_price) for day in sorted({c.day for c in own})}
        over = self._variable(-asked.over_price, float(asked.most_minutes - asked.least_minutes), whole=False)
        block = _Block(person, number, range(first, first + len(own)), days, over)
        self._week_rows(block, part)
        for day in days:
            self._day_rows(block, part, [i for i, c in enumerate(own) if c.day == day])
        for i, rows in enumerate(part.rows):
            for row in rows:
                self._shared.setdefault(row, {})[first + i] = 1.0
        return block

    def _week_rows(self, block: _Block, part: Part) -> None:
        asked, own, placed = part.choices.limits, part.choices.candidates, self._placed[block.person]
        first = block.meetings.start
        minutes = {first + i: float(c.minutes) for i, c in enumerate(own)}
        self._at_most({v: -m for v, m in minutes.items()} | {placed: float(asked.least_minutes)})
        self._at_most(minutes | {block.over: -1.0, placed: -float(asked.least_minutes)})
        self._at_most({block.over: 1.0, placed: -float(asked.most_minutes - asked.least_minutes)})
        self._at_most(dict.fromkeys(block.days.values(), -1.0) | {placed: float(asked.least_days)})
        for bit in (1 << n for n in range(asked.types.bit_length())):
            self._at_most({first + i: -1.0 for i, c in enumerate(own) if c.type_bit & bit} | {placed: 1.0})
        for group in part.choices.whole.values():
            lead, *others = sorted(group)
            for other in others:
                self._rows.append((0.0, 0.0, {first + lead: 1.0, first + other: -1.0}))

    def _day_rows(self, block: _Block, part: Part, here: list[int]) -> None:
        own, asked, first = part.choices.candidates, part.choices.limits, block.meetings.start
        day = block.days[own[here[0]].day]
        self._at_most({day: 1.0, self._placed[block.person]: -1.0})
        self._at_most({first + i: -1.0 for i in here} | {day: 1.0})
        for clique in cliques([own[i] for i in here]):
            self._at_most({first + here[n]: 1.0 for n in clique} | {day: -1.0})
        longest = min(asked.most_minutes_per_day, asked.most_minutes)
        if sum(own[i].minutes for i in here) > longest:
            self._at_most({first + i: float(own[i].minutes) for i in here} | {day: -float(longest)})

    def opening_prices(self, question: Question, seconds: float) -> Prices:
        """Return prices of seats and fees of new groups at which people choose about as if placed together.

        They are those of the problem in fractions: quick, a good beginning, and good enough for a bound.
        """
        opened = [self._variable(0) for _ in question.possible]
        costs = {variable: float(new.cost) for new, variable in zip(question.possible, opened, strict=True)}
        self._at_most(costs, float(question.budget))
        together = range(len(self._rows), len(self._rows) + len(question.not_together))
        for groups in question.not_together:
            self._at_most({opened[group]: 1.0 for group in groups}, 1.0)
        payers: dict[int, Payer] = {}
        for block in self._blocks:
            part = self._cohort.people[block.person][block.part]
            for variable, rows in zip(block.meetings, part.rows, strict=True):
                for group in {question.group_of[r] for r in rows if r in question.group_of}:
                    payers[len(self._rows)] = (block.person, block.part, group)
                    self._at_most({variable: 1.0, opened[group]: -1.0})
        seats: dict[int, int] = {}
        for row, users in self._shared.items():
            seats[len(self._rows)] = row
            if row in question.group_of:
                self._at_most(users | {opened[question.group_of[row]]: -float(self._cohort.capacities[row])})
            else:
                self._at_most(users, float(self._cohort.capacities[row]))
        self._load()
        for name, value in (("solver", "ipm"), ("run_crossover", "off"), ("time_limit", max(0.1, seconds))):
            self._model.setOptionValue(name, value)
        self._model.run()
        duals = [max(0, round(-d * TICKS)) for d in self._model.getSolution().row_dual]
        # Where time was too short for any there are none; then everything is free at first.
        duals += [0] * (len(self._rows) - len(duals))
        prices = [0] * len(self._cohort.capacities)
        fees: dict[Payer, int] = {}
        for n, dual in enumerate(duals):
            if n in seats:
                prices[seats[n]] += dual
            elif n in payers and dual:
                fees[payers[n]] = fees.get(payers[n], 0) + dual
        return Prices(prices, fees, [duals[row] for row in together])

    def solved(self, start: Sequence[Column], seconds: float, cancelled: Cancelled) -> Chosen | None:
        """Return the plan that the solver reaches from `start`."""
        for row, users in self._shared.items():
            if len(users) > self._cohort.capacities[row]:
                self._at_most(users, float(self._cohort.capacities[row]))
        self._load()
        result = solved_whole(
            self._model,
            self._whole,
            self._begin(start),
            seconds=seconds,
            gap=NO_DIFFERENCE * self._cohort.grain / TICKS,
            cancelled=cancelled,
        )
        if result is None:
            return None
        values, bound = result
        return Chosen(self._columns(values), bound * TICKS)

    def _load(self) -> None:
        model, infinity = self._model, self._infinity
        for low, high, _ in self._rows:
            model.addRow(low, high, 0, [], [])
        by_variable: list[tuple[list[int], list[float]]] = [([], []) for _ in self._costs]
        for n, (_, _, users) in enumerate(self._rows):
            for variable, factor in users.items():
                by_variable[variable][0].append(n)
                by_variable[variable][1].append(factor)
        for cost, most, (rows, factors) in zip(self._costs, self._most, by_variable, strict=True):
            model.addCol(cost, 0.0, min(most, infinity), len(rows), rows, factors)

    def _begin(self, start: Sequence[Column]) -> list[float]:
        values = [0.0] * len(self._costs)
        blocks = {(b.person, b.part): b for b in self._blocks}
        for column in start:
            block, part = blocks[column.person, column.part], self._cohort.people[column.person][column.part]
            values[self._placed[column.person]] = 1.0
            for i in column.chosen:
                values[block.meetings[i]] = 1.0
                values[block.days[part.choices.candidates[i].day]] = 1.0
            minutes = sum(part.choices.candidates[i].minutes for i in column.chosen)
            values[block.over] = float(minutes - part.choices.limits.least_minutes)
        return values

    def _columns(self, values: Sequence[float]) -> list[Column]:
        columns = []
        for block in self._blocks:
            part = self._cohort.people[block.person][block.part]
            chosen = [i for i, v in enumerate(block.meetings) if values[v] > 0.5]  # noqa: PLR2004
            value = self._cohort.value(part, chosen) if chosen else None
            if value is not None and values[self._placed[block.person]] > 0.5:  # noqa: PLR2004
                columns.append(self._cohort.column(block.person, block.part, chosen, value))
        return columns


def cliques(here: Sequence[Candidate]) -> list[list[int]]:
    """Return sets of meetings of one day that exclude each other, such that every such pair is in one.

    Meetings that exclude nothing come alone.
    """
    order = sorted(range(len(here)), key=lambda n: (here[n].start, here[n].end, n))
    close = {n: {k for k in order if k != n and too_close(here[n], here[k])} for n in order}
    found: list[list[int]] = []
    covered: set[tuple[int, int]] = set()
    for n in order:
        for k in sorted(close[n]) or [n]:
            if (n, k) in covered:
                continue
            clique = [n] if k == n else [n, k]
            for other in order:
                if other not in clique and all(other in close[c] for c in clique):
                    clique.append(other)
            covered |= {(a, b) for a in clique for b in clique}
            found.append(sorted(clique))
    return found
