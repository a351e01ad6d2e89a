"""Whole weeks made of one way to spend each day: minutes, days and service types are what they share.

For each number of minutes, number of days and set of service types only the best week is followed.
"""

import heapq
from collections.abc import Sequence

from iop_schedule.domain.placement.day_search import Chain, Step, members, undominated
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


class Day:
    """The ways to spend one day, as a week is made of them.

    Args:
        steps: the ways to spend it.
        day_price: what attending on a day costs.
    """

    __slots__ = ("_attending", "_day_price", "_steps", "away", "is_attended", "types", "worth")

    def __init__(self, steps: Sequence[Step], day_price: int) -> None:
        self._steps, self._day_price = steps, day_price
        self._attending: list[tuple[int, list[_Way]]] | None = None
        #: Whether one may stay away, and whether there is anything to attend.
        self.away = self.is_attended = False
        #: All service types there are on that day.
        self.types = 0
        #: The most that each length of the day can be worth, by minutes.
        self.worth: dict[int, int] = {}
        for minutes, types, value, chain in steps:
            net = value
            if chain is None:
                self.away = True
            else:
                self.is_attended = True
                self.types |= types
                net -= day_price
            if minutes not in self.worth or net > self.worth[minutes]:
                self.worth[minutes] = net

    @property
    def attending(self) -> list[tuple[int, list[_Way]]]:
        """Return the ways to attend by service types, without those that others beat.

        Many days are part of no week that is looked for, so this waits until it is asked for.
        """
        if self._attending is None:
            by_types: dict[int, list[_Way]] = {}
            for minutes, types, value, chain in undominated(self._steps):
                if chain is not None:
                    by_types.setdefault(types, []).append((minutes, value - self._day_price, chain))
            self._attending = list(by_types.items())
        return self._attending


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
        count, types = count + day.is_attended, types | day.types
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
        reaches.append((count + day.is_attended, types | day.types))
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
