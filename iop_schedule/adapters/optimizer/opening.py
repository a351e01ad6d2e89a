"""Which new group times would serve most people? Some of many possible groups, within a budget.

People who have a place keep it. A quick answer opens one group after another, always the one that
helps most for its cost; the exact one weighs all of them together, because two groups can help where
neither does alone. It generates weeks at prices, as for everyone at once, with a fee for using a group.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

from iop_schedule import clock
from iop_schedule.adapters.optimizer.cohort import TICKS
from iop_schedule.adapters.optimizer.opening_question import Answer, NewGroup, Question
from iop_schedule.adapters.optimizer.opening_quick import open_one_by_one
from iop_schedule.adapters.optimizer.opening_search import OpeningSearch
from iop_schedule.adapters.optimizer.solve import PROVED
from iop_schedule.domain.placement import Choice, Plan, PlanStatus, Problem, objective

#: Share of the time for the quick answer.
QUICK = 0.06


@dataclass(frozen=True, slots=True)
class Opening:
    """Which groups to open, and the plan that this allows."""

    groups: tuple[str, ...]
    #: Everyone, those who keep their places included.
    plan: Plan
    #: People who get a place through it, in the order of the problem.
    placed: tuple[str, ...]


def _never() -> bool:
    return False


def _ignore(opening: Opening) -> None:
    del opening


def open_groups(
    problem: Problem,
    possible: Sequence[NewGroup],
    budget: int,
    *,
    held: Mapping[str, Choice],
    seconds: float,
    seed: int = 0,
    not_together: Sequence[frozenset[str]] = (),
    cancelled: Callable[[], bool] = _never,
    preview: Callable[[Opening], None] = _ignore,
) -> Opening:
    """Return the groups whose opening serves most people who wait, by the objective, with a valid bound.

    Args:
        problem: the groups that exist, the people and what the program values.
        possible: the groups that could be opened.
        budget: what those opened may cost together.
        held: who has which place; they keep it.
        seconds: when to stop.
        seed: of the solver.
        not_together: possible groups of which at most one can be opened: one counselor, one room.
        cancelled: asked often; True ends the run.
        preview: told the quick answer before the exact one is looked for.

    Raises:
        ValueError: what a person holds is not legal.
    """
    began = clock.monotonic()
    answer = Answer(Question(problem, possible, budget, held, not_together))
    quick_until = clock.monotonic() + seconds * QUICK
    open_one_by_one(answer, lambda: cancelled() or clock.monotonic() > quick_until)
    preview(_opening(answer))
    # Without the solvers the quick answer stands, without a bound.
    with suppress(ImportError):
        if possible and not cancelled():
            OpeningSearch(answer, began + seconds, seed, cancelled).run()
    return _opening(answer)


def _opening(answer: Answer) -> Opening:
    """Return an answer in terms of the problem, proved as far as its bound reaches."""
    question, cohort = answer.question, answer.question.cohort
    placed = dict(answer.seating.choices())
    assignments = {
        c.id: choice
        for c in question.problem.clients
        if (choice := question.held.get(c.id) or placed.get(c.id)) is not None
    }
    value = objective(question.problem, Plan(assignments))
    most = None
    if answer.bound is not None:
        most = max(value, Fraction(answer.bound // cohort.grain * cohort.grain + cohort.constant, TICKS))
    proved = most is not None and most - value <= PROVED * abs(value)
    plan = Plan(
        assignments=assignments,
        status=PlanStatus.OPTIMAL if proved else PlanStatus.FEASIBLE,
        objective=float(value),
        bound=None if most is None else float(most),
    )
    used = {group for column in answer.columns for group in question.groups_in(column)}
    needed = tuple(question.possible[g].group.id for g in answer.opened if g in used)
    return Opening(needed, plan, tuple(placed))
