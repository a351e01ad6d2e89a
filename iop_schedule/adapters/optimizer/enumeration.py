"""Every week that could still be part of a better plan, where these are few enough to list.

A week that falls short of the person's best by more than the gap between bound and plan, both at the
prices that prove the bound, is in no better plan. If the others are few, choosing among them is
choosing among all, and the choice is proved.
"""

from collections.abc import Callable, Iterator, Sequence

from iop_schedule.adapters.optimizer.cohort import Cohort, Column, Part
from iop_schedule.adapters.optimizer.generation import bought_up, rewards_at
from iop_schedule.adapters.optimizer.lp import Limit
from iop_schedule.domain.placement.day_search import Candidate, too_close
from iop_schedule.domain.placement.week_limits import DAYS_IN_WEEK


class TooMany(Exception):
    """There are more such weeks than asked for."""


def promising_columns(
    cohort: Cohort,
    prices: Sequence[int],
    better_than: int,
    most: int,
    stop: Callable[[], bool],
    *,
    limit: Limit | None = None,
) -> list[Column] | None:
    """Return every column that a plan worth more than `better_than` could have; None when there are too many.

    Args:
        cohort: everyone.
        prices: of the rows, in ticks; the closer to those of the best bound, the fewer columns. With a
            limit, its price is the last one.
        better_than: what the best plan known is worth, in ticks.
        most: the most columns that are worth listing.
        stop: asked once per person; True gives None.
        limit: on the plans that are meant.
    """
    tops: list[list[int]] = []
    rewards = rewards_at(cohort, prices, limit)
    bound = bought_up(cohort, prices, limit)
    for person, parts in enumerate(cohort.people):
        if stop():
            return None
        best = [found[0].value for part in parts if (found := part.priced(prices, 1))]
        tops.append(best if len(best) == len(parts) else [])
        bound += max(0, rewards[person] + sum(best)) if tops[-1] else 0
    columns: list[Column] = []
    for person, best in enumerate(tops):
        if stop():
            return None
        gain = rewards[person] + sum(best)
        # The person's part of the bound, exchanged for this column, must still leave a better plan.
        short = better_than + cohort.grain - (bound - max(0, gain))
        for n, top in enumerate(best):
            part, least = cohort.people[person][n], short - (gain - top)
            try:
                listed = list(weeks_worth(part, prices, least, most - len(columns)))
            except TooMany:
                return None
            columns += [cohort.column(person, n, chosen, value) for chosen, value in listed]
    return columns


def weeks_worth(
    part: Part, prices: Sequence[int], least: int, most: int
) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield every legal week worth at least `least` net of prices, with its worth without prices.

    Raises:
        TooMany: there are more than `most`, or the days alone have too many ways.
    """
    lister = _Lister(part, prices, most)
    for chosen in lister.weeks(least):
        net = lister.net(chosen)
        yield chosen, net + sum(prices[r] for i in chosen for r in part.rows[i])


#: Ways to spend one day beyond which listing is hopeless.
MOST_WAYS = 20_000
#: Steps of the search per column asked for; beyond that it would not end in time.
MOST_STEPS = 200

#: Minutes, types, value net of prices, chosen.
_Way = tuple[int, int, int, tuple[int, ...]]


class _Lister:
    """Lists the weeks of one part at given prices."""

    def __init__(self, part: Part, prices: Sequence[int], most: int) -> None:
        self._part, self._limits = part, part.choices.limits
        self._all: Sequence[Candidate] = part.choices.candidates
        self._values = [
            v - sum(prices[r] for r in rows) for v, rows in zip(part.values, part.rows, strict=True)
        ]
        self._left, self._steps = most, MOST_STEPS * max(1000, most)
        self._days = [self._ways(day) for day in range(DAYS_IN_WEEK)]
        self._bounds: dict[tuple[int, int, int, int], int | None] = {}

    def net(self, chosen: Sequence[int]) -> int:
        """Return what a week is worth net of prices."""
        minutes = sum(self._all[i].minutes for i in chosen)
        days = len({self._all[i].day for i in chosen})
        over = minutes - self._limits.least_minutes
        value = sum(self._values[i] for i in chosen)
        return value - self._limits.day_price * days - self._limits.over_price * over

    def weeks(self, least: int) -> Iterator[tuple[int, ...]]:
        """Yield the legal weeks worth at least `least` net of prices."""
        yield from self._extend(0, (0, 0, 0), 0, (), least)

    def _ways(self, day: int) -> list[_Way]:
        """Return every way to spend a day, the most valuable first."""
        own = sorted(
            (i for i, c in enumerate(self._all) if c.day == day), key=lambda i: (self._all[i].start, i)
        )
        room = min(self._limits.most_minutes, self._limits.most_minutes_per_day)
        ways: list[_Way] = [(0, 0, 0, ())]
        for i in own:
            c = self._all[i]
            ways += [
                (minutes + c.minutes, types | c.type_bit, value + self._values[i], (*chosen, i))
                for minutes, types, value, chosen in ways
                if minutes + c.minutes <= room and not any(too_close(c, self._all[j]) for j in chosen)
            ]
            if len(ways) > MOST_WAYS:
                raise TooMany
        price = self._limits.day_price
        paid = [(m, t, v - (price if chosen else 0), chosen) for m, t, v, chosen in ways]
        return sorted(paid, key=lambda w: (-w[2], w[3]))

    def _extend(
        self, day: int, reached: tuple[int, int, int], value: int, chosen: tuple[int, ...], least: int
    ) -> Iterator[tuple[int, ...]]:
        if day == DAYS_IN_WEEK:
            if self._undivided(chosen):
                self._left -= 1
                if self._left < 0:
                    raise TooMany
                yield chosen
            return
        for minutes, types, gain, own in self._days[day]:
            after = self._after(reached, minutes, types, bool(own))
            rest = None if after is None else self._best_rest(day + 1, after)
            self._steps -= 1
            if self._steps < 0:
                raise TooMany
            if after is not None and rest is not None and value + gain + rest >= least:
                yield from self._extend(day + 1, after, value + gain, chosen + own, least)

    def _after(
        self,
        reached: tuple[int, int, int],
        minutes: int,
        types: int,
        attends: bool,  # noqa: FBT001
    ) -> tuple[int, int, int] | None:
        total = reached[0] + minutes
        days = min(reached[1] + attends, self._limits.least_days)
        return None if total > self._limits.most_minutes else (total, days, reached[2] | types)

    def _best_rest(self, day: int, reached: tuple[int, int, int]) -> int | None:
        """Return the most that the days from `day` can add, overrun paid; None when none is legal."""
        limits = self._limits
        if day == DAYS_IN_WEEK:
            short = reached[0] < limits.least_minutes or reached[1] < limits.least_days
            if short or reached[2] != limits.types:
                return None
            return -limits.over_price * (reached[0] - limits.least_minutes)
        key = (day, *reached)
        if key not in self._bounds:
            best: int | None = None
            for minutes, types, gain in self._best_ways(day):
                after = self._after(reached, minutes, types, minutes > 0)
                rest = None if after is None else self._best_rest(day + 1, after)
                if rest is not None and (best is None or gain + rest > best):
                    best = gain + rest
            self._bounds[key] = best
        return self._bounds[key]

    def _best_ways(self, day: int) -> list[tuple[int, int, int]]:
        best: dict[tuple[int, int], int] = {}
        for minutes, types, gain, _ in self._days[day]:
            best.setdefault((minutes, types), gain)
        return [(*key, gain) for key, gain in best.items()]

    def _undivided(self, chosen: Sequence[int]) -> bool:
        inside = set(chosen)
        return all(own <= inside or not own & inside for own in self._part.choices.whole.values())
