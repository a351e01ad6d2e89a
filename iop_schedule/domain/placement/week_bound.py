"""What a week can be worth at most, told from its minutes alone: most weeks need not be looked at."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from iop_schedule.domain.placement.week_join import Bar, Day, States, join_days, may_be_legal
from iop_schedule.domain.placement.week_limits import Limits

#: What a whole week is worth beside its days, by its minutes; None for a week that may not be.
Ends = Callable[[int], "int | None"]
#: The length of a day (as a place in a list) and where it leads to.
_Move = tuple[int, int]
#: After each day, by minutes so far (as places in a list), the most that the rest can be worth.
Rests = list[list[int]]
#: What a day is worth that cannot be spent so, and below what a week can be worth without one.
_NOTHING, _HOPELESS = -(10**30), -(10**29)


class Ladder:
    """The minutes a week can have reached after each day, and how; the same at any values.

    A week that need not have its days and service types is worth at least as much as one that must, so
    what the rest of a week can be worth at most is told from its minutes alone, from the last day back.

    Args:
        lengths: the lengths that each day can have.
        most_minutes: the most minutes of a week.
        ends: what a whole week is worth beside its days.
    """

    def __init__(self, lengths: Sequence[Sequence[int]], most_minutes: int, ends: Ends) -> None:
        self._lengths, self._covered = lengths, [frozenset(own) for own in lengths]
        reached = [{0}]
        for own in lengths:
            ways = {m + more for m in reached[-1] for more in own}
            reached.append({m for m in ways if m <= most_minutes})
        worths = {m: worth for m in sorted(reached[-1]) if (worth := ends(m)) is not None}
        alive, self._ends = list(worths), list(worths.values())
        bars = [dict.fromkeys(alive, _NOTHING)]
        #: From the last day back, for minutes so far that can become a week: the moves from there.
        self._moves: list[list[list[_Move]]] = []
        for own, before in zip(lengths[::-1], reached[-2::-1], strict=True):
            place = {m: n for n, m in enumerate(alive)}
            moves = {
                m: [(n, place[m + more]) for n, more in enumerate(own) if m + more in place]
                for m in sorted(before)
            }
            alive = [m for m, there in moves.items() if there]
            bars.append(dict.fromkeys(alive, _NOTHING))
            self._moves.append([moves[m] for m in alive])
        #: After each day the minutes that can become a week, whatever it is worth.
        self.open_bars: list[Bar] = bars[-2::-1]

    def covers(self, days: Sequence[Day]) -> bool:
        """Return whether the days have no other lengths than these."""
        return all(day.worth.keys() <= own for day, own in zip(days, self._covered, strict=True))

    def rests(self, days: Sequence[Day]) -> tuple[Rests, int | None]:
        """Return, after each day, what the rest can be worth, and what a week can be; None without one."""
        rest = self._ends
        rests = []
        for day, lengths, moves in zip(days[::-1], self._lengths[::-1], self._moves, strict=True):
            rests.append(rest)
            gain = [day.worth.get(minutes, _NOTHING) for minutes in lengths]
            rest = [max([rest[to] + gain[n] for n, to in own]) for own in moves]
        return rests[::-1], rest[0] if rest and rest[0] > _HOPELESS else None

    def bars(self, rests: Rests, above: int) -> list[Bar]:
        """Return, after each day, the worth that states must exceed for a week worth more than `above`."""
        return [
            {m: above - value for m, value in zip(minutes, rest, strict=True)}
            for minutes, rest in zip(self.open_bars, rests, strict=True)
        ]


def _paid(limits: Limits, minutes: int) -> int | None:
    beyond = minutes - limits.least_minutes
    return -limits.over_price * beyond if beyond >= 0 else None


class Ladders:
    """The ladder of one person's questions, with all lengths that their days have had so far.

    Args:
        limits: the limits of a legal week; only those of its minutes and what exceeds them matter here.
        ends: what a whole week is worth beside its days; by default only minutes beyond the least cost.
    """

    def __init__(self, limits: Limits, ends: Ends | None = None) -> None:
        self._limits = limits
        self._ends = ends or partial(_paid, limits)
        self._lengths: list[set[int]] = []
        self._known: Ladder | None = None

    def _of(self, days: Sequence[Day]) -> Ladder:
        """Return a ladder of these days; it is made anew only for lengths that no day has had before."""
        if self._known is None or not self._known.covers(days):
            had = self._lengths or [set[int]() for _ in days]
            self._lengths = [one | day.worth.keys() for one, day in zip(had, days, strict=True)]
            lengths = [sorted(one) for one in self._lengths]
            self._known = Ladder(lengths, self._limits.most_minutes, self._ends)
        return self._known

    def weeks(self, days: Sequence[Day], limits: Limits, above: int | None = None) -> States:
        """Return the legal weeks that are worth more than `above`; a few others may be among them."""
        if above is None:
            open_bars = self._of(days).open_bars if may_be_legal(days, limits) else None
            return {} if open_bars is None else join_days(days, limits, open_bars)
        return next((weeks for weeks, _ in self.from_the_top(days, limits, (), above)), {})

    def from_the_top(
        self, days: Sequence[Day], limits: Limits, steps_down: Sequence[int], floor: int | None = None
    ) -> Iterator[tuple[States, int | None]]:
        """Yield weeks worth more than a bar that is lowered until it hides nothing, each time with the bar.

        Most weeks are not worth following for who wants the best one alone.

        Args:
            days: the ways to spend each day; as many of them each time.
            limits: of a legal week; in minutes the same each time.
            steps_down: how far below what a week can be worth at most the bar lies, each time.
            floor: the bar is never lower.
        """
        if not may_be_legal(days, limits):
            return
        ladder = self._of(days)
        rests, most = ladder.rests(days)
        if most is None or (floor is not None and most <= floor):
            return
        bars = [most - below for below in steps_down if floor is None or most - below > floor]
        for bar in (*bars, floor):
            yield join_days(days, limits, ladder.open_bars if bar is None else ladder.bars(rests, bar)), bar
