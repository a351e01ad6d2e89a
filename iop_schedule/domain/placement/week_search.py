"""The best legal week for one person, exactly, by dynamic programming over days.

Weekdays decouple: what is chosen on Monday meets Tuesday only through the minutes, the number of
days and the service types of the week. Values are whole numbers (thirtieths of a point,
`UNITS_PER_POINT`), so there is no rounding anywhere. The same search prices meetings at any other
whole-number values, which is how the whole cohort is planned.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    #: Follow minutes, days and types without insisting on the least of them.
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A week and its value; `chosen` are places in the list of candidates, in order."""

    value: int
    chosen: tuple[int, ...]


#: What a whole week is worth beside its days, by its minutes; None for a week that may not be.
Ends = Callable[[int], "int | None"]
#: Best value and its meetings by minutes, for one number of days (counted no further than needed) and
#: one set of service types.
_ByMinutes = dict[int, tuple[int, Chain | None]]
States = dict[tuple[int, int], _ByMinutes]
#: The most minutes, days and service types that something can add.
_Reach = tuple[int, int, int]


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
        self._ladder: _Ladder | None = None
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

    def weeks(self, values: Sequence[int], count: int, above: int | None = None) -> list[Found]:
        """Return up to `count` weeks, best first: the best for each (minutes, days, types) that is legal.

        Weeks worth no more than `above` are not looked for, which is quicker; a few may still be found.
        """
        return leading(self._ends(values, above), self._limits, count)

    def _ends(self, values: Sequence[int], above: int | None) -> States:
        """Return the legal whole weeks."""
        if not self._possible:
            return {}
        days = [day.steps(values) for day in self._days]
        if above is None or not days:
            return join_days(days, self._limits)
        if self._ladder is None:
            self._ladder = _Ladder(days, self._limits)
        bars = self._ladder.bars(days, above)
        return {} if bars is None else join_days(days, self._limits, bars)


def leading(states: States, limits: Limits, count: int) -> list[Found]:
    """Return up to `count` of the weeks in `states`, best first, what lies beyond the dose paid for."""
    ends = [
        (value - limits.over_price * (minutes - limits.least_minutes), (minutes, *kind), chain)
        for kind, by_minutes in states.items()
        for minutes, (value, chain) in by_minutes.items()
    ]
    best = heapq.nsmallest(count, ends, key=lambda e: (-e[0], e[1]))
    return [Found(value, tuple(sorted(members(chain)))) for value, _, chain in best]


def join_days(days: Sequence[Sequence[Step]], limits: Limits, bars: "Sequence[_Bar] | None" = None) -> States:
    """Return the legal weeks made of one step of each day: the best for each (days, types) and minutes.

    Args:
        days: the ways to spend each day.
        limits: the limits of a legal week.
        bars: after each day, what by minutes so far a state must be worth more than to be followed.
    """
    states: States = {(0, 0): {0: (0, None)}}
    for n, (steps, reach) in enumerate(zip(days, _reaches(days), strict=True)):
        states = _after(states, steps, reach, limits, bars[n] if bars else None)
    if days or limits.lenient:
        return states
    return states if limits.least_minutes <= 0 and _can_finish((0, 0), (0, 0, 0), limits) else {}


#: By minutes so far: what a state must be worth more than to lead to a week that is looked for.
_Bar = dict[int, int]
#: The length of a day (as a place in a list) and where it leads to.
_Move = tuple[int, int]


class _Ladder:
    """The minutes a week can have reached after each day, and how; the same at any values.

    A week that need not have its days and service types is worth at least as much as one that must, so
    what the rest of a week can be worth at most is told from its minutes alone, from the last day back.
    """

    def __init__(self, days: Sequence[Sequence[Step]], limits: Limits, ends: Ends | None = None) -> None:
        self._day_price = limits.day_price
        least = limits.least_minutes
        end = ends or (lambda m: -limits.over_price * (m - least) if m >= least else None)
        #: Per day: its lengths; from the last day back: the minutes so far that can become a week, the moves.
        self._lengths = [sorted({step.minutes for step in steps}) for steps in days]
        reached = [{0}]
        for lengths in self._lengths:
            ways = {m + more for m in reached[-1] for more in lengths}
            reached.append({m for m in ways if m <= limits.most_minutes})
        worths = {m: worth for m in sorted(reached[-1]) if (worth := end(m)) is not None}
        alive, self._ends = list(worths), list(worths.values())
        self._alive, self._moves = [alive], list[list[list[_Move]]]()
        for lengths, before in zip(self._lengths[::-1], reached[-2::-1], strict=True):
            place = {m: n for n, m in enumerate(alive)}
            moves = {
                m: [(n, place[m + more]) for n, more in enumerate(lengths) if m + more in place]
                for m in sorted(before)
            }
            alive = [m for m, own in moves.items() if own]
            self._alive.append(alive)
            self._moves.append([moves[m] for m in alive])

    def bars(self, days: Sequence[Sequence[Step]], above: int) -> list[_Bar] | None:
        """Return, after each day, the worth that states must exceed; None when no week is worth enough."""
        rests, most = self.rests(days)
        if most is None or most <= above:
            return None
        return [
            {m: above - value for m, value in zip(alive, rest, strict=True)}
            for alive, rest in zip(self._alive[len(days) - 1 :: -1], rests, strict=True)
        ]

    def rests(self, days: Sequence[Sequence[Step]]) -> tuple[list[list[int]], int | None]:
        """Return, after each day, what the rest can be worth, and what a week can be; None without one."""
        rest = self._ends
        rests = []
        for steps, lengths, moves in zip(days[::-1], self._lengths[::-1], self._moves, strict=True):
            rests.append(rest)
            gains = _best_by_minutes(steps, self._day_price)
            gain = [gains[m] for m in lengths]
            rest = [max([rest[to] + gain[n] for n, to in own]) for own in moves]
        return rests[::-1], rest[0] if rest else None


def from_the_top(
    days: Sequence[Sequence[Step]],
    limits: Limits,
    steps_down: Sequence[int],
    ends: Ends | None = None,
    floor: int | None = None,
) -> Iterator[tuple[States, int | None]]:
    """Yield weeks worth more than a bar that is lowered until it hides nothing, each time with the bar.

    Most weeks are not worth following for who wants the best one alone.

    Args:
        days: the ways to spend each day.
        limits: the limits of a legal week.
        steps_down: how far below what a week can be worth at most the bar lies, each time.
        ends: what a whole week is worth beside its days by its minutes, at most; None for no such week.
        floor: the bar is never lower.
    """
    days = [_undominated(steps) for steps in days]
    ladder = _Ladder(days, limits, ends)
    _, most = ladder.rests(days)
    if most is None or (floor is not None and most <= floor):
        return
    for bar in [most - below for below in steps_down if floor is None or most - below > floor]:
        bars = ladder.bars(days, bar)
        if bars is not None:
            yield join_days(days, limits, bars), bar
    bars = None if floor is None else ladder.bars(days, floor)
    yield join_days(days, limits, bars), floor


def _best_by_minutes(steps: Sequence[Step], price: int) -> dict[int, int]:
    """Return the most that each length of a day can be worth, the day paid for."""
    best: dict[int, int] = {}
    for minutes, _, value, chain in steps:
        net = value if chain is None else value - price
        if minutes not in best or net > best[minutes]:
            best[minutes] = net
    return best


def _after(states: States, steps: Sequence[Step], reach: _Reach, limits: Limits, bar: _Bar | None) -> States:
    """Return the states after one more day: the best of each that can still become legal."""
    attending, away = _by_types(steps, limits.day_price)
    least = 0 if limits.lenient else limits.least_minutes - reach[0]
    after: States = {}
    for (days, types), by_minutes in states.items():
        if away and _can_finish((days, types), reach, limits):
            _add(after.setdefault((days, types), {}), by_minutes, away, (least, limits.most_minutes), bar)
        one_more = min(days + 1, limits.least_days)
        for step_types, ways in attending.items():
            kind = (one_more, types | step_types)
            if _can_finish(kind, reach, limits):
                _add(after.setdefault(kind, {}), by_minutes, ways, (least, limits.most_minutes), bar)
    return {kind: by_minutes for kind, by_minutes in after.items() if by_minutes}


def _by_types(steps: Sequence[Step], price: int) -> tuple[dict[int, list[Step]], list[Step]]:
    """Return the steps that attend, by service types and with the day paid for; then staying away."""
    attending: dict[int, list[Step]] = {}
    for step in _undominated(steps):
        if step.chain is not None:
            attending.setdefault(step.types, []).append(step._replace(value=step.value - price))
    return attending, [step for step in steps if step.chain is None]


def _add(
    target: _ByMinutes,
    by_minutes: _ByMinutes,
    ways: Sequence[Step],
    minutes_within: tuple[int, int],
    bar: _Bar | None,
) -> None:
    """Put every state with every way into `target` where it is better than what is there."""
    if bar is not None:
        _add_above(target, by_minutes, ways, bar)
        return
    least, most = minutes_within
    for minutes, (value, chain) in by_minutes.items():
        for step_minutes, _, gain, links in ways:
            reached = minutes + step_minutes
            if reached > most:
                break
            known = target.get(reached)
            if reached >= least and (known is None or value + gain > known[0]):
                target[reached] = (value + gain, chain if links is None else (links, chain))


def _add_above(target: _ByMinutes, by_minutes: _ByMinutes, ways: Sequence[Step], bar: _Bar) -> None:
    """Do as `_add`, without what cannot lead to a week that is looked for."""
    for minutes, (value, chain) in by_minutes.items():
        for step_minutes, _, gain, links in ways:
            reached = minutes + step_minutes
            worth = value + gain
            if reached in bar and worth > bar[reached]:
                known = target.get(reached)
                if known is None or worth > known[0]:
                    target[reached] = (worth, chain if links is None else (links, chain))


def _can_finish(kind: tuple[int, int], reach: _Reach, limits: Limits) -> bool:
    return limits.lenient or (
        kind[0] + reach[1] >= limits.least_days and (kind[1] | reach[2]) == limits.types
    )


def _undominated(steps: Sequence[Step]) -> list[Step]:
    """Return the steps that no other beats: as long, at least the same types, at least the value."""
    kept: list[Step] = []
    by_minutes: dict[int, list[Step]] = {}
    for step in sorted(steps, key=lambda s: (s.minutes, -s.types.bit_count(), s.types)):
        rivals = by_minutes.setdefault(step.minutes, [])
        if not any(step.types | r.types == r.types and r.value >= step.value for r in rivals):
            rivals.append(step)
            kept.append(step)
    return kept


def _reaches(days: Sequence[Sequence[Step]]) -> list[_Reach]:
    """Return, after each day, what the days to come can add at most."""
    reaches: list[_Reach] = [(0, 0, 0)]
    for steps in reversed(days[1:]):
        minutes, count, types = reaches[-1]
        for step in steps:
            types |= step.types
        longest = max((step.minutes for step in steps), default=0)
        reaches.append((minutes + longest, count + (longest > 0), types))
    return reaches[::-1][: len(days)]


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
    fixed: frozenset[int] = field(compare=False)
    left_out: frozenset[int] = field(compare=False)


class Choices:
    """Everything one person could attend in a week, with the limits: asked for the best week.

    Args:
        candidates: what could be attended; groups attended whole are in it with all their meetings.
        limits: the limits of a legal week.
    """

    def __init__(self, candidates: Sequence[Candidate], limits: Limits) -> None:
        self.candidates = tuple(candidates)
        self.limits = limits
        self.whole = whole_groups(candidates)
        self._root = WeekSearch(self.candidates, limits)

    def best(self, values: Sequence[int]) -> Found | None:
        """Return the best legal week at these values, or None when none is legal. Exact."""
        found = self.several(values, count=1)
        return found[0] if found else None

    def several(self, values: Sequence[int], count: int, above: int | None = None) -> list[Found]:
        """Return the best week first, then up to `count - 1` further good ones; [] when none is legal.

        With `above`, [] also when none is worth more than that: then nothing else is looked for.
        """
        found = self._root.weeks(values, count, above)
        if not found or not self.whole:
            return found
        kept = [week for week in found if self._divided(week) is None]
        if not kept or kept[0] is not found[0]:
            best = self._put_together(values, found[0])
            kept = [week for week in kept if week != best]
            kept = ([best] if best else []) + kept
        return kept[:count]

    def _divided(self, week: Found) -> int | None:
        return divided(week, self.whole)

    def _put_together(self, values: Sequence[int], first: Found) -> Found | None:
        def solve(fixed: frozenset[int], left_out: frozenset[int]) -> Found | None:
            return WeekSearch(self.candidates, self.limits, fixed, left_out).best(values)

        return best_undivided(first, self.whole, solve)


def whole_groups(candidates: Sequence[Candidate]) -> dict[int, frozenset[int]]:
    """Return the candidates of each group that is attended whole and meets more than once."""
    own: dict[int, list[int]] = {}
    for i, candidate in enumerate(candidates):
        if candidate.whole >= 0:
            own.setdefault(candidate.whole, []).append(i)
    return {group: frozenset(meetings) for group, meetings in own.items() if len(meetings) > 1}


def divided(week: Found, whole: Mapping[int, frozenset[int]]) -> int | None:
    """Return a group attended whole of which the week has a part only, or None."""
    chosen = set(week.chosen)
    return next((g for g, own in whole.items() if own & chosen and not own <= chosen), None)


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
        group = divided(node.found, whole)
        if group is None:
            return node.found
        own = whole[group]
        for fixed, left_out in ((node.fixed | own, node.left_out), (node.fixed, node.left_out | own)):
            found = solve(fixed, left_out)
            if found is not None:
                heapq.heappush(heap, _Node((-found.value, made), found, fixed, left_out))
                made += 1
    return None
