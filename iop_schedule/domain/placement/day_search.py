"""What one person can attend on one day: the best value for each total of minutes and service types.

Meetings are taken in order of time and only neighbors are compared. That is enough: where three
meetings follow each other, the outer two can be too close only when the middle one is too close to
one of them, because the way to a place takes equally long from every meeting held there.
"""

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

#: Meetings as nested pairs; sharing what is common avoids copying. Unpacked by `members`.
Chain = tuple["int | Chain", "Chain | None"]


class Candidate(NamedTuple):
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


def members(chain: Chain | None) -> Iterator[int]:
    """Yield the candidates in a chain."""
    stack: list[int | Chain | None] = [chain]
    while stack:
        link = stack.pop()
        if isinstance(link, int):
            yield link
        elif link is not None:
            stack += link


class Step(NamedTuple):
    """One way to spend a day; `chain` is None for staying away."""

    minutes: int
    types: int
    value: int
    chain: Chain | None


def undominated(steps: Iterable[Step]) -> list[Step]:
    """Return the steps that no other beats: as long, at least the same types, at least the value.

    They come shortest first.
    """
    kept: list[Step] = []
    rivals: list[Step] = []
    for step in sorted(steps, key=lambda s: (s[0], -s[1].bit_count(), s[1], -s[2])):
        if rivals and rivals[0].minutes != step.minutes:
            rivals = []
        _, types, value, _ = step
        for rival in rivals:
            if rival[2] >= value and types | rival[1] == rival[1]:
                break
        else:
            rivals.append(step)
            kept.append(step)
    return kept


class _Slot(NamedTuple):
    """Meetings that only their value tells apart."""

    number: int
    members: tuple[int, ...]
    minutes: int
    type_bit: int


class _Start(NamedTuple):
    """The slots that begin at one time in one place: before each of them, the same is possible."""

    #: Per place where something can come before: up to which stage of it.
    before: tuple[tuple[int, int], ...]
    slots: tuple[_Slot, ...]


#: The best chain by minutes and types, told by one number: minutes shifted left by the bits of types.
_Best = dict[int, tuple[int, "Chain | None"]]


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
        self._free = tuple(i for i in free if candidates[i].minutes <= self._room)
        self._bits = max((candidates[i].type_bit for i in self._free), default=0).bit_length()
        self._starts, self._stages = _in_order(candidates, self._free)
        shortest = min((candidates[i].minutes for i in self._free), default=0)
        #: What is as long as this or longer is the last of its day.
        self._full = (self._room - shortest + 1) << self._bits

    def steps(self, values: Sequence[int], among: Container[int] | None = None) -> list[Step]:
        """Return the best way to spend the day for each minutes and types; [] when none is legal.

        With `among`, only those of the free meetings may be chosen.
        """
        if self._room < 0:
            return []
        fixed_value = sum(values[i] for i in self._fixed)
        fixed_chain: Chain | None = None
        for i in self._fixed:
            fixed_chain = (i, fixed_chain)
        found = [Step(self._fixed_minutes, self._fixed_types, fixed_value, fixed_chain)]
        all_types = (1 << self._bits) - 1
        for key, (value, chain) in self._best(values, among).items():
            minutes, types = (key >> self._bits) + self._fixed_minutes, key & all_types | self._fixed_types
            links = chain if fixed_chain is None or chain is None else (chain, fixed_chain)
            found.append(Step(minutes, types, value + fixed_value, links))
        return found

    def _best(self, values: Sequence[int], among: Container[int] | None) -> _Best:
        """Return the best non-empty chain of free meetings for each minutes and types."""
        beyond, full, bits = (self._room + 1) << self._bits, self._full, self._bits
        #: Per slot the chains that end with it and leave room for more; per place and stage their best.
        extendable: dict[int, _Best] = {}
        grown: list[list[_Best]] = [[] for _ in self._stages]
        best: _Best = {}
        for before, slots in self._starts:
            base: _Best = {0: (0, None)}
            for place, stage in before:
                tables = grown[place]
                while len(tables) <= stage:
                    table = dict(tables[-1]) if tables else {}
                    for number in self._stages[place][len(tables)]:
                        _merge_into(table, extendable.get(number, {}))
                    tables.append(table)
                _merge_into(base, tables[stage])
            for number, own, minutes, type_bit in slots:
                alike = own if among is None else [i for i in own if i in among]
                if not alike:
                    continue
                index = alike[0] if len(alike) == 1 else max(alike, key=values.__getitem__)
                gain, added = values[index], minutes << bits
                here: _Best = {}
                for key, (value, chain) in base.items():
                    total = key + added | type_bit
                    if total < beyond and ((known := here.get(total)) is None or value + gain > known[0]):
                        here[total] = (value + gain, (index, chain))
                extendable[number] = {key: entry for key, entry in here.items() if key < full}
                _merge_into(best, here)
        return best


def _merge_into(best: _Best, more: _Best) -> None:
    for key, entry in more.items():
        known = best.get(key)
        if known is None or entry[0] > known[0]:
            best[key] = entry


def _in_order(
    candidates: Sequence[Candidate], free: Sequence[int]
) -> tuple[list[_Start], list[list[list[int]]]]:
    """Return the meetings in order of time; and per place, stage by stage, the slots that have ended."""
    alike: dict[tuple[int, int, int, int, int], list[int]] = {}
    travel: dict[int, int] = {}
    for i in free:
        c = candidates[i]
        alike.setdefault((c.start, c.place, c.end, c.minutes, c.type_bit), []).append(i)
        travel[c.place] = c.travel
    places = sorted(travel)
    ending: list[list[tuple[int, int]]] = [[] for _ in places]
    slots: dict[tuple[int, int], list[_Slot]] = {}
    for number, key in enumerate(sorted(alike)):
        start, place, end, minutes, type_bit = key
        ending[places.index(place)].append((end, number))
        slots.setdefault((start, place), []).append(_Slot(number, tuple(alike[key]), minutes, type_bit))
    for there in ending:
        there.sort()
    before = {
        (start, place): [
            (number, bisect_right(ending[number], (start - gap, len(alike))))
            for number, other in enumerate(places)
            for gap in (0 if other == place else max(travel[place], travel[other]),)
        ]
        for start, place in slots
    }
    counts = [sorted({own[n][1] for own in before.values()} - {0}) for n in range(len(places))]
    stages = [
        [[number for _, number in there[a:b]] for a, b in zip([0, *own], own, strict=False)]
        for there, own in zip(ending, counts, strict=True)
    ]
    starts = [
        _Start(tuple((n, counts[n].index(count)) for n, count in before[key] if count), tuple(slots[key]))
        for key in sorted(slots)
    ]
    return starts, stages
