"""The cheapest changes that would let one person be placed, by the same search with prices for rules.

A meeting that overlaps a commitment may be taken at a price, a full one at another; a week may be
short of minutes, days or service types, each at its price. The cheapest week names the changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.changes import (
    FEWER_DAY,
    MINUTES_PER_HOUR,
    MISSING_TYPE,
    ONE_SEAT_MORE,
    OTHER_MODALITY,
    SHORTER_HOUR,
    Atom,
    Change,
    ChangeKind,
    atom_of,
    commitment_change,
    hours_short,
)
from iop_schedule.domain.placement.day_search import Step, too_close
from iop_schedule.domain.placement.objective import UNITS_PER_POINT, meeting_points
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.prepared import candidates, limits
from iop_schedule.domain.placement.priced_day import PRICE_UNITS, PricedDay, priced_steps
from iop_schedule.domain.placement.problem import Client, Offer, Problem, offers
from iop_schedule.domain.placement.shortfall import Shortfall
from iop_schedule.domain.placement.week_limits import DAYS_IN_WEEK, Found
from iop_schedule.domain.placement.whole_groups import best_undivided, whole_groups
from iop_schedule.vocabulary import Attend, Modality, ModalityWish, WeekParity


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
        self._client, self._free = client, free
        self._limits = replace(limits(client, problem.weights, UNITS_PER_POINT), lenient=True)
        self._hard = list(dict.fromkeys(c for c in client.commitments if c.hard))
        able = [
            o
            for o in offers(problem).values()
            if fit.level_suits(client, o.group)
            and fit.speaks(client, o.group)
            and fit.gender_welcome(client, o.group)
            and not free.is_closed(client, o.id, WeekParity.EVERY)
        ]
        self._offers = _only_whole(able)
        self._candidates = candidates(client, self._offers)
        self._touches = [self._touched(o) for o in self._offers]
        self._known_days: dict[tuple[tuple[int, ...], frozenset[int]], list[Step]] = {}
        self._points = [
            UNITS_PER_POINT * meeting_points(client, o, WeekParity.EVERY, problem.weights)
            for o in self._offers
        ]
        self._values = [
            points - PRICE_UNITS * ONE_SEAT_MORE * self._seats_short(offer)
            for points, offer in zip(self._points, self._offers, strict=True)
        ]
        most = min(client.dose.max_minutes_per_day, client.dose.most_minutes)
        self._atoms = [self._needed(i, o) for i, o in enumerate(self._offers)]
        self._able = [i for i, o in enumerate(self._offers) if o.meeting.minutes <= most]
        self._suitable = [i for i in self._able if fit.modality_suits(client, self._offers[i].group.modality)]

    def cheapest(self, ruled_out: frozenset[Atom] = frozenset()) -> Way | None:
        """Return the cheapest changes that use none of `ruled_out`, or None when there are none."""
        way = self._cheapest_with(ruled_out, widened=False)
        able_to_change = self._client.modality is not ModalityWish.EITHER
        if not able_to_change or (ChangeKind.MODALITY, None) in ruled_out:
            return way
        below = None if way is None else way.cost - OTHER_MODALITY
        if below is not None and below <= 0:
            return way
        return self._cheapest_with(ruled_out, widened=True, below=below) or way

    def _cheapest_with(
        self, ruled_out: frozenset[Atom], *, widened: bool, below: int | None = None
    ) -> Way | None:
        """Return the cheapest changes in this modality, of a price under `below` when that is given."""
        able = self._able if widened else self._suitable
        allowed = frozenset(i for i in able if self._atoms[i].isdisjoint(ruled_out))
        values = self._values
        # What a week is worth is less than half a point of price.
        floor = None if below is None else -PRICE_UNITS * below + PRICE_UNITS // 2
        ends = Shortfall(self._limits, tuple(dict.fromkeys(self._client.dose.required)), ruled_out, floor)

        def solve(fixed: frozenset[int], left_out: frozenset[int]) -> Found | None:
            days = self._days(values, fixed, allowed - left_out)
            return None if days is None else ends.best(days)

        whole = whole_groups(self._candidates)
        partly = frozenset(i for own in whole.values() if not own <= allowed for i in own)
        allowed -= partly
        first = solve(frozenset(), frozenset())
        found = None if first is None else best_undivided(first, whole, solve)
        return None if found is None else self._way(found, widened)

    def _needed(self, i: int, offer: Offer) -> frozenset[Atom]:
        """Return what has to give way for a meeting."""
        atoms: set[Atom] = {(ChangeKind.COMMITMENT, self._hard[k]) for k in self._touches[i]}
        return frozenset(atoms | ({(ChangeKind.SEAT, offer.id)} if self._seats_short(offer) else set()))

    def _seats_short(self, offer: Offer) -> int:
        return max(0, 1 - self._free.seats_left(self._client, offer, WeekParity.EVERY))

    def _touched(self, offer: Offer) -> dict[int, tuple[int, int]]:
        hard = (c for c in fit.overlapped(self._client, offer, WeekParity.EVERY) if c.hard)
        stretches = ((c, *fit.needed_beside(self._client, offer, c)) for c in hard)
        return {self._hard.index(c): (max(start, c.start), min(end, c.end)) for c, start, end in stretches}

    def _days(
        self, values: Sequence[int], fixed: frozenset[int], allowed: frozenset[int]
    ) -> list[list[Step]] | None:
        """Return the steps of each day, or None when the fixed meetings do not go together."""
        together = [self._candidates[i] for i in sorted(fixed)]
        if any(too_close(a, b) for n, a in enumerate(together) for b in together[n + 1 :]):
            return None
        most = min(self._limits.most_minutes, self._limits.most_minutes_per_day)
        return [self._day(day, values, fixed, allowed | fixed, most) for day in range(DAYS_IN_WEEK)]

    def _day(
        self, day: int, values: Sequence[int], fixed: frozenset[int], there: frozenset[int], most: int
    ) -> list[Step]:
        """Return the steps of one day; what is ruled out elsewhere leaves them as they were."""
        own = tuple(i for i in sorted(there) if self._candidates[i].day == day)
        key = (own, frozenset(own) & fixed)
        if key not in self._known_days:
            known = PricedDay(own, fixed, self._candidates, self._touches, values, most)
            self._known_days[key] = priced_steps(known)
        return self._known_days[key]

    def _way(self, found: Found, widened: bool) -> Way:  # noqa: FBT001
        chosen = [self._offers[i] for i in found.chosen]
        changes = [*self._commitment_changes(found), *self._seat_changes(chosen)]
        if widened:
            other = (
                Modality.TELEHEALTH
                if self._client.modality.value == Modality.IN_PERSON
                else Modality.IN_PERSON
            )
            changes.append(Change(ChangeKind.MODALITY, OTHER_MODALITY, modality=other))
        changes += self._week_changes(chosen)
        return Way(sum(c.cost for c in changes), tuple(changes), tuple(o.id for o in chosen))

    def _commitment_changes(self, found: Found) -> Iterator[Change]:
        for k, commitment in enumerate(self._hard):
            freed = [self._touches[i][k] for i in found.chosen if k in self._touches[i]]
            if freed:
                yield commitment_change(commitment, freed)

    def _seat_changes(self, chosen: Sequence[Offer]) -> Iterator[Change]:
        for offer in chosen:
            if short := self._seats_short(offer):
                yield Change(ChangeKind.SEAT, ONE_SEAT_MORE * short, meeting=offer.id, amount=short)

    def _week_changes(self, chosen: Sequence[Offer]) -> Iterator[Change]:
        dose = self._client.dose
        short = dose.minutes - sum(o.meeting.minutes for o in chosen)
        fewer = dose.min_days - len({o.meeting.weekday for o in chosen})
        if short > 0:
            hours = hours_short(short)
            yield Change(ChangeKind.DOSE, SHORTER_HOUR * hours, amount=MINUTES_PER_HOUR * hours)
        if fewer > 0:
            yield Change(ChangeKind.DAYS, FEWER_DAY * fewer, amount=fewer)
        for needed in dict.fromkeys(dose.required):
            if needed not in {o.group.service_type for o in chosen}:
                yield Change(ChangeKind.SERVICE_TYPE, MISSING_TYPE, service_type=needed)


def _only_whole(able: Sequence[Offer]) -> list[Offer]:
    """Return the offers without those of groups attended whole that are not there whole."""
    there = {o.id for o in able}
    return [o for o in able if o.group.attend is Attend.ANY or all(m.id in there for m in o.group.meetings)]
