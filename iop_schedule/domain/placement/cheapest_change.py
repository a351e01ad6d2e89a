"""The cheapest changes that would let one person be placed, by the same search with prices for rules.

A meeting that overlaps a commitment may be taken at a price, a full one at another; a week may be
short of minutes, days or service types, each at its price. The cheapest week names the changes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.best_week import candidates, limits
from iop_schedule.domain.placement.changes import (
    COMMITMENT_MINUTE,
    FEWER_DAY,
    MINUTES_PER_HOUR,
    MISSING_TYPE,
    ONE_SEAT_MORE,
    OTHER_MODALITY,
    SHORTER_HOUR,
    TOUCHED_COMMITMENT,
    Change,
    ChangeKind,
    commitment_change,
    hours_short,
)
from iop_schedule.domain.placement.day_search import Candidate, Chain, Step, too_close
from iop_schedule.domain.placement.objective import UNITS_PER_POINT, meeting_points
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.problem import Client, Commitment, Offer, Problem, offers
from iop_schedule.domain.placement.week_search import (
    DAYS_IN_WEEK,
    Found,
    Limits,
    States,
    best_undivided,
    from_the_top,
    members,
    whole_groups,
)
from iop_schedule.vocabulary import Attend, Modality, ModalityWish, WeekParity

#: One point of price outweighs everything a week could be worth: price first, then the objective.
PRICE_UNITS = 10**9
#: How far below the best that minutes alone allow the cheapest week is looked for, before it is anywhere.
_LOOKS = (PRICE_UNITS * 25, PRICE_UNITS * 90)

#: What one change is about, so that it can be ruled out: a kind and the thing.
Atom = tuple[ChangeKind, Commitment | str | None]
#: Per commitment: the stretch of it that a meeting needs.
Touches = Mapping[int, tuple[int, int]]


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


def atom_of(change: Change) -> Atom:
    """Return what a change is about, whatever its amount."""
    return change.kind, change.commitment or change.meeting or change.service_type


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
            and not free.is_closed(o.id, WeekParity.EVERY)
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
        ends = _Ends(self._limits, tuple(dict.fromkeys(self._client.dose.required)), ruled_out, floor)

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
        return max(0, 1 - self._free.seats_left(offer, WeekParity.EVERY))

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
            known = _Day(own, fixed, self._candidates, self._touches, values, most)
            self._known_days[key] = _priced_steps(known)
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


@dataclass(frozen=True, slots=True)
class _Ends:
    """Prices what a whole week is short of."""

    limits: Limits
    required: tuple[str, ...]
    ruled_out: frozenset[Atom]
    #: Only weeks worth more are looked for.
    floor: int | None = None

    def best(self, days: Sequence[Sequence[Step]]) -> Found | None:
        """Return the cheapest week that has at least one meeting."""
        for states, bar in from_the_top(days, self.limits, _LOOKS, self._at_most, self.floor):
            best = self._best_of(states)
            if best is not None and (bar is None or best.value > bar):
                return best
        return None

    def _best_of(self, states: States) -> Found | None:
        best: tuple[int, Chain] | None = None
        for kind, by_minutes in states.items():
            for minutes, (value, chain) in by_minutes.items():
                price = None if chain is None else self._price(minutes, *kind)
                if chain is None or price is None:
                    continue
                total = value - self._over(minutes) - PRICE_UNITS * price
                if best is None or total > best[0]:
                    best = (total, chain)
        return None if best is None else Found(best[0], tuple(sorted(members(best[1]))))

    def _at_most(self, minutes: int) -> int | None:
        """Return what a week of so many minutes is worth beside its days when it lacks nothing else."""
        price = self._price(minutes, self.limits.least_days, self.limits.types)
        return None if price is None else -self._over(minutes) - PRICE_UNITS * price

    def _over(self, minutes: int) -> int:
        return self.limits.over_price * max(0, minutes - self.limits.least_minutes)

    def _price(self, minutes: int, days: int, types: int) -> int | None:
        short = max(0, self.limits.least_minutes - minutes)
        fewer = max(0, self.limits.least_days - days)
        missing = [t for n, t in enumerate(self.required) if not types >> n & 1]
        atoms: set[Atom] = {(ChangeKind.SERVICE_TYPE, t) for t in missing}
        atoms |= {(ChangeKind.DOSE, None)} if short else set()
        atoms |= {(ChangeKind.DAYS, None)} if fewer else set()
        # Hours less are a proposal only as long as something of the dose remains.
        nothing_left = short > 0 and hours_short(short) * MINUTES_PER_HOUR >= self.limits.least_minutes
        if nothing_left or atoms & self.ruled_out:
            return None
        return SHORTER_HOUR * hours_short(short) + FEWER_DAY * fewer + MISSING_TYPE * len(missing)


@dataclass(frozen=True, slots=True)
class _Day:
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


def _priced_steps(day: _Day) -> list[Step]:
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


def _distinct(day: _Day) -> list[int]:
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
