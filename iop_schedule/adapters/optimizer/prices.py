"""What a seat is worth to people still to come: scarcity prices for intake, one person at a time.

Learnt from people like those expected, they let `best_weeks` leave scarce seats to those who have
nowhere else to go, without ever moving anyone and without turning anyone away.
"""

from collections.abc import Callable

from iop_schedule import clock
from iop_schedule.adapters.optimizer import improvement
from iop_schedule.adapters.optimizer.cohort import Cohort, Seating
from iop_schedule.adapters.optimizer.generation import Bound, generate
from iop_schedule.adapters.optimizer.lp import Master
from iop_schedule.domain.placement import Problem


def _never() -> bool:
    return False


def seat_prices(
    problem: Problem, *, seconds: float, seed: int = 0, cancelled: Callable[[], bool] = _never
) -> dict[str, float]:
    """Return the points that one seat more in each meeting would bring; 0 where seats are left.

    Args:
        problem: the groups, and people like those expected.
        seconds: when to stop; the prices reached by then are returned.
        seed: of the solver.
        cancelled: asked often; True ends the run.
    """
    until = clock.monotonic() + seconds
    cohort = Cohort(problem)
    first = Seating(cohort)
    first.place_rest(improvement.by_priority(cohort))
    master = Master(cohort, seed)
    for columns in first.placed.values():
        for column in columns:
            master.add(column)
    best = Bound(sum(cohort.rewards) * 2)
    relaxed = generate(cohort, master, best, stop=lambda: cancelled() or clock.monotonic() > until)
    prices: dict[str, float] = {}
    for (meeting, _), price in zip(cohort.row_names, relaxed.prices, strict=False):
        prices[meeting] = prices.get(meeting, 0.0) + price
    return prices
