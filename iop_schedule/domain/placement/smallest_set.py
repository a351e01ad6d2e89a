"""A smallest set of things that cannot all be had, found by asking about some of them at a time."""

from collections.abc import Callable, Sequence

#: After this many looks for a smaller set, the one found so far is the answer. It is then still a set
#: from which nothing can be dropped, but a smaller one might exist elsewhere.
MOST_LOOKS = 16

#: Tells which items some week respects that respects the given ones; None when there is no such week.
Satisfied = Callable[[frozenset[int]], frozenset[int] | None]


def smallest_unsatisfiable(count: int, satisfied: Satisfied, looks: int = MOST_LOOKS) -> frozenset[int]:
    """Return a smallest set of the items 0 to `count` - 1 that is not satisfiable.

    Every unsatisfiable set meets every set whose removal makes the rest satisfiable. So the smallest
    set that meets all such removals found so far is either the answer or shows one more removal.

    Args:
        count: how many items there are; all together they are not satisfiable.
        satisfied: asks about some of the items; what fewer items allow, more may not.
        looks: how often to look for a smaller set than the first.
    """
    everything = frozenset(range(count))
    irreducible = _without_spare(everything, satisfied)
    removals: list[frozenset[int]] = []
    for _ in range(looks):
        guess = _smallest_meeting_all(removals, len(irreducible))
        if guess is None:
            break
        respected = satisfied(guess)
        if respected is None:
            return guess
        removals.append(everything - _grown(respected, irreducible, satisfied))
    return irreducible


def _without_spare(items: frozenset[int], satisfied: Satisfied) -> frozenset[int]:
    """Return an unsatisfiable part of `items` from which nothing can be dropped."""
    for n in sorted(items):
        fewer = items - {n}
        if satisfied(fewer) is None:
            items = fewer
    return items


def _grown(items: frozenset[int], more: frozenset[int], satisfied: Satisfied) -> frozenset[int]:
    """Return a satisfiable set around `items`, as far as one more of `more` at a time leads."""
    for n in sorted(more - items):
        if n not in items and (respected := satisfied(items | {n})) is not None:
            items = respected
    return items


def _smallest_meeting_all(removals: Sequence[frozenset[int]], below: int) -> frozenset[int] | None:
    """Return a smallest set, of fewer than `below` items, that meets every removal; None without one."""
    best: frozenset[int] | None = None

    def extend(chosen: frozenset[int]) -> None:
        nonlocal best
        missed = next((r for r in removals if not r & chosen), None)
        if missed is None:
            best = chosen
            return
        limit = below if best is None else len(best)
        if len(chosen) + 1 < limit:
            for n in sorted(missed):
                extend(chosen | {n})

    if below > 0:
        extend(frozenset())
    return best
