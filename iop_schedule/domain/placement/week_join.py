"""Whole weeks made of one way to spend each day: minutes, days and service types are what they share.

For each number of minutes, number of days and set of service types only the best week is followed.
"""

import heapq
from collections.abc import Sequence

from iop_schedule.domain.placement.day_search import Chain, Step, members
from iop_schedule.domain.placement.week_limits import Found, Limits

#: Best value and its meetings by minutes, for one number of days (counted no further than needed) and
#: one set of service types.
ByMinutes = dict[int, tuple[int, Chain | None]]
States = dict[tuple[int, int], ByMinutes]
#: The most minutes, days and service types that something can add.
_Reach = tuple[int, int, int]
#: By minutes so far: what a state must be worth more than to lead to a week that is looked for.
Bar = dict[int, int]


def leading(states: States, limits: Limits, count: int) -> list[Found]:
    """Return up to `count` of the weeks in `states`, best first, what lies beyond the dose paid for."""
    ends = [
        (value - limits.over_price * (minutes - limits.least_minutes), (minutes, *kind), chain)
        for kind, by_minutes in states.items()
        for minutes, (value, chain) in by_minutes.items()
    ]
    best = heapq.nsmallest(count, ends, key=lambda e: (-e[0], e[1]))
    return [Found(value, tuple(sorted(members(chain)))) for value, _, chain in best]


def join_days(days: Sequence[Sequence[Step]], limits: Limits, bars: "Sequence[Bar] | None" = None) -> States:
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


def _after(states: States, steps: Sequence[Step], reach: _Reach, limits: Limits, bar: Bar | None) -> States:
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
    for step in undominated(steps):
        if step.chain is not None:
            attending.setdefault(step.types, []).append(step._replace(value=step.value - price))
    return attending, [step for step in steps if step.chain is None]


def _add(
    target: ByMinutes,
    by_minutes: ByMinutes,
    ways: Sequence[Step],
    minutes_within: tuple[int, int],
    bar: Bar | None,
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


def _add_above(target: ByMinutes, by_minutes: ByMinutes, ways: Sequence[Step], bar: Bar) -> None:
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


def undominated(steps: Sequence[Step]) -> list[Step]:
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
