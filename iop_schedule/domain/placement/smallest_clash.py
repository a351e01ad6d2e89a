"""What keeps a person from any legal week: a smallest set of things that cannot all be had.

Dropping any one of them leaves the rest satisfiable. Whom a person is kept apart from is never one
of them: meetings closed for that reason are left out from the start.
"""

from iop_schedule.domain.placement.clash import Clash
from iop_schedule.domain.placement.clash_question import Question
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.problem import Client, Problem
from iop_schedule.domain.placement.smallest_set import MOST_LOOKS, smallest_unsatisfiable


def smallest_clash(
    problem: Problem, client: Client, free: Openings, *, looks: int = MOST_LOOKS
) -> tuple[Clash, ...]:
    """Return a smallest set of clashing things, commitments first; () when a legal week exists.

    After `looks` looks for a smaller one, the set may not be the smallest, but none of it is spare.
    """
    question = Question(problem, client, free)
    items = question.items
    if question.satisfied(frozenset(range(len(items)))) is not None:
        return ()
    smallest = smallest_unsatisfiable(len(items), question.satisfied, looks)
    return tuple(items[n] for n in sorted(smallest))
