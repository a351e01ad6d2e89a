"""Why people have no place in a plan, as far as there is time to look."""

from collections.abc import Callable, Mapping

from iop_schedule.domain.placement import (
    Because,
    Choice,
    Openings,
    Problem,
    Unplaced,
    commitment_code,
    explain,
    openings,
    unplaced,
    why_not,
)
from iop_schedule.domain.placement.problem import apart_pairs

#: Looks for a smaller clash per person: many people are waiting to be told.
FEW_LOOKS = 4


def reasons_for(
    problem: Problem, assignments: Mapping[str, Choice], *, in_time: Callable[[], bool]
) -> tuple[Unplaced, ...]:
    """Return why each person without a place has none, and what would help.

    Args:
        problem: the groups and the people.
        assignments: what those with a place attend.
        in_time: asked for each person; False leaves out what takes a search.
    """
    without = [c.id for c in problem.clients if c.id not in assignments]
    apart = {client for pair in apart_pairs(problem) for client in pair}
    # Nobody without a place holds a seat, so what is left is the same for all but those kept apart.
    left = openings(problem, "", assignments)
    reasons = []
    for client in without:
        free = openings(problem, client, assignments) if client in apart else left
        tell = _reason if in_time() else _short_reason
        reasons.append(tell(problem, client, free))
    return tuple(reasons)


def _reason(problem: Problem, client: str, free: Openings) -> Unplaced:
    told = explain(problem, client, free, looks=FEW_LOOKS)
    if told is not None:
        return unplaced(told)
    # A week would fit, but it would cost the program more points than it brings.
    return Unplaced(client, (Because("points"),))


def _short_reason(problem: Problem, client: str, free: Openings) -> Unplaced:
    """Return what takes meetings away, without searching for what would help."""
    blocks: dict[tuple[str, bool], list[str]] = {}
    for found in why_not(problem, client, free):
        for block in found.blocks:
            what = block.rule.value if block.commitment is None else commitment_code(block.commitment)
            blocks.setdefault((what, block.commitment is not None), []).append(found.meeting)
    because = tuple(Because(what, tuple(m), own) for (what, own), m in blocks.items())
    return Unplaced(client, because or (Because("dose"),))
