"""Which new group times would serve most people? Some of many possible groups, within a budget.

People who have a place keep it. A quick answer opens one group after another, always the one that
helps most for its cost; the exact one weighs all of them together, because two groups can help where
neither does alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isfinite

from iop_schedule import clock
from iop_schedule.adapters.optimizer import improvement
from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Seating
from iop_schedule.adapters.optimizer.compact import WholeProblem
from iop_schedule.adapters.optimizer.solve import PROVED
from iop_schedule.domain.placement import Choice, Group, Plan, PlanStatus, Problem, objective

#: Share of the time for the quick answer.
QUICK = 0.25


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group that could be opened, and what it costs, such as minutes of a counselor's week."""

    group: Group
    cost: int


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
    run = _Run(problem, possible, budget, held, not_together)
    until = clock.monotonic() + seconds

    def stop() -> bool:
        return cancelled() or clock.monotonic() > until - (1 - QUICK) * seconds

    seating, opened = run.quick(stop)
    first = run.opening(seating, opened, None)
    preview(first)
    if cancelled() or not possible:
        return first
    try:
        return run.exact(seating, opened, until - clock.monotonic(), seed, cancelled) or first
    except ImportError:
        return first


class _Run:
    """One question, with every possible group in it."""

    def __init__(
        self,
        problem: Problem,
        possible: Sequence[NewGroup],
        budget: int,
        held: Mapping[str, Choice],
        not_together: Sequence[frozenset[str]],
    ) -> None:
        self._possible, self._budget, self._not_together = possible, budget, not_together
        self._held = held
        self.problem = replace(problem, groups=(*problem.groups, *(n.group for n in possible)))
        self.cohort = Cohort(self.problem, held)
        self._rows = {
            n.group.id: [
                row
                for row, (meeting, _) in enumerate(self.cohort.row_names)
                if meeting in {m.id for m in n.group.meetings}
            ]
            for n in possible
        }

    def quick(self, stop: Callable[[], bool]) -> tuple[Seating, list[str]]:
        """Return a plan with groups opened one after the other."""
        seating = Seating(self.cohort)
        seats = {group: [seating.room[r] for r in rows] for group, rows in self._rows.items()}
        for rows in self._rows.values():
            for row in rows:
                seating.room[row] = 0
        seating.place_rest(improvement.by_priority(self.cohort))
        opened: list[str] = []
        left = self._budget
        while not stop():
            choices = [n for n in self._possible if n.cost <= left and self._may_open(n.group.id, opened)]
            gains = [(self._gain(seating, n, seats) / max(1, n.cost), n.group.id, n) for n in choices]
            best = max(gains, key=lambda g: (g[0], g[1]), default=None)
            if best is None or best[0] <= 0:
                break
            opened.append(best[1])
            left -= best[2].cost
            self._open(seating, best[1], seats)
            seating.place_rest(self._users(best[1]))
        return seating, opened

    def _may_open(self, group: str, opened: Sequence[str]) -> bool:
        return group not in opened and not any(
            group in together and together & set(opened) for together in self._not_together
        )

    def _open(self, seating: Seating, group: str, seats: Mapping[str, list[int]]) -> None:
        for row, free in zip(self._rows[group], seats[group], strict=True):
            seating.room[row] += free

    def _users(self, group: str) -> list[int]:
        able = [
            n
            for n, parts in enumerate(self.cohort.people)
            if any(o.group.id == group for part in parts for o in part.offers)
        ]
        return sorted(able, key=lambda n: (-self.cohort.rewards[n], n))

    def _gain(self, seating: Seating, new: NewGroup, seats: Mapping[str, list[int]]) -> int:
        """Return what opening one group brings at once, in ticks; the seating is as before afterwards."""
        before, known = seating.value, set(seating.placed)
        self._open(seating, new.group.id, seats)
        seating.place_rest(self._users(new.group.id))
        gain = seating.value - before
        for person in set(seating.placed) - known:
            seating.unseat(person)
        for row, free in zip(self._rows[new.group.id], seats[new.group.id], strict=True):
            seating.room[row] -= free
        return gain

    def exact(
        self,
        seating: Seating,
        opened: Sequence[str],
        seconds: float,
        seed: int,
        cancelled: Callable[[], bool],
    ) -> Opening | None:
        """Return the best groups found within `seconds`, from those of the quick answer on."""
        model = WholeProblem(self.cohort, seed)
        variables = model.open_only(
            [(frozenset(m.id for m in n.group.meetings), n.cost) for n in self._possible], self._budget
        )
        by_group = {n.group.id: v for n, v in zip(self._possible, variables, strict=True)}
        for together in self._not_together:
            model.at_most_one([by_group[g] for g in sorted(together) if g in by_group])
        start = [c for own in seating.placed.values() for c in own]
        chosen = model.solved(start, seconds, cancelled, [by_group[g] for g in opened])
        if chosen is None:
            return None
        better = Seating(self.cohort)
        for person in sorted({c.person for c in chosen.columns}):
            better.seat(
                person, sorted((c for c in chosen.columns if c.person == person), key=lambda c: c.part)
            )
        if better.value < seating.value:
            return self.opening(seating, opened, chosen.bound)
        return self.opening(better, self._needed(better), chosen.bound)

    def _needed(self, seating: Seating) -> list[str]:
        used = {row for columns in seating.placed.values() for c in columns for row in c.rows}
        return [group for group, rows in self._rows.items() if used & set(rows)]

    def opening(self, seating: Seating, opened: Sequence[str], bound: float | None) -> Opening:
        """Return a plan as an answer, proved as far as `bound` reaches."""
        placed = dict(seating.choices())
        assignments = {
            c.id: choice
            for c in self.problem.clients
            if (choice := self._held.get(c.id) or placed.get(c.id)) is not None
        }
        value = objective(self.problem, Plan(assignments))
        grain = self.cohort.grain
        most = None
        if bound is not None and isfinite(bound):
            whole = int(bound + grain / 2) // grain * grain + self.cohort.constant
            most = max(value, Fraction(whole, TICKS))
        proved = most is not None and most - value <= PROVED * abs(value)
        plan = Plan(
            assignments=assignments,
            status=PlanStatus.OPTIMAL if proved else PlanStatus.FEASIBLE,
            objective=float(value),
            bound=None if most is None else float(most),
        )
        used = {m for choice in placed.values() for m in _all_meetings(choice)}
        needed = [
            n.group.id
            for n in self._possible
            if n.group.id in opened and any(m.id in used for m in n.group.meetings)
        ]
        return Opening(tuple(needed), plan, tuple(placed))


def _all_meetings(choice: Choice) -> set[str]:
    return set(choice) if isinstance(choice, tuple) else {*choice.a, *choice.b}
