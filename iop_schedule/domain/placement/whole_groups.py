"""Groups that are attended whole: the best week that has all of each or nothing of it."""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from iop_schedule.domain.placement.day_search import Candidate
from iop_schedule.domain.placement.week_limits import Found


def whole_groups(candidates: Sequence[Candidate]) -> dict[int, frozenset[int]]:
    """Return the candidates of each group that is attended whole and meets more than once."""
    own: dict[int, list[int]] = {}
    for i, candidate in enumerate(candidates):
        if candidate.whole >= 0:
            own.setdefault(candidate.whole, []).append(i)
    return {group: frozenset(meetings) for group, meetings in own.items() if len(meetings) > 1}


def divided(week: Iterable[int], whole: Mapping[int, frozenset[int]]) -> int | None:
    """Return a group attended whole of which a week has a part only, or None."""
    chosen = set(week)
    return next((g for g, own in whole.items() if own & chosen and not own <= chosen), None)


@dataclass(frozen=True, slots=True, order=True)
class _Node:
    """Part of the search for whole groups: which are fixed, which left out, and the best that may come."""

    rank: tuple[int, int]
    found: Found = field(compare=False)
    fixed: frozenset[int] = field(compare=False)
    left_out: frozenset[int] = field(compare=False)


def best_undivided(
    first: Found,
    whole: Mapping[int, frozenset[int]],
    solve: Callable[[frozenset[int], frozenset[int]], Found | None],
) -> Found | None:
    """Return the best week that divides no group, by branching on the groups that are divided.

    The best unfinished branch is always taken up first, so the first undivided week is the best.

    Args:
        first: the best week when groups may be divided.
        whole: the candidates of each group attended whole.
        solve: finds the best week that has all of the first set and none of the second.
    """
    heap = [_Node((-first.value, 0), first, frozenset(), frozenset())]
    made = 1
    while heap:
        node = heapq.heappop(heap)
        group = divided(node.found.chosen, whole)
        if group is None:
            return node.found
        own = whole[group]
        for fixed, left_out in ((node.fixed | own, node.left_out), (node.fixed, node.left_out | own)):
            found = solve(fixed, left_out)
            if found is not None:
                heapq.heappush(heap, _Node((-found.value, made), found, fixed, left_out))
                made += 1
    return None
