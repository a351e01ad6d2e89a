"""Place everyone who waits: a plan, an upper bound that always holds, and the gap between them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from math import isfinite

from iop_schedule import clock
from iop_schedule.adapters.optimizer import compact, cpsat, improvement, lp
from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Column, Seating
from iop_schedule.adapters.optimizer.diving import Shared, dived
from iop_schedule.adapters.optimizer.enumeration import promising_columns
from iop_schedule.adapters.optimizer.generation import Bound, generate
from iop_schedule.adapters.optimizer.halves import halved, halves
from iop_schedule.adapters.optimizer.lp import Relaxed
from iop_schedule.adapters.optimizer.reasons import reasons_for
from iop_schedule.domain.placement import (
    Choice,
    Plan,
    PlanStatus,
    Problem,
    objective,
)

#: A plan whose bound is no further away than this counts as proved best.
PROVED = Fraction(1, 10_000)
#: Of many people, the bound of the fractions may be away from their value by this part of that.
LITTLE = 20
#: Up to so many people are planned to the last point, where that can be proved; more, until it is close
#: enough. It must not depend on the clock: the same problem gets the same plan on a busy machine.
TO_THE_LAST_POINT = 100
#: Share of the people still open who are seated together in a dive: first many, then few.
AT_ONCE = 0.25, 0.1, 0.05
#: Share of the time for planning that fractions may take: a dive from there brings more than better ones.
FRACTIONS = 0.85
#: Share of the time kept for telling people without a plan why.
EXPLAINING = 0.15
#: Share of the remaining time for choosing among columns, and for the whole problem at once if it is
#: small enough for that.
CHOOSING, WHOLE_PROBLEM, CHOOSING_AMONG_MANY = 0.25, 0.75, 0.7
#: How many columns are listed for a proof: few are tried first.
FEW_LISTED, MOST_LISTED = 3_000, 20_000


#: Chooses among columns in whole numbers.
Chooser = Callable[..., lp.Chosen | None]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands, for a page that shows it."""

    step: str
    seconds: float
    objective: float
    bound: float


def _ignore(progress: Progress) -> None:
    del progress


def _never() -> bool:
    return False


def solve(
    problem: Problem,
    *,
    seconds: float,
    seed: int = 0,
    start: Plan | None = None,
    fixed: Mapping[str, Choice] | None = None,
    cancelled: Callable[[], bool] = _never,
    progress: Callable[[Progress], None] = _ignore,
) -> Plan:
    """Return the best plan found for everyone, with an upper bound that always holds.

    A run that ends before its time gives the same plan every time; one that is cut short may not.

    Args:
        problem: the groups, the people and what the program values.
        seconds: when to stop; kept within a tenth.
        seed: of the solvers, to break ties between equally good plans.
        start: a plan to begin from; what of it is not legal is left out.
        fixed: people who keep exactly what they have; it must be legal.
        cancelled: asked often; True ends the run with what is known by then.
        progress: told how far the run is.

    Raises:
        ValueError: what a person should keep is not legal.
    """
    time = _Time(clock.monotonic(), seconds)
    run = _Run(Cohort(problem).keeping(fixed or {}), time, seed, cancelled, progress)
    run.begin(start)
    run.improve()
    return run.plan()


def planned(
    cohort: Cohort,
    start: Plan,
    known: Iterable[Column] = (),
    *,
    seconds: float,
    seed: int,
    cancelled: Callable[[], bool],
    progress: Callable[[Progress], None],
) -> tuple[Plan, Sequence[Column]]:
    """Return the best plan found for a cohort, as `solve` does, and every week that was weighed for it.

    Args:
        cohort: everyone.
        start: a plan to begin from.
        known: weeks that were weighed for the same people before.
        seconds: when to stop.
        seed: of the solvers.
        cancelled: asked often; True ends the run.
        progress: told how far the run is.
    """
    run = _Run(cohort, _Time(clock.monotonic(), seconds), seed, cancelled, progress)
    run.begin(start)
    run.improve(known)
    return run.plan(), run.weighed


def searched(
    cohort: Cohort, start: Plan, *, seconds: float, seed: int, cancelled: Callable[[], bool]
) -> tuple[Seating, Sequence[Column]]:
    """Return the seats of the best plan found for a cohort, and every week that was weighed for it."""
    run = _Run(cohort, _Time(clock.monotonic(), seconds), seed, cancelled, _ignore)
    run.begin(start)
    run.improve()
    return run.best, run.weighed


@dataclass(frozen=True, slots=True)
class _Time:
    """When a run began, and the seconds it has."""

    began: float
    seconds: float

    @property
    def taken(self) -> float:
        """Return the seconds since the run began."""
        return clock.monotonic() - self.began


class _Run:
    """One run with its clock."""

    def __init__(
        self,
        cohort: Cohort,
        time: _Time,
        seed: int,
        cancelled: Callable[[], bool],
        progress: Callable[[Progress], None],
    ) -> None:
        self._time, self._seed, self._cancelled, self._progress = time, seed, cancelled, progress
        self.problem = cohort.problem
        self.cohort = cohort
        self.best = Seating(self.cohort)
        #: Every week that was generated.
        self.weighed: Sequence[Column] = ()
        self._bound = Bound(self._unshared_bound())
        #: What is proved about the plans on either side of a limit.
        self._halves: Sequence[tuple[lp.Limit | None, Bound]] = ()
        #: How close to its bound a plan is good enough, and to their worth the bound of fractions, as shares.
        self._close = PROVED if len(self.cohort.people) > TO_THE_LAST_POINT else Fraction(0)
        self._near = self._close / LITTLE

    def _unshared_bound(self) -> int:
        """Return what everyone would bring if nobody took anybody's seat."""
        bound = 0
        for parts, reward in zip(self.cohort.people, self.cohort.rewards, strict=True):
            weeks = [part.choices.best(part.values) for part in parts]
            if None not in weeks:
                bound += max(0, reward + sum(w.value for w in weeks if w is not None))
        return bound

    def _left(self) -> float:
        """Return the seconds left for planning."""
        return self._time.seconds * (1 - EXPLAINING) - self._time.taken

    def _late(self) -> bool:
        """Return True once all the time is gone; cancelling does not make it so."""
        return self._time.taken > self._time.seconds

    def _stop(self) -> bool:
        return self._left() <= 0 or self._cancelled()

    def _gap(self) -> int:
        """Return how much better than the best plan another could be, in ticks."""
        grain = self.cohort.grain
        return self._bound.ticks // grain * grain - self.best.value

    def _good_enough(self) -> bool:
        """Return True when the plan is the best, or of many people proved close enough."""
        return self._gap() <= self._close * self.best.value

    def _is_close(self) -> bool:
        return self._gap() <= PROVED * self.best.value

    def _tell(self, step: str) -> None:
        value, bound = (ticks + self.cohort.constant for ticks in (self.best.value, self._bound.ticks))
        self._progress(Progress(step, self._time.taken, value / TICKS, bound / TICKS))

    def _keep(self, seating: Seating) -> None:
        if seating.value > self.best.value:
            self.best = seating

    def begin(self, start: Plan | None) -> None:
        """Make a first plan: what `start` has that is legal, then person by person."""
        seating = Seating(self.cohort)
        for n, client in enumerate(self.problem.clients):
            choice = None if start is None else start.assignments.get(client.id)
            columns = None if choice is None else self.cohort.columns_of(n, choice)
            if columns and seating.has_room(columns) and seating.worth(n, columns) > 0:
                seating.seat(n, columns)
        seating.place_rest(improvement.by_priority(self.cohort), self._late)
        self._keep(seating)
        self._tell("first plan")

    def improve(self, known: Iterable[Column] = ()) -> None:
        """Narrow the gap until it is closed or time is up, with weeks that are known already."""
        if self._good_enough() or self._stop():
            return
        try:
            master = lp.Master(self.cohort, self._seed)
        except ImportError:
            # Without the solvers a clinic still gets a plan, improved person by person, and a valid bound.
            self._keep(improvement.searched(self.cohort, self.best, self._seed, self._stop))
            return
        self.weighed = master.columns
        for column in (*known, *(c for columns in self.best.placed.values() for c in columns)):
            master.add(column)
        least = self._left() * (1 - FRACTIONS)
        relaxed = generate(
            self.cohort,
            master,
            self._bound,
            stop=lambda: self._stop() or self._left() < least,
            report=lambda _: self._tell("prices"),
            near=self._near,
        )
        self._keep(improvement.rounded(self.cohort, master.columns, relaxed.shares))
        self._tell("rounded")
        for step in self._steps(master, relaxed):
            if self._good_enough() or self._stop():
                return
            step()

    def _steps(self, master: lp.Master, relaxed: Relaxed) -> list[Callable[[], object]]:
        """Return what narrows the gap, the quickest first."""
        small = compact.variables(self.cohort) <= compact.MOST_VARIABLES
        share = CHOOSING if small else CHOOSING_AMONG_MANY

        def among_columns(solver: Chooser) -> Callable[[], object]:
            return lambda: self._choose(solver, master.columns, self._left() * share)

        return [
            partial(self._dive, master, relaxed, AT_ONCE[0]),
            lambda: self._halve(master, relaxed),
            *(partial(self._dive, master, relaxed, share) for share in AT_ONCE[1:]),
            lambda: self._prove(FEW_LISTED),
            among_columns(lp.choose),
            *([self._whole_problem] if small else []),
            lambda: self._prove(MOST_LISTED),
            among_columns(cpsat.choose),
            self._search,
        ]

    def _search(self) -> None:
        """Vary the plan until time is up, unless it is close enough already."""
        if not self._is_close():
            self._keep(improvement.searched(self.cohort, self.best, self._seed, self._stop))

    def _dive(self, master: lp.Master, relaxed: Relaxed, at_once: float) -> None:
        shared = Shared(master.columns, relaxed.shares)
        seating, found = dived(self.cohort, shared, self._stop, seed=self._seed, at_once=at_once)
        for column in found:
            master.add(column)
        self._keep(seating)
        self._tell("dived")

    def _halve(self, master: lp.Master, relaxed: Relaxed) -> None:
        """Plan for whole numbers of people on either side of a fraction."""
        limits = halves(self.cohort, Shared(master.columns, relaxed.shares))
        if not limits:
            return
        both = halved(
            self.cohort,
            limits,
            master,
            self.best,
            self._bound,
            stop=self._stop,
            seed=self._seed,
            near=self._near,
            close=self._close,
            dives=AT_ONCE,
        )
        self._keep(both.seating)
        for column in both.columns:
            master.add(column)
        self._halves = both.bounds
        self._lower(max(own.ticks for _, own in both.bounds))
        self._tell("halved")

    def _choose(self, solver: Chooser, columns: Sequence[Column], seconds: float) -> float | None:
        """Choose among columns in whole numbers; return the bound on such choices, in ticks."""
        start = [c for own in self.best.placed.values() for c in own]
        known = {(c.person, c.part, c.chosen) for c in columns}
        everything = [*columns, *(c for c in start if (c.person, c.part, c.chosen) not in known)]
        chosen = solver(
            self.cohort, everything, start, seconds=seconds, seed=self._seed, cancelled=self._cancelled
        )
        if chosen is None:
            return None
        self._keep(improvement.seated(self.cohort, chosen.columns))
        self._tell("chosen")
        return chosen.bound

    def _whole_problem(self) -> None:
        """Plan once more without columns, for a better bound."""
        start = [c for own in self.best.placed.values() for c in own]
        chosen = compact.choose(
            self.cohort,
            start,
            seconds=self._left() * WHOLE_PROBLEM,
            seed=self._seed,
            cancelled=self._cancelled,
        )
        if chosen is not None:
            self._keep(improvement.seated(self.cohort, chosen.columns))
            self._lower(chosen.bound)
            self._tell("whole problem")

    def _lower(self, bound: float) -> None:
        """Keep a solver's bound, in ticks, if it is lower; rounding is worth less than half a grain."""
        if not isfinite(bound):
            return
        proved = max(self.best.value, int(bound + self.cohort.grain / 2))
        if proved < self._bound.ticks:
            self._bound = replace(self._bound, ticks=proved)

    def _prove(self, most: int) -> None:
        """List every week that could be part of a better plan, if these are few, and choose among them."""
        columns: list[Column] = []
        for limit, bound in self._halves or [(None, self._bound)]:
            if bound.ticks <= self.best.value:
                continue
            if not bound.prices:  # There was no time to prove one.
                return
            few = most - len(columns)
            found = promising_columns(
                self.cohort, bound.prices, self.best.value, few, self._stop, limit=limit
            )
            if found is None or self._stop():
                return
            columns += found
        best_elsewhere = self._choose(lp.choose, list(dict.fromkeys(columns)), self._left())
        if best_elsewhere is not None:
            # Nothing outside the list beats the plan, and nothing inside beats the bound of the choice.
            self._lower(best_elsewhere)

    def plan(self) -> Plan:
        """Return the best plan, proved as far as it is, with reasons for everyone without one."""
        self.best.place_rest(improvement.by_priority(self.cohort), self._late)
        placed = dict(self.best.choices()) | self.cohort.fixed
        assignments = {c.id: placed[c.id] for c in self.problem.clients if c.id in placed}
        grain = self.cohort.grain
        value = objective(self.problem, Plan(assignments))
        bound = max(value, Fraction(self._bound.ticks // grain * grain + self.cohort.constant, TICKS))
        proved = bound - value <= PROVED * abs(value)
        reasons = reasons_for(
            self.problem,
            assignments,
            in_time=lambda: self._time.taken < self._time.seconds and not self._cancelled(),
        )
        return Plan(
            assignments=assignments,
            unplaced=reasons,
            status=PlanStatus.OPTIMAL if proved else PlanStatus.FEASIBLE,
            objective=float(value),
            bound=float(bound),
            seconds=round(self._time.taken, 2),
        )
