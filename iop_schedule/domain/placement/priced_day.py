"""One day of the search for the cheapest changes: meetings may overlap commitments, at a price.

As in `day_search`, meetings are taken in order of time. Here what a meeting costs depends on the one
before it: both may need the same stretch of a commitment, which then gives way once.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from iop_schedule.domain.placement.day_search import Candidate, Chain, Step, too_close
from iop_schedule.domain.placement.prices import Prices

#: One point of price outweighs everything a week could be worth: price first, then the objective.
PRICE_UNITS = 10**9
#: Per commitment: the stretch of it that a meeting needs.
Touches = Mapping[int, tuple[int, int]]


class _Slot(NamedTuple):
    """Meetings that only their value tells apart, and what the time they need from commitments costs."""

    number: int
    members: tuple[int, ...]
    minutes: int
    type_bit: int
    price: int


class _Start(NamedTuple):
    """Slots that begin at one time in one place and reach as far back into commitments.

    So the same can come before each of them and takes the same off the price.
    """

    slots: tuple[_Slot, ...]
    #: Slots that can come before, each with what it takes off the price.
    before: tuple[tuple[int, int], ...]


#: The best chain by minutes and types, told by one number: minutes shifted left by the bits of types.
_Best = dict[int, tuple[int, "Chain | None"]]


class PricedDay:
    """Searches one day; built once, asked about many choices of its meetings.

    Args:
        own: the meetings of the day.
        candidates: everything there is in the week.
        touches: what each of them takes from commitments.
        values: what each of them is worth.
        most_minutes: the most minutes of the day that may count.
        prices: what it costs when commitments give way.
    """

    def __init__(
        self,
        own: Sequence[int],
        candidates: Sequence[Candidate],
        touches: Sequence[Touches],
        values: Sequence[int],
        most_minutes: int,
        *,
        prices: Prices,
    ) -> None:
        self.own, self._candidates, self._values = tuple(own), candidates, values
        self._bits = max((candidates[i].type_bit for i in own), default=0).bit_length()
        self._beyond = (most_minutes + 1) << self._bits
        self._starts = _in_order(own, candidates, touches, prices)

    def steps(self, among: frozenset[int], fixed: frozenset[int] = frozenset()) -> list[Step]:
        """Return the best way to spend the day for each minutes and types, prices of commitments included.

        Args:
            among: the meetings that may be chosen.
            fixed: those of them that are chosen in any case; they go together.
        """
        if fixed:
            among -= {i for i in among - fixed if any(self._too_close(i, f) for f in fixed)}
        needed = self._numbers(fixed)
        tables: dict[int, _Best] = {}
        best: _Best = {} if needed else {0: (0, None)}
        for start in self._starts:
            after = max((n for n in needed if n < start.slots[0].number), default=-1)
            base: _Best = {0: (0, None)} if after < 0 else {}
            for number, saved in start.before:
                if number >= after and number in tables:
                    _merge_into(base, tables[number], PRICE_UNITS * saved)
            for slot in start.slots:
                if here := self._extended(base, slot, among):
                    tables[slot.number] = here
                    if not needed or slot.number >= needed[-1]:
                        _merge_into(best, here)
        all_types = (1 << self._bits) - 1
        return [
            Step(key >> self._bits, key & all_types, value, chain) for key, (value, chain) in best.items()
        ]

    def _extended(self, base: _Best, slot: _Slot, among: frozenset[int]) -> _Best:
        """Return the chains of `base` with the best meeting of the slot, as far as the day has room."""
        here: _Best = {}
        there = [i for i in slot.members if i in among]
        if there:
            index = max(there, key=self._values.__getitem__)
            gain = self._values[index] - PRICE_UNITS * slot.price
            added, type_bit, beyond = slot.minutes << self._bits, slot.type_bit, self._beyond
            for key, (value, chain) in base.items():
                total = key + added | type_bit
                if total < beyond and ((known := here.get(total)) is None or value + gain > known[0]):
                    here[total] = (value + gain, (index, chain))
        return here

    def _too_close(self, one: int, other: int) -> bool:
        return too_close(self._candidates[one], self._candidates[other])

    def _numbers(self, fixed: frozenset[int]) -> list[int]:
        """Return the slots of fixed meetings, in order."""
        if not fixed:
            return []
        slots = (slot for start in self._starts for slot in start.slots)
        return [slot.number for slot in slots if not fixed.isdisjoint(slot.members)]


def _merge_into(best: _Best, more: _Best, lift: int = 0) -> None:
    for key, (value, chain) in more.items():
        known = best.get(key)
        if known is None or value + lift > known[0]:
            best[key] = (value + lift, chain)


def _in_order(
    own: Sequence[int], candidates: Sequence[Candidate], touches: Sequence[Touches], prices: Prices
) -> list[_Start]:
    """Return the meetings in order of time; those alike are one slot, unless of a group attended whole."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for i in own:
        c = candidates[i]
        alone = i if c.whole >= 0 else -1
        alike.setdefault((c.start, c.place, c.end, c.minutes, c.type_bit, alone), []).append(i)
    order = [alike[key] for key in sorted(alike)]
    together: dict[object, list[int]] = {}
    for number, (first, *_) in enumerate(order):
        reaches = tuple((k, start) for k, (start, _) in touches[first].items())
        together.setdefault((candidates[first].start, candidates[first].place, reaches), []).append(number)
    starts = []
    for numbers in sorted(together.values()):
        slots = tuple(
            _Slot(n, tuple(order[n]), one.minutes, one.type_bit, _price(touches[order[n][0]], prices))
            for n in numbers
            for one in (candidates[order[n][0]],)
        )
        first = order[numbers[0]][0]
        before = tuple(
            (p, _saved(touches[earlier[0]], touches[first], prices))
            for p, earlier in enumerate(order[: numbers[0]])
            if not too_close(candidates[earlier[0]], candidates[first])
        )
        starts.append(_Start(slots, before))
    return starts


def _price(touched: Touches, prices: Prices) -> int:
    return sum(prices.commitment + prices.minute * (end - start) for start, end in touched.values())


def _saved(earlier: Touches, later: Touches, prices: Prices) -> int:
    """Return what the later meeting costs less because the earlier one needs some of the same time.

    The way back from the earlier one never takes longer than the later one lasts with its own way back.
    """
    return sum(
        prices.commitment + prices.minute * max(0, earlier[k][1] - start)
        for k, (start, _) in later.items()
        if k in earlier
    )
