"""Which groups to open, as rows and columns: whose seats are there only if a group is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iop_schedule.adapters.optimizer.cohort import Cohort, Column, Seating
from iop_schedule.domain.placement import Choice, Group, Problem


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group that could be opened, and what it costs, such as minutes of a counselor's week."""

    group: Group
    cost: int


class Question:
    """One question, with every possible group in it; groups are known by their place among the possible ones.

    Args:
        problem: the groups that exist, the people and what the program values.
        possible: the groups that could be opened.
        budget: what those opened may cost together.
        held: who has which place; they keep it.
        not_together: possible groups of which at most one can be opened.

    Raises:
        ValueError: what a person holds is not legal.
    """

    def __init__(
        self,
        problem: Problem,
        possible: Sequence[NewGroup],
        budget: int,
        held: Mapping[str, Choice],
        not_together: Sequence[frozenset[str]] = (),
    ) -> None:
        self.possible, self.budget, self.held = possible, budget, held
        places = {new.group.id: n for n, new in enumerate(possible)}
        self.not_together = [sorted(places[g] for g in together if g in places) for together in not_together]
        self.problem = replace(problem, groups=(*problem.groups, *(n.group for n in possible)))
        self.cohort = Cohort(self.problem).keeping(held)
        self.cohort.leave_out_full()
        owner = {m.id: n for n, new in enumerate(possible) for m in new.group.meetings}
        #: The group whose opening a row needs; rows of seats that are there anyway are not in it.
        self.group_of = {
            row: owner[meeting] for row, (meeting, _) in enumerate(self.cohort.row_names) if meeting in owner
        }
        #: The rows of seats of each group.
        self.rows: list[list[int]] = [[] for _ in possible]
        for row, group in self.group_of.items():
            self.rows[group].append(row)

    def groups_in(self, column: Column) -> set[int]:
        """Return the groups that must be open for a week."""
        return {self.group_of[row] for row in column.rows if row in self.group_of}

    def may_open(self, group: int, opened: Sequence[int]) -> bool:
        """Return True when a group can be opened beside others and the budget allows it."""
        left = self.budget - sum(self.possible[g].cost for g in opened)
        apart = any(group in together and set(together) & set(opened) for together in self.not_together)
        return group not in opened and self.possible[group].cost <= left and not apart

    def seating(self, opened: Sequence[int] = ()) -> Seating:
        """Return a plan for nobody, with the seats that are there anyway and those of the groups opened."""
        seating = Seating(self.cohort)
        for row in self.closed_rows(opened):
            seating.room[row] = 0
        return seating

    def closed_rows(self, opened: Sequence[int]) -> list[int]:
        """Return the rows whose seats are not there when just these groups are opened."""
        return [row for row, group in self.group_of.items() if group not in opened]

    def open(self, seating: Seating, group: int) -> None:
        """Let the seats of a group be taken."""
        for row in self.rows[group]:
            seating.room[row] += self.cohort.capacities[row]

    def close(self, seating: Seating, group: int) -> None:
        """Take the seats of a group away, in which nobody is."""
        for row in self.rows[group]:
            seating.room[row] -= self.cohort.capacities[row]


class Answer:
    """The best answer so far: groups, a plan, and how far it is proved.

    Args:
        question: what is asked.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.seating, self.opened = question.seating(), list[int]()
        #: No choice of groups and no plan is worth more, in ticks; None until one is proved.
        self.bound: int | None = None

    @property
    def columns(self) -> list[Column]:
        """Return everybody's weeks."""
        return [column for own in self.seating.placed.values() for column in own]

    def offer(self, seating: Seating, opened: Sequence[int]) -> None:
        """Keep a plan if it is better."""
        if seating.value > self.seating.value:
            self.seating, self.opened = seating, sorted(opened)

    def lower(self, bound: int) -> bool:
        """Keep a bound if it is better; return whether it was."""
        if self.bound is not None and bound >= self.bound:
            return False
        self.bound = bound
        return True

    def is_proved(self) -> bool:
        """Return True when nothing can be better."""
        grain = self.question.cohort.grain
        return self.bound is not None and self.bound // grain * grain <= self.seating.value
