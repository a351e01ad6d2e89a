"""What people would choose if seats had prices and every new group a fee, and the bound this proves.

The fee is what makes the bound strong: a person pays it once for a group, however many of its meetings
are attended, so that half a group opened serves nobody more than half.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from iop_schedule.adapters.optimizer.cohort import Column, Part
from iop_schedule.adapters.optimizer.opening_question import Question
from iop_schedule.domain.placement.week_limits import Found

#: Who pays a fee: person, part of the week, group.
Payer = tuple[int, int, int]
#: Weeks proposed per person and round.
WEEKS_PER_ROUND = 3
#: What no week is worth.
SHUT = 10**15


@dataclass(frozen=True, slots=True)
class Prices:
    """What the seats of each row cost, and what people pay to use a new group, in ticks."""

    rows: Sequence[int]
    fees: Mapping[Payer, int] = field(default_factory=dict)
    #: What a group costs for keeping others of the same set closed, by the set.
    closing: Sequence[int] = ()

    def towards(self, others: "Prices", share: float) -> "Prices":
        """Return prices on the way to `others`: `share` of theirs, the rest of these."""
        mixed = {
            payer: round(share * others.fees.get(payer, 0) + (1 - share) * self.fees.get(payer, 0))
            for payer in sorted(self.fees.keys() | others.fees.keys())
        }
        return Prices(
            _mixed(self.rows, others.rows, share),
            {payer: fee for payer, fee in mixed.items() if fee > 0},
            _mixed(self.closing, others.closing, share),
        )


def _mixed(own: Sequence[int], others: Sequence[int], share: float) -> list[int]:
    return [round(share * b + (1 - share) * a) for a, b in zip(own, others, strict=True)]


@dataclass(frozen=True, slots=True)
class Priced:
    """An upper bound on every choice of groups and plan, in ticks, and the weeks people would choose."""

    bound: int
    columns: list[Column]


class Pricing:
    """Knows the weeks proposed so far: a further one must be worth more.

    Args:
        question: everyone who waits, and the groups.
    """

    def __init__(self, question: Question) -> None:
        self._question, self._cohort = question, question.cohort
        self.people = [n for n, parts in enumerate(self._cohort.people) if all(p.offers for p in parts)]
        self._known: dict[tuple[int, int], list[tuple[Column, set[int]]]] = {}
        self._offers = {
            (person, k): _by_group(part, question.group_of)
            for person in self.people
            for k, part in enumerate(self._cohort.people[person])
        }

    def add(self, column: Column) -> None:
        """Remember a week."""
        own = self._known.setdefault((column.person, column.part), [])
        own.append((column, self._question.groups_in(column)))

    def ask(self, prices: Prices, stop: Callable[[], bool]) -> Priced | None:
        """Return the bound that `prices` prove and weeks better than those known; None when stopped."""
        fees: dict[tuple[int, int], dict[int, int]] = {}
        for (person, n, group), fee in prices.fees.items():
            fees.setdefault((person, n), {})[group] = fee
        bound = self._unspent(prices)
        columns: list[Column] = []
        for person in self.people:
            if stop():
                return None
            best = self._cohort.rewards[person]
            for n, part in enumerate(self._cohort.people[person]):
                net = [
                    v - sum(prices.rows[r] for r in rows)
                    for v, rows in zip(part.values, part.rows, strict=True)
                ]
                own = fees.get((person, n), {})
                week = _ChargedWeek(part, net, own, self._offers[person, n])
                top, weeks = week.best(self._floor(person, n, prices.rows, own), WEEKS_PER_ROUND)
                best += top
                columns += [self._cohort.column(person, n, w.chosen, _gross(part, w)) for w in weeks]
            bound += max(0, best)
        return Priced(bound, columns)

    def _unspent(self, prices: Prices) -> int:
        """Return the most that can be taken in: for the seats there are, and by the groups opened."""
        question, seats = self._question, self._cohort.capacities
        income = [sum(prices.rows[r] * seats[r] for r in rows) for rows in question.rows]
        for (_, _, group), fee in prices.fees.items():
            income[group] += fee
        for together, price in zip(question.not_together, prices.closing, strict=True):
            for group in together:
                income[group] -= price
        total = sum(prices.closing) + sum(
            p * seats[r] for r, p in enumerate(prices.rows) if r not in question.group_of
        )
        return total + _most_within(income, [new.cost for new in question.possible], question.budget)

    def _floor(self, person: int, part: int, rows: Sequence[int], fees: Mapping[int, int]) -> int:
        """Return what the best known week is worth, or what nobody would choose."""
        own = self._known.get((person, part), ())
        worth = (
            c.value - sum(rows[r] for r in c.rows) - sum(fees.get(g, 0) for g in groups) for c, groups in own
        )
        return max(worth, default=-SHUT)


def _by_group(part: Part, group_of: Mapping[int, int]) -> dict[int, list[int]]:
    """Return the offers of each new group."""
    found: dict[int, list[int]] = {}
    for i, rows in enumerate(part.rows):
        for group in sorted({group_of[row] for row in rows if row in group_of}):
            found.setdefault(group, []).append(i)
    return found


def _gross(part: Part, week: Found) -> int:
    """Return what a week is worth without prices and fees."""
    limits, own = part.choices.limits, [part.choices.candidates[i] for i in week.chosen]
    beyond = sum(c.minutes for c in own) - limits.least_minutes
    days = len({c.day for c in own})
    return sum(part.values[i] for i in week.chosen) - limits.day_price * days - limits.over_price * beyond


def _most_within(values: Sequence[int], costs: Sequence[int], budget: int) -> int:
    """Return the most value that a budget buys when one thing may be bought in part, rounded up."""
    total, left = 0, budget
    able = [n for n, cost in enumerate(costs) if cost <= budget and values[n] > 0]
    for n in sorted(able, key=lambda n: -values[n] / max(costs[n], 1e-9)):
        if costs[n] <= left:
            total, left = total + values[n], left - costs[n]
        else:
            return total - (-values[n] * left // costs[n])
    return total


class _ChargedWeek:
    """Finds the best week when using a group costs its fee once.

    A search that charges each meeting its part of the fee charges no week too much. Where the week it
    finds uses part of a group, either the whole fee is paid beforehand or the group is left out.

    Args:
        part: whose week.
        net: the values of the offers, net of prices.
        fees: of the groups that cost one.
        offers: the offers of each group.
    """

    def __init__(
        self, part: Part, net: Sequence[int], fees: Mapping[int, int], offers: Mapping[int, list[int]]
    ) -> None:
        self._part, self._net, self._offers = part, net, offers
        self._fees = {g: fee for g, fee in fees.items() if g in offers}
        self._group = {i: g for g in self._fees for i in offers[g]}

    def best(self, floor: int, count: int) -> tuple[int, list[Found]]:
        """Return what the best week is worth, at least `floor`, and up to `count` weeks worth more."""
        found: dict[tuple[int, ...], int] = {}
        best, made = floor, 0
        heap: list[tuple[int, int, frozenset[int], frozenset[int]]] = [(-SHUT, 0, frozenset(), frozenset())]
        while heap and -heap[0][0] > best:
            _, _, paid, left_out = heapq.heappop(heap)
            before = sum(self._fees[g] for g in paid)
            values = self._values(paid, left_out)
            weeks = self._part.choices.several(values, count, best + before)
            weeks = [w for w in weeks if all(self._group.get(i) not in left_out for i in w.chosen)]
            for week in weeks:
                worth = self._worth(week, values)
                if worth > floor:
                    found[week.chosen] = worth
                best = max(best, worth)
            if not weeks or weeks[0].value - before <= best:
                continue
            unsure = {self._group[i] for i in weeks[0].chosen if i in self._group} - paid
            group = max(unsure, key=lambda g: (self._missing(g, weeks[0]), -g))
            for now_paid, now_out in ((paid | {group}, left_out), (paid, left_out | {group})):
                made += 1
                heapq.heappush(heap, (before - weeks[0].value, made, now_paid, now_out))
        ranked = sorted(found, key=lambda chosen: (-found[chosen], chosen))
        return best, [Found(found[chosen], chosen) for chosen in ranked[:count]]

    def _values(self, paid: frozenset[int], left_out: frozenset[int]) -> list[int]:
        values = list(self._net)
        for group, fee in self._fees.items():
            own = self._offers[group]
            for i, share in zip(own, _shares(fee, len(own)), strict=True):
                values[i] = -SHUT if group in left_out else values[i] - (0 if group in paid else share)
        return values

    def _worth(self, week: Found, values: Sequence[int]) -> int:
        """Return what a week is worth once every group used is paid in full."""
        used = {self._group[i] for i in week.chosen if i in self._group}
        return (
            week.value + sum(self._net[i] - values[i] for i in week.chosen) - sum(self._fees[g] for g in used)
        )

    def _missing(self, group: int, week: Found) -> int:
        """Return how much of the fee the parts charged leave out."""
        own, fee = self._offers[group], self._fees[group]
        charged = zip(own, _shares(fee, len(own)), strict=True)
        return fee - sum(share for i, share in charged if i in week.chosen)


def _shares(fee: int, parts: int) -> list[int]:
    """Return a fee in whole parts, as equal as can be."""
    return [fee * (n + 1) // parts - fee * n // parts for n in range(parts)]
