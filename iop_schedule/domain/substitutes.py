"""Who could lead in place of someone who is out: as few people as possible, so that groups see few faces."""

from collections.abc import Collection, Mapping

from iop_schedule.errors import NotPossible

#: Longer absences are a change of the weekly session.
LONGEST_DAYS = 62


class BadAbsence(NotPossible):
    """Choose a first and a last day, at most two months apart."""


class NothingChosen(NotPossible):
    """Choose who leads, or cancel, for at least one session."""


def fewest(free: Mapping[int, Collection[int]], *, first: Collection[int] = ()) -> dict[int, int | None]:
    """Return, by session, who could lead it; None where nobody is free.

    Takes again and again whoever could lead the most of what is left; `first` are preferred among equals,
    such as people who lead the group together with whoever is out. The same answer for the same input.

    >>> fewest({1: [7, 8], 2: [8], 3: [9], 4: []})
    {1: 8, 2: 8, 3: 9, 4: None}
    """
    left = {session: set(people) for session, people in free.items() if people}
    chosen: dict[int, int | None] = dict.fromkeys(free)
    while left:
        everyone = sorted(set().union(*left.values()))
        best = max(everyone, key=lambda who: (sum(who in p for p in left.values()), who in first, -who))
        for session in [session for session, people in left.items() if best in people]:
            chosen[session] = best
            del left[session]
    return chosen
