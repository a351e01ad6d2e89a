"""One day of the search for the cheapest changes: meetings may overlap commitments, at a price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iop_schedule.domain.placement.changes import COMMITMENT_MINUTE, TOUCHED_COMMITMENT
from iop_schedule.domain.placement.day_search import Candidate, Chain, Step, too_close

#: One point of price outweighs everything a week could be worth: price first, then the objective.
PRICE_UNITS = 10**9
#: Per commitment: the stretch of it that a meeting needs.
Touches = Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class PricedDay:
    """One day of the priced search."""

    own: Sequence[int]
    fixed: frozenset[int]
    candidates: Sequence[Candidate]
    touches: Sequence[Touches]
    values: Sequence[int]
    most_minutes: int

    def price(self, i: int, before: int | None) -> int:
        """Return the price of the time that meeting `i` takes from commitments beyond what `before` took."""
        prior = self.touches[before] if before is not None else {}
        price = 0
        for k, (start, end) in self.touches[i].items():
            if k in prior:
                price += COMMITMENT_MINUTE * max(0, end - max(start, prior[k][1]))
            else:
                price += TOUCHED_COMMITMENT + COMMITMENT_MINUTE * (end - start)
        return price


def priced_steps(day: PricedDay) -> list[Step]:
    """Return the best way to spend a day for each (minutes, types), prices of commitments included.

    Every pair of neighbors is looked at, because two meetings may share one stretch of a commitment.
    """
    order = _distinct(day)
    fixed = [n for n, i in enumerate(order) if i in day.fixed]
    tables: list[dict[tuple[int, int], tuple[int, Chain]]] = []
    best: dict[tuple[int, int], tuple[int, Chain]] = {}
    for n, i in enumerate(order):
        own = day.candidates[i]
        here: dict[tuple[int, int], tuple[int, Chain]] = {}
        if not any(f < n for f in fixed):
            gain = day.values[i] - PRICE_UNITS * day.price(i, None)
            here[own.minutes, own.type_bit] = (gain, (i, None))
        for p in range(max((f for f in fixed if f < n), default=0), n):
            if not too_close(day.candidates[order[p]], own):
                gain = day.values[i] - PRICE_UNITS * day.price(i, order[p])
                _extend(here, tables[p], (own, i, gain), day.most_minutes)
        tables.append(here)
        if not any(f > n for f in fixed):
            _keep_best(best, here)
    steps = [Step(m, t, value, chain) for (m, t), (value, chain) in best.items() if m <= day.most_minutes]
    return sorted([*steps, *([] if fixed else [Step(0, 0, 0, None)])], key=lambda s: (s.minutes, s.types))


def _distinct(day: PricedDay) -> list[int]:
    """Return the day's meetings in order of time, the best only of those that are alike."""
    alike: dict[tuple[int, ...], int] = {}
    for i in day.own:
        c = day.candidates[i]
        key = (c.start, c.end, c.place, c.minutes, c.type_bit, i if i in day.fixed or c.whole >= 0 else -1)
        if key not in alike or day.values[i] > day.values[alike[key]]:
            alike[key] = i
    return [alike[key] for key in sorted(alike)]


def _extend(
    here: dict[tuple[int, int], tuple[int, Chain]],
    before: Mapping[tuple[int, int], tuple[int, Chain]],
    added: tuple[Candidate, int, int],
    most_minutes: int,
) -> None:
    own, i, gain = added
    for (minutes, types), (value, chain) in before.items():
        key = (minutes + own.minutes, types | own.type_bit)
        if key[0] <= most_minutes and ((known := here.get(key)) is None or value + gain > known[0]):
            here[key] = (value + gain, (i, chain))


def _keep_best(
    best: dict[tuple[int, int], tuple[int, Chain]], more: Mapping[tuple[int, int], tuple[int, Chain]]
) -> None:
    for key, entry in more.items():
        if key not in best or entry[0] > best[key][0]:
            best[key] = entry
