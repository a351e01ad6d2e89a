"""The cheapest changes that would let one person be placed, by the same search with prices for rules.

A meeting that overlaps a commitment may be taken at a price, a full one at another; a week may be
short of minutes, days or service types, each at its price. The cheapest week names the changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.changes import (
    MINUTES_PER_HOUR,
    Atom,
    Change,
    ChangeKind,
    atom_of,
    commitment_change,
    hours_short,
)
from iop_schedule.domain.placement.day_search import too_close
from iop_schedule.domain.placement.objective import UNITS_PER_POINT, meeting_points
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.prepared import candidates, limits
from iop_schedule.domain.placement.priced_day import PRICE_UNITS, PricedDay
from iop_schedule.domain.placement.problem import Client, Offer, Problem, offers
from iop_schedule.domain.placement.shortfall import Shortfall
from iop_schedule.domain.placement.week_join import Day
from iop_schedule.domain.placement.week_limits import DAYS_IN_WEEK, Found
from iop_schedule.domain.placement.whole_groups import best_undivided, whole_groups
from iop_schedule.vocabulary import Attend, Modality, ModalityWish, WeekParity

_ABOUT_WEEK = frozenset({ChangeKind.DOSE, ChangeKind.DAYS, ChangeKind.SERVICE_TYPE})


@dataclass(frozen=True, slots=True)
class Way:
    """The cheapest changes under some condition, and the week they were found with."""

    cost: int
    changes: tuple[Change, ...]
    meetings: tuple[str, ...]

    @property
    def atoms(self) -> frozenset[Atom]:
        """Return what the changes are about."""
        return frozenset(atom_of(change) for change in self.changes)


class ChangeSearch:
    """Finds the cheapest changes for one person; built once, asked with changes ruled out.

    Plans are weekly here, also in a problem with alternating weeks: the change must help every week.

    Args:
        problem: the groups and what the program values.
        client: who is to be placed.
        free: what others leave.
    """

    def __init__(self, problem: Problem, client: Client, free: Openings) -> None:
        self._client, self._free, self._prices = client, free, problem.prices
        self._limits = replace(limits(client, problem.weights, UNITS_PER_POINT), lenient=True)
        self._required = tuple(dict.fromkeys(client.dose.required))
        self._hard = tuple(dict.fromkeys(c for c in client.commitments if c.hard))
        self._offers = _only_whole([o for o in offers(problem).values() if _welcome(client, o, free)])
        self._numbers = {id(c): self._hard.index(c) for c in client.commitments if c.hard}
        self._candidates = candidates(client, self._offers)
        self._whole = whole_groups(self._candidates)
        self._touches = [self._touched(o) for o in self._offers]
        self._short = [max(0, 1 - free.seats_left(client, o, WeekParity.EVERY)) for o in self._offers]
        values = [
            UNITS_PER_POINT * meeting_points(client, o, WeekParity.EVERY, problem.weights)
            - PRICE_UNITS * self._prices.seat * short
            for o, short in zip(self._offers, self._short, strict=True)
        ]
        most = min(client.dose.max_minutes_per_day, client.dose.most_minutes)
        self._suits = [fit.modality_suits(client, o.group.modality) for o in self._offers]
        self._days: list[PricedDay] = []
        for weekday in range(DAYS_IN_WEEK):
            own = [i for i, c in enumerate(self._candidates) if c.day == weekday and c.minutes <= most]
            if own:
                self._days.append(
                    PricedDay(own, self._candidates, self._touches, values, most, prices=self._prices)
                )
        self._known_days: dict[tuple[int, frozenset[int], frozenset[int]], Day] = {}
        self._shortfalls: dict[frozenset[Atom], Shortfall] = {}

    def cheapest(self, ruled_out: frozenset[Atom] = frozenset(), below: int | None = None) -> Way | None:
        """Return the cheapest changes that use none of `ruled_out`, or None when there are none.

        With `below`, only changes that are cheaper than that are looked for, which is quicker.
        """
        way = self._cheapest_with(ruled_out, widened=False, below=below)
        able_to_change = self._client.modality is not ModalityWish.EITHER
        if not able_to_change or (ChangeKind.MODALITY, None) in ruled_out:
            return way
        most = below if way is None else way.cost
        if most is not None and most <= self._prices.modality:
            return way
        left = None if most is None else most - self._prices.modality
        return self._cheapest_with(ruled_out, widened=True, below=left) or way

    def _cheapest_with(self, ruled_out: frozenset[Atom], *, widened: bool, below: int | None) -> Way | None:
        """Return the cheapest changes in this modality, of a price under `below` when that is given."""
        allowed = self._allowed(ruled_out, widened=widened)
        # What a week is worth is less than half a point of price.
        floor = None if below is None else -PRICE_UNITS * below + PRICE_UNITS // 2
        shortfall = self._shortfall(ruled_out)

        def solve(fixed: frozenset[int], left_out: frozenset[int]) -> Found | None:
            days = self._ways(fixed, allowed - left_out)
            return None if days is None else shortfall.best(days, floor)

        first = solve(frozenset(), frozenset())
        found = None if first is None else best_undivided(first, self._whole, solve)
        return None if found is None else self._way(found, widened=widened)

    def _allowed(self, ruled_out: frozenset[Atom], *, widened: bool) -> frozenset[int]:
        """Return the meetings that may be chosen; of groups attended whole, all or none."""
        kept = {
            k for k, c in enumerate(self._hard) if not c.negotiable or (ChangeKind.COMMITMENT, c) in ruled_out
        }
        full = {thing for kind, thing in ruled_out if kind is ChangeKind.SEAT}
        allowed = frozenset(
            i
            for day in self._days
            for i in day.own
            if (widened or self._suits[i])
            and kept.isdisjoint(self._touches[i])
            and not (full and self._short[i] and self._offers[i].id in full)
        )
        return allowed - {i for own in self._whole.values() if not own <= allowed for i in own}

    def _shortfall(self, ruled_out: frozenset[Atom]) -> Shortfall:
        about_week = frozenset(atom for atom in ruled_out if atom[0] in _ABOUT_WEEK)
        if about_week not in self._shortfalls:
            self._shortfalls[about_week] = Shortfall(self._limits, self._required, about_week, self._prices)
        return self._shortfalls[about_week]

    def _touched(self, offer: Offer) -> dict[int, tuple[int, int]]:
        hard = (c for c in fit.overlapped(self._client, offer, WeekParity.EVERY) if c.hard)
        stretches = ((c, *fit.needed_beside(self._client, offer, c)) for c in hard)
        return {self._numbers[id(c)]: (max(start, c.start), min(end, c.end)) for c, start, end in stretches}

    def _ways(self, fixed: frozenset[int], allowed: frozenset[int]) -> list[Day] | None:
        """Return the ways to spend each day, or None when the fixed meetings do not go together."""
        together = [self._candidates[i] for i in sorted(fixed)]
        if any(too_close(a, b) for n, a in enumerate(together) for b in together[n + 1 :]):
            return None
        return [self._day(n, fixed, allowed) for n in range(len(self._days))]

    def _day(self, number: int, fixed: frozenset[int], allowed: frozenset[int]) -> Day:
        """Return the ways to spend one day; what is ruled out elsewhere leaves them as they were."""
        day = self._days[number]
        key = (number, allowed.intersection(day.own), fixed.intersection(day.own))
        if key not in self._known_days:
            self._known_days[key] = Day(day.steps(*key[1:]), self._limits.day_price)
        return self._known_days[key]

    def _way(self, found: Found, *, widened: bool) -> Way:
        chosen = [self._offers[i] for i in found.chosen]
        changes = [*self._commitment_changes(found), *self._seat_changes(chosen)]
        if widened:
            other = (
                Modality.TELEHEALTH
                if self._client.modality.value == Modality.IN_PERSON
                else Modality.IN_PERSON
            )
            changes.append(Change(ChangeKind.MODALITY, self._prices.modality, modality=other))
        changes += self._week_changes(chosen)
        return Way(sum(c.cost for c in changes), tuple(changes), tuple(o.id for o in chosen))

    def _commitment_changes(self, found: Found) -> Iterator[Change]:
        for k, commitment in enumerate(self._hard):
            freed = [self._touches[i][k] for i in found.chosen if k in self._touches[i]]
            if freed:
                yield commitment_change(commitment, freed, self._prices)

    def _seat_changes(self, chosen: Sequence[Offer]) -> Iterator[Change]:
        for offer in chosen:
            if short := max(0, 1 - self._free.seats_left(self._client, offer, WeekParity.EVERY)):
                yield Change(ChangeKind.SEAT, self._prices.seat * short, meeting=offer.id, amount=short)

    def _week_changes(self, chosen: Sequence[Offer]) -> Iterator[Change]:
        dose = self._client.dose
        short = dose.minutes - sum(o.meeting.minutes for o in chosen)
        fewer = dose.min_days - len({o.meeting.weekday for o in chosen})
        if short > 0:
            hours = hours_short(short)
            yield Change(ChangeKind.DOSE, self._prices.hour * hours, amount=MINUTES_PER_HOUR * hours)
        if fewer > 0:
            yield Change(ChangeKind.DAYS, self._prices.day * fewer, amount=fewer)
        for needed in dict.fromkeys(dose.required):
            if needed not in {o.group.service_type for o in chosen}:
                yield Change(ChangeKind.SERVICE_TYPE, self._prices.service_type, service_type=needed)


def _welcome(client: Client, offer: Offer, free: Openings) -> bool:
    """Return True when only things that can be asked to change keep the person from the meeting."""
    return (
        fit.level_suits(client, offer.group)
        and fit.speaks(client, offer.group)
        and fit.gender_welcome(client, offer.group)
        and not free.is_closed(client, offer.id, WeekParity.EVERY)
    )


def _only_whole(able: Sequence[Offer]) -> list[Offer]:
    """Return the offers without those of groups attended whole that are not there whole."""
    there = {o.id for o in able}
    return [o for o in able if o.group.attend is Attend.ANY or all(m.id in there for m in o.group.meetings)]
