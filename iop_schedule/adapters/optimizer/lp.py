"""The one door to HiGHS: the linear master problem, and choosing among known columns in whole numbers.

HiGHS is imported on first use only: a clinic that places people one by one never loads it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Column

#: HiGHS's own numbers. A basis stays good for the primal simplex when columns are added, for the dual one
#: when there are other bounds.
DUAL, PRIMAL = 1, 4
#: What a unit short of a limit costs, in points: more than anything a plan could gain by it.
SHORT = 1e5
#: The part of a grain that separates no two plans.
NO_DIFFERENCE = 0.4
Cancelled = Callable[[], bool]


def new_model(seed: int) -> Any:
    """Return an empty HiGHS model: silent, one thread, repeatable."""
    import highspy  # noqa: PLC0415 - loading the solver takes a second and 100 MB

    model = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", seed),
        ("simplex_strategy", PRIMAL),
    ):
        model.setOptionValue(name, value)
    return model


def is_solved(model: Any) -> bool:
    """Return True when the last run of a model ended with the best there is."""
    import highspy  # noqa: PLC0415 - see new_model

    return bool(model.getModelStatus() == highspy.HighsModelStatus.kOptimal)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most, or at least, so many units of priority are placed: what `Cohort.units` counts."""

    units: int
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The best mix of columns, fractions allowed: its value, the price of each row, each column's share."""

    value: float
    prices: list[float]
    #: Per person: what one more of them would bring.
    person_prices: list[float]
    #: Per person: how week A and week B settle between them; 0 for weekly plans.
    links: list[float]
    shares: list[float]
    #: What a unit of priority costs where they are limited, below nothing where too few are placed.
    limit_price: float = 0.0


class Master:
    """The master problem of column generation, solved again after columns are added.

    Args:
        cohort: everyone.
        seed: of the solver.
    """

    def __init__(self, cohort: Cohort, seed: int) -> None:
        self._cohort = cohort
        #: How much priority may, or must, be placed; its row, and the variable for how far it is missed.
        self.limit: Limit | None = None
        self._limited = self._short = -1
        self._simplex = PRIMAL
        self.columns: list[Column] = []
        self._known: set[tuple[int, int, tuple[int, ...]]] = set()
        self._model = new_model(seed)
        infinity = self._model.inf
        for capacity in cohort.capacities:
            self._model.addRow(-infinity, float(capacity), 0, [], [])
        self._first_person = len(cohort.capacities)
        for _ in cohort.people:
            self._model.addRow(-infinity, 1.0, 0, [], [])
        self._first_link = self._first_person + len(cohort.people)
        for _ in cohort.people if len(cohort.weeks) > 1 else ():
            self._model.addRow(0.0, 0.0, 0, [], [])
        self._end = self._first_link + (len(cohort.people) if len(cohort.weeks) > 1 else 0)

    def limit_to(self, limit: Limit) -> None:
        """Ask about plans within this limit from now on."""
        infinity = self._model.inf
        if self.limit is None:
            self._limited, self._short = self._end, len(self.columns)
            counted = [(n, self._units(c)) for n, c in enumerate(self.columns) if c.part == 0]
            places, factors = [n for n, _ in counted], [units for _, units in counted]
            self._model.addRow(-infinity, infinity, len(places), places, factors)
            self._model.addCol(SHORT, 0.0, infinity, 1, [self._limited], [1.0])
        else:
            # From one limit to another is a long way, by way of none a short one: 1 instead of 23 s (XL).
            self._model.changeRowBounds(self._limited, -infinity, infinity)
            self.solve()
        self.limit = limit
        least, most = (limit.units, infinity) if limit.at_least else (-infinity, limit.units)
        self._model.changeRowBounds(self._limited, float(least), float(most))
        self._model.changeColBounds(self._short, 0.0, infinity if limit.at_least else 0.0)
        self._simplex = DUAL

    def _units(self, column: Column) -> float:
        return float(self._cohort.units[column.person])

    def add(self, column: Column) -> bool:
        """Add a column unless it is known; return whether it was added."""
        name = (column.person, column.part, column.chosen)
        if name in self._known:
            return False
        self._known.add(name)
        self.columns.append(column)
        self._simplex = PRIMAL
        rows, factors = self._entries(column)
        self._model.addCol(-self._worth(column), 0.0, self._model.inf, len(rows), rows, factors)
        return True

    def _worth(self, column: Column) -> float:
        reward = self._cohort.rewards[column.person] / len(self._cohort.people[column.person])
        return (column.value + reward) / TICKS

    def _entries(self, column: Column) -> tuple[list[int], list[float]]:
        rows = list(column.rows)
        factors = [1.0] * len(rows)
        if column.part == 0:
            rows.append(self._first_person + column.person)
            factors.append(1.0)
            if self.limit is not None:
                rows.append(self._limited)
                factors.append(self._units(column))
        if len(self._cohort.people[column.person]) > 1:
            rows.append(self._first_link + column.person)
            factors.append(1.0 if column.part == 0 else -1.0)
        return rows, factors

    def solve(self) -> Relaxed:
        """Return the best mix of the columns added so far."""
        self._model.setOptionValue("simplex_strategy", self._simplex)
        self._model.run()
        solution = self._model.getSolution()
        shares = list(solution.col_value)
        if self.limit is not None:
            del shares[self._short]
        duals = [-d for d in solution.row_dual]
        people = len(self._cohort.people)
        links = duals[self._first_link : self._end] or [0.0] * people
        return Relaxed(
            value=-self._model.getInfo().objective_function_value,
            prices=[max(0.0, d) for d in duals[: self._first_person]],
            person_prices=[max(0.0, d) for d in duals[self._first_person : self._first_link]],
            links=links,
            shares=shares,
            limit_price=duals[self._limited] if self.limit is not None else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice of columns in whole numbers, and a bound on what any choice of them is worth."""

    columns: list[Column]
    #: In ticks; no choice of these columns is worth more. Infinite when time was too short for a bound.
    bound: float


def choose(
    cohort: Cohort,
    columns: Sequence[Column],
    start: Sequence[Column],
    *,
    seconds: float,
    seed: int,
    cancelled: Cancelled,
) -> Chosen | None:
    """Return the best choice among `columns` found within `seconds`; None when none was found.

    Args:
        cohort: everyone.
        columns: what to choose from; `start` is among it.
        start: a legal choice to improve on.
        seconds: when to stop.
        seed: of the solver.
        cancelled: asked now and then; True stops the search.
    """
    master = Master(cohort, seed)
    for column in columns:
        master.add(column)
    begin = {(c.person, c.part, c.chosen) for c in start}
    result = solved_whole(
        master._model,
        range(len(master.columns)),
        [float((c.person, c.part, c.chosen) in begin) for c in master.columns],
        seconds=seconds,
        gap=NO_DIFFERENCE * cohort.grain / TICKS,
        cancelled=cancelled,
    )
    if result is None:
        return None
    values, bound = result
    picked = [c for c, share in zip(master.columns, values, strict=True) if share > 0.5]  # noqa: PLR2004
    return Chosen(picked, bound * TICKS)


def solved_whole(
    model: Any,
    whole: Sequence[int],
    begin: Sequence[float],
    *,
    seconds: float,
    gap: float,
    cancelled: Cancelled,
) -> tuple[list[float], float] | None:
    """Return the best values found for a model and the bound reached, in points; None without values.

    Args:
        model: a HiGHS model that minimizes points taken negative.
        whole: the variables that must be whole.
        begin: values to improve on.
        seconds: when to stop.
        gap: a difference in points that is no difference.
        cancelled: asked now and then; True stops the search.
    """
    import highspy  # noqa: PLC0415 - see new_model

    model.changeColsIntegrality(len(whole), list(whole), [highspy.HighsVarType.kInteger] * len(whole))
    for name, value in (("time_limit", max(0.1, seconds)), ("mip_rel_gap", 0.0), ("mip_abs_gap", gap)):
        model.setOptionValue(name, value)
    solution = highspy.HighsSolution()
    solution.col_value = list(begin)
    model.setSolution(solution)
    model.cbMipInterrupt.subscribe(lambda event: event.interrupt(cancelled()))
    model.run()
    info = model.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    return list(model.getSolution().col_value), -info.mip_dual_bound
