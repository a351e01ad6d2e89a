"""The best legal week for one person, exactly, by dynamic programming over days.

Weekdays decouple: what is chosen on Monday meets Tuesday only through the minutes, the number of
days and the service types of the week. Values are whole numbers (thirtieths of a point,
`UNITS_PER_POINT`), so there is no rounding anywhere. The same search prices meetings at any other
whole-number values, which is how the whole cohort is planned.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from iop_schedule.domain.placement.day_search import Candidate, Chain, DaySearch, Step, too_close

DAYS_IN_WEEK = 7


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a legal week, and the prices that belong to the week rather than to a meeting."""

    least_minutes: int
    most_minutes: int
    least_days: int
    most_minutes_per_day: int
    #: All required service types, one bit each.
    types: int
    #: Per day attended, and per minute beyond `least_minutes`.
    day_price: int
    over_price: int


@dataclass(frozen=True, slots=True)
class Found:
    """A week and its value; `chosen` are places in the list of candidates, in order."""

    value: int
    chosen: tuple[int, ...]


#: Minutes, days (counted no further than needed) and service types of a partial week.
_Key = tuple[int, int, int]
_States = dict[_Key, tuple[int, Chain | None]]


class WeekSearch:
    """Searches the weeks made of `candidates`; built once, asked with many sets of values.

    Groups attended whole are taken apart here; `best_week` puts them back together.

    Args:
        candidates: what could be attended.
        limits: the limits of a legal week.
        fixed: candidates that every week must contain.
        left_out: candidates that no week may contain.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        limits: Limits,
        fixed: frozenset[int] = frozenset(),
        left_out: frozenset[int] = frozenset(),
    ) -> None:
        self._limits = limits
        together = [candidates[i] for i in sorted(fixed)]
        self._possible = not any(too_close(a, b) for n, a in enumerate(together) for b in together[n + 1 :])
        settled = fixed | left_out
        most = min(limits.most_minutes, limits.most_minutes_per_day)
        self._days: list[DaySearch] = []
        for day in range(DAYS_IN_WEEK):
            here = [f for f in together if f.day == day]
            free = [
                i
                for i, c in enumerate(candidates)
                if c.day == day and i not in settled and not any(too_close(c, f) for f in here)
            ]
            if free or here:
                fixed_here = [i for i in sorted(fixed) if candidates[i].day == day]
                self._days.append(DaySearch(candidates, free, fixed_here, most))

    def best(self, values: Sequence[int]) -> Found | None:
        """Return the best week at these values of the candidates, or None when none is legal."""
        found = self.weeks(values, count=1)
        return found[0] if found else None

    def weeks(self, values: Sequence[int], count: int) -> list[Found]:
        """Return up to `count` weeks, best first: the best for each (minutes, days, types) that is legal."""
        limits = self._limits
        ends = [
            (value - limits.over_price * (key[0] - limits.least_minutes), key, chain)
            for key, (value, chain) in self._ends(values).items()
        ]
        leading = heapq.nsmallest(count, ends, key=lambda e: (-e[0], e[1]))
        return [Found(value, tuple(sorted(members(chain)))) for value, _, chain in leading]

    def _ends(self, values: Sequence[int]) -> _States:
        """Return the legal whole weeks by their (minutes, days, types)."""
        if not self._possible:
            return {}
        days = [day.steps(values) for day in self._days]
        states: _States = {(0, 0, 0): (0, None)}
        for steps, reach in zip(days, _reaches(days), strict=True):
            states = self._after(states, steps, reach)
        return {key: entry for key, entry in states.items() if self._can_finish(key, (0, 0, 0))}

    def _after(self, states: _States, steps: Sequence[Step], reach: _Key) -> _States:
        """Return the states after one more day: the best value of each that can still become legal."""
        most, least_days, price = self._limits.most_minutes, self._limits.least_days, self._limits.day_price
        after: _States = {}
        for (minutes, days, types), (value, chain) in states.items():
            room = most - minutes
            one_more = min(days + 1, least_days)
            for step_minutes, step_types, gain, links in steps:
                if step_minutes > room:
                    break
                if links is None:
                    key, total = (minutes, days, types), value
                else:
                    key = (minutes + step_minutes, one_more, types | step_types)
                    total = value + gain - price
                known = after.get(key)
                if known is None or total > known[0]:
                    after[key] = (total, chain if links is None else (links, chain))
        return {key: entry for key, entry in after.items() if self._can_finish(key, reach)}

    def _can_finish(self, key: _Key, reach: _Key) -> bool:
        limits = self._limits
        return (
            key[0] + reach[0] >= limits.least_minutes
            and key[1] + reach[1] >= limits.least_days
            and (key[2] | reach[2]) == limits.types
        )


def _reaches(days: Sequence[Sequence[Step]]) -> list[_Key]:
    """Return, after each day, the most minutes, days and types that the days to come can add."""
    reaches: list[_Key] = [(0, 0, 0)]
    for steps in reversed(days[1:]):
        minutes, count, types = reaches[-1]
        for step in steps:
            types |= step.types
        longest = max((step.minutes for step in steps), default=0)
        reaches.append((minutes + longest, count + (longest > 0), types))
    return reaches[::-1][: len(days)] if days else []


def members(chain: Chain | None) -> Iterator[int]:
    """Yield the candidates in a chain."""
    stack: list[int | Chain | None] = [chain]
    while stack:
        link = stack.pop()
        if isinstance(link, int):
            yield link
        elif link is not None:
            stack += link


@dataclass(frozen=True, slots=True, order=True)
class _Node:
    """Part of the search for whole groups: which are fixed, which left out, and the best that may come."""

    rank: tuple[int, int]
    found: Found = field(compare=False)
    taken: frozenset[int] = field(compare=False)
    left: frozenset[int] = field(compare=False)


class Choices:
    """Everything one person could attend in a week, with the limits: asked for the best week.

    Args:
        candidates: what could be attended; groups attended whole are in it with all their meetings.
        limits: the limits of a legal week.
    """

    def __init__(self, candidates: Sequence[Candidate], limits: Limits) -> None:
        self.candidates = tuple(candidates)
        self.limits = limits
        whole: dict[int, list[int]] = {}
        for i, candidate in enumerate(candidates):
            if candidate.whole >= 0:
                whole.setdefault(candidate.whole, []).append(i)
        self._whole = {group: frozenset(own) for group, own in whole.items() if len(own) > 1}
        self._root = WeekSearch(self.candidates, limits)

    def best(self, values: Sequence[int]) -> Found | None:
        """Return the best legal week at these values, or None when none is legal. Exact."""
        found = self.several(values, count=1)
        return found[0] if found else None

    def several(self, values: Sequence[int], count: int) -> list[Found]:
        """Return the best week first, then up to `count - 1` further good ones; [] when none is legal."""
        found = self._root.weeks(values, count)
        if not found or not self._whole:
            return found
        kept = [week for week in found if self._divided(week) is None]
        if not kept or kept[0] is not found[0]:
            best = self._put_together(values, found[0])
            kept = [week for week in kept if week != best]
            kept = ([best] if best else []) + kept
        return kept[:count]

    def upper_bound(self, values: Sequence[int]) -> int | None:
        """Return a value no legal week exceeds, or None when there is no legal week."""
        found = self._root.best(values)
        return found.value if found else None

    def _divided(self, week: Found) -> int | None:
        """Return a group attended whole of which the week has a part only, or None."""
        chosen = set(week.chosen)
        for group, own in self._whole.items():
            if own & chosen and not own <= chosen:
                return group
        return None

    def _put_together(self, values: Sequence[int], first: Found) -> Found | None:
        """Return the best week that divides no group, by branching on the groups that are divided.

        The best unfinished branch is always taken up first, so the first undivided week is the best.
        """
        heap = [_Node((-first.value, 0), first, frozenset(), frozenset())]
        made = 1
        while heap:
            node = heapq.heappop(heap)
            group = self._divided(node.found)
            if group is None:
                return node.found
            for taken, left in ((node.taken | {group}, node.left), (node.taken, node.left | {group})):
                found = self._search(taken, left).best(values)
                if found is not None:
                    heapq.heappush(heap, _Node((-found.value, made), found, taken, left))
                    made += 1
        return None

    def _search(self, taken: frozenset[int], left: frozenset[int]) -> WeekSearch:
        fixed = frozenset().union(*(self._whole[g] for g in taken))
        left_out = frozenset().union(*(self._whole[g] for g in left))
        return WeekSearch(self.candidates, self.limits, fixed, left_out)
