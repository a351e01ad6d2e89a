"""Whole weeks made of one way to spend each day: minutes, days and service types are what they share.

For each number of minutes, number of days and set of service types only the best week is followed.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iop_schedule.domain.placement.day_search import Chain, Step, members
from iop_schedule.domain.placement.week_limits import Found, Limits

#: Minutes of a day, what they are worth with the day paid for, and the meetings.
_Way = tuple[int, int, Chain]
#: Best value and its meetings by minutes, for one number of days (counted no further than needed) and
#: one set of service types.
ByMinutes = dict[int, tuple[int, Chain | None]]
States = dict[tuple[int, int], ByMinutes]
#: By minutes so far: what a state must be worth more than to lead to a week that is looked for.
Bar = dict[int, int]
#: The most days and all the service types that the days to come can add.
_Reach = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Day:
    """The ways to spend one day, as a week is made of them."""

    #: By service types; shortest first.
    attending: tuple[tuple[int, tuple[_Way, ...]], ...]
    #: Whether one may stay away.
    away: bool
    #: The most that each length of the day can be worth, by minutes.
    worth: Mapping[int, int]
    #: All service types there are on that day.
    types: int


def day_of(steps: Sequence[Step], day_price: int) -> Day:
    """Return the ways to spend a day, none of which beats another, with the day paid for when attended."""
    attending: dict[int, list[_Way]] = {}
    worth: dict[int, int] = {}
    all_types = 0
    for minutes, types, value, chain in steps:
        net = value if chain is None else value - day_price
        if chain is not None:
            attending.setdefault(types, []).append((minutes, net, chain))
            all_types |= types
        if minutes not in worth or net > worth[minutes]:
            worth[minutes] = net
    return Day(
        attending=tuple((types, tuple(ways)) for types, ways in attending.items()),
        away=any(step.chain is None for step in steps),
        worth=worth,
        types=all_types,
    )


def join_days(days: Sequence[Day], limits: Limits, bars: Sequence[Bar]) -> States:
    """Return the legal weeks made of one way for each day: the best for each (days, types) and minutes.

    Args:
        days: the ways to spend each day.
        limits: the limits of a legal week.
        bars: after each day, the minutes that can become a week that is looked for, and what a state of
            so many minutes must be worth more than to be followed.
    """
    states: States = {(0, 0): {0: (0, None)}}
    for day, reach, bar in zip(days, _reaches(days), bars, strict=True):
        states = _after(states, day, reach, limits, bar)
    return states


def _after(states: States, day: Day, reach: _Reach, limits: Limits, bar: Bar) -> States:
    """Return the states after one more day: the best of each that can still become legal."""
    after: States = {}
    for (days, types), by_minutes in states.items():
        if day.away and _can_finish((days, types), reach, limits):
            _stay_away(after.setdefault((days, types), {}), by_minutes, bar)
        one_more = min(days + 1, limits.least_days)
        for way_types, ways in day.attending:
            kind = (one_more, types | way_types)
            if _can_finish(kind, reach, limits):
                _attend(after.setdefault(kind, {}), by_minutes, ways, bar)
    return {kind: by_minutes for kind, by_minutes in after.items() if by_minutes}


def _stay_away(target: ByMinutes, by_minutes: ByMinutes, bar: Bar) -> None:
    for minutes, state in by_minutes.items():
        if minutes in bar and state[0] > bar[minutes]:
            known = target.get(minutes)
            if known is None or state[0] > known[0]:
                target[minutes] = state


def _attend(target: ByMinutes, by_minutes: ByMinutes, ways: Sequence[_Way], bar: Bar) -> None:
    """Put every state with every way into `target` where it is over the bar and better than what is there."""
    for minutes, (value, chain) in by_minutes.items():
        for more, gain, links in ways:
            reached, worth = minutes + more, value + gain
            if reached in bar and worth > bar[reached]:
                known = target.get(reached)
                if known is None or worth > known[0]:
                    target[reached] = (worth, (links, chain))


def may_be_legal(days: Sequence[Day], limits: Limits) -> bool:
    """Return True unless there are too few days or a service type is on none of them."""
    count, types = 0, 0
    for day in days:
        count, types = count + bool(day.attending), types | day.types
    return _can_finish((0, 0), (count, types), limits)


def _can_finish(kind: tuple[int, int], reach: _Reach, limits: Limits) -> bool:
    return limits.lenient or (
        kind[0] + reach[0] >= limits.least_days and (kind[1] | reach[1]) == limits.types
    )


def _reaches(days: Sequence[Day]) -> list[_Reach]:
    """Return, after each day, what the days to come can add at most."""
    reaches: list[_Reach] = [(0, 0)]
    for day in days[:0:-1]:
        count, types = reaches[-1]
        reaches.append((count + bool(day.attending), types | day.types))
    return reaches[::-1][-len(days) :] if days else []


def leading(states: States, limits: Limits, count: int) -> list[Found]:
    """Return up to `count` of the weeks in `states`, best first, what lies beyond the dose paid for."""
    ends = [
        (value - limits.over_price * (minutes - limits.least_minutes), (minutes, *kind), chain)
        for kind, by_minutes in states.items()
        for minutes, (value, chain) in by_minutes.items()
    ]
    best = heapq.nsmallest(count, ends, key=lambda e: (-e[0], e[1]))
    return [Found(value, tuple(sorted(members(chain)))) for value, _, chain in best]
