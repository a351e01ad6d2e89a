"""What a week can be worth at most, told from its minutes alone: most weeks need not be looked at."""

from collections.abc import Callable, Iterator, Sequence

from iop_schedule.domain.placement.day_search import Step
from iop_schedule.domain.placement.week_join import Bar, States, join_days, undominated
from iop_schedule.domain.placement.week_limits import Limits

#: What a whole week is worth beside its days, by its minutes; None for a week that may not be.
Ends = Callable[[int], "int | None"]
#: The length of a day (as a place in a list) and where it leads to.
_Move = tuple[int, int]


class Ladder:
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

    def bars(self, days: Sequence[Sequence[Step]], above: int) -> list[Bar] | None:
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
    days = [undominated(steps) for steps in days]
    ladder = Ladder(days, limits, ends)
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
