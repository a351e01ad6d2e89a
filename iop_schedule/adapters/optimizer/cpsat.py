"""The one door to CP-SAT: choosing among known columns, better than HiGHS where seats are short.

OR-Tools is imported on first use only.
"""

from collections.abc import Sequence
from typing import Any

from iop_schedule.adapters.optimizer.cohort import Cohort, Column
from iop_schedule.adapters.optimizer.lp import Cancelled, Chosen

#: One worker with a strong linear relaxation: with two workers the solver's mix of strategies is worse
#: than greedy, and one worker is repeatable.
WORKERS, LINEARIZATION = 1, 2


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
        cancelled: asked whenever a better choice is found; True stops the search.
    """
    from ortools.sat.python import cp_model  # noqa: PLC0415 - loading the solver takes a second

    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in columns]
    _share_rows(cohort, columns, model, taken)
    by_person: dict[tuple[int, int], list[int]] = {}
    for n, column in enumerate(columns):
        by_person.setdefault((column.person, column.part), []).append(n)
    for person in sorted({c.person for c in columns}):
        parts = range(len(cohort.people[person]))
        halves = [[taken[n] for n in by_person.get((person, part), [])] for part in parts]
        model.add_at_most_one(halves[0])
        for other in halves[1:]:
            model.add(sum(halves[0]) == sum(other))
    worths = [
        (c.value + cohort.rewards[c.person] // len(cohort.people[c.person])) // cohort.grain for c in columns
    ]
    model.maximize(cp_model.LinearExpr.weighted_sum(taken, worths))
    begin = {(c.person, c.part, c.chosen) for c in start}
    for variable, column in zip(taken, columns, strict=True):
        model.add_hint(variable, (column.person, column.part, column.chosen) in begin)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = WORKERS
    solver.parameters.linearization_level = LINEARIZATION
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = max(0.1, seconds)
    status = solver.solve(model, _watch(cp_model, cancelled))
    # Values after any other status are not a choice at all.
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return None
    picked = [c for c, variable in zip(columns, taken, strict=True) if solver.boolean_value(variable)]
    return Chosen(picked, solver.best_objective_bound * cohort.grain)


def _share_rows(cohort: Cohort, columns: Sequence[Column], model: Any, taken: Sequence[Any]) -> None:
    """Say that no row gives more than it has; rows that everybody fits into are left out."""
    users: dict[int, list[Any]] = {}
    for variable, column in zip(taken, columns, strict=True):
        for row in column.rows:
            users.setdefault(row, []).append(variable)
    for row, variables in users.items():
        if len(variables) > cohort.capacities[row]:
            model.add(sum(variables) <= cohort.capacities[row])


def _watch(cp_model: Any, cancelled: Cancelled) -> Any:
    """Return what stops the search at the next better choice once the run is cancelled."""

    class Watch(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]  # known at run time only
        def on_solution_callback(self) -> None:
            if cancelled():
                self.stop_search()

    return Watch()
