"""What one person can attend on one day: the best value for each total of minutes and service types.

Meetings are taken in order of time and only neighbors are compared. That is enough: where three
meetings follow each other, the outer two can be too close only when the middle one is too close to
one of them, because the way to a place takes equally long from every meeting held there.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

#: Meetings as nested pairs; sharing what is common avoids copying. Unpacked by `members`.
Chain = tuple["int | Chain", "Chain | None"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A meeting one person could attend."""

    id: str
    day: int
    start: int
    end: int
    #: What counts toward the dose.
    minutes: int
    #: Where it is; travel matters between different places only.
    place: int
    travel: int
    #: The required service type it is, as one bit; 0 when it is of none of them.
    type_bit: int
    #: Number of the group when that is attended whole, else -1.
    whole: int = -1


def too_close(one: Candidate, other: Candidate) -> bool:
    """Return True when nobody can attend both: they overlap, or the way between them does not fit."""
    if one.day != other.day:
        return False
    gap = 0 if one.place == other.place else max(one.travel, other.travel)
    return one.start < other.end + gap and other.start < one.end + gap


class Step(NamedTuple):
    """One way to spend a day; `chain` is None for staying away."""

    minutes: int
    types: int
    value: int
    chain: Chain | None


class _Slot(NamedTuple):
    """Meetings that only their value tells apart."""

    members: tuple[int, ...]
    minutes: int
    type_bit: int
    #: Per place: how many of the meetings there, ordered by their end, can come before this one.
    before: tuple[tuple[int, int], ...]


_Best = dict[tuple[int, int], tuple[int, Chain]]


class DaySearch:
    """Searches one day; built once, asked with many sets of values.

    Args:
        candidates: everything the person could attend in the week.
        free: which of them may be chosen on this day.
        fixed: which of them are attended in any case; `free` holds none that is too close to them.
        most_minutes: the most minutes of the day that may count, fixed ones included.
    """

    def __init__(
        self, candidates: Sequence[Candidate], free: Sequence[int], fixed: Sequence[int], most_minutes: int
    ) -> None:
        self._fixed = tuple(fixed)
        self._fixed_minutes = sum(candidates[i].minutes for i in fixed)
        self._fixed_types = 0
        for i in fixed:
            self._fixed_types |= candidates[i].type_bit
        self._room = most_minutes - self._fixed_minutes
        self._slots, self._ending = _slots(
            candidates, [i for i in free if candidates[i].minutes <= self._room]
        )

    def steps(self, values: Sequence[int]) -> list[Step]:
        """Return the best way to each reachable (minutes, types), shortest first; [] when none is legal."""
        if self._room < 0:
            return []
        best = self._best(values)
        fixed_value = sum(values[i] for i in self._fixed)
        fixed_chain: Chain | None = None
        for i in self._fixed:
            fixed_chain = (i, fixed_chain)
        found = [Step(self._fixed_minutes, self._fixed_types, fixed_value, fixed_chain)]
        for (minutes, types), (value, chain) in best.items():
            whole: Chain = chain if fixed_chain is None else (chain, fixed_chain)
            found.append(
                Step(minutes + self._fixed_minutes, types | self._fixed_types, value + fixed_value, whole)
            )
        return _best_of_each(found)

    def _best(self, values: Sequence[int]) -> _Best:
        """Return the best non-empty chain of free meetings for each (minutes, types)."""
        room = self._room
        ending_here: list[_Best] = []
        # Per place, growing: the best chains among the first n meetings there, ordered by end.
        prefixes: list[list[_Best]] = [[{}] for _ in self._ending]
        best: _Best = {}
        for slot in self._slots:
            index = slot.members[0] if len(slot.members) == 1 else max(slot.members, key=values.__getitem__)
            gain = values[index]
            here: _Best = {(slot.minutes, slot.type_bit): (gain, (index, None))}
            for place, count in slot.before:
                grown = prefixes[place]
                while len(grown) <= count:
                    grown.append(_merged(grown[-1], ending_here[self._ending[place][len(grown) - 1]]))
                for (minutes, types), (value, chain) in grown[count].items():
                    key = (minutes + slot.minutes, types | slot.type_bit)
                    if key[0] <= room and ((known := here.get(key)) is None or value + gain > known[0]):
                        here[key] = (value + gain, (index, chain))
            ending_here.append(here)
            _merge_into(best, here)
        return best


def _slots(candidates: Sequence[Candidate], free: Sequence[int]) -> tuple[list[_Slot], list[list[int]]]:
    """Return the slots in order of time, and per place the slot numbers ordered by end."""
    alike: dict[tuple[int, int, int, int, int], list[int]] = {}
    travel: dict[int, int] = {}
    for i in free:
        c = candidates[i]
        alike.setdefault((c.start, c.end, c.place, c.minutes, c.type_bit), []).append(i)
        travel[c.place] = c.travel
    order = sorted(alike)
    places = sorted(travel)
    ending = [
        sorted((n for n, key in enumerate(order) if key[2] == place), key=lambda n: (order[n][1], n))
        for place in places
    ]
    ends = [[order[n][1] for n in there] for there in ending]
    slots = []
    for key in order:
        start, _, place, minutes, type_bit = key
        before = []
        for number, other in enumerate(places):
            gap = 0 if other == place else max(travel[place], travel[other])
            count = bisect_right(ends[number], start - gap)
            if count:
                before.append((number, count))
        slots.append(_Slot(tuple(alike[key]), minutes, type_bit, tuple(before)))
    return slots, ending


def _merged(one: _Best, other: _Best) -> _Best:
    both = dict(one)
    _merge_into(both, other)
    return both


def _merge_into(best: _Best, more: _Best) -> None:
    for key, entry in more.items():
        known = best.get(key)
        if known is None or entry[0] > known[0]:
            best[key] = entry


def _best_of_each(steps: Sequence[Step]) -> list[Step]:
    best: dict[tuple[int, int], Step] = {}
    for step in steps:
        known = best.get(step[:2])
        if known is None or step.value > known.value:
            best[step[:2]] = step
    return [best[key] for key in sorted(best)]


def members(chain: Chain | None) -> Iterator[int]:
    """Yield the candidates in a chain."""
    stack: list[int | Chain | None] = [chain]
    while stack:
        link = stack.pop()
        if isinstance(link, int):
            yield link
        elif link is not None:
            stack += link
