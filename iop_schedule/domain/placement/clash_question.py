"""Whether a legal week exists when only some of the things in its way are kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.clash import Clash, ClashKind
from iop_schedule.domain.placement.clash_week import ClashWeek, Demands
from iop_schedule.domain.placement.objective import UNITS_PER_POINT
from iop_schedule.domain.placement.openings import Openings
from iop_schedule.domain.placement.prepared import limits
from iop_schedule.domain.placement.problem import (
    MINUTES_PER_DAY,
    Client,
    Offer,
    Problem,
    offers,
)
from iop_schedule.domain.placement.week_bound import Ladders
from iop_schedule.domain.placement.week_limits import DAYS_IN_WEEK
from iop_schedule.vocabulary import WeekParity

#: What takes meetings away, beside commitments.
_RULES = (ClashKind.SEATS, ClashKind.MODALITY, ClashKind.LANGUAGE, ClashKind.GENDER)
#: What can be in the way of a meeting: a commitment, by its place among them, or a rule.
_Stop = int | ClashKind


class Question:
    """Asks about one person whether a legal week exists when some of the items are kept.

    Args:
        problem: the groups and what the program values.
        client: whose week it is.
        free: what others leave.
    """

    def __init__(self, problem: Problem, client: Client, free: Openings) -> None:
        self._client, self._free = client, free
        self._limits = limits(client, problem.weights, UNITS_PER_POINT)
        self._hard = tuple(dict.fromkeys(c for c in client.commitments if c.hard))
        self._numbers = {id(c): self._hard.index(c) for c in client.commitments if c.hard}
        own = [o for o in offers(problem).values() if fit.level_suits(client, o.group)]
        weeks = problem.weeks_for(client)
        stopped = {week: [tuple(self._stops(o, week)) for o in own] for week in weeks}
        in_order: list[_Stop] = [*range(len(self._hard)), *_RULES]
        blocked = dict[_Stop, list[str]]()
        for offer, *stops in zip(own, *stopped.values(), strict=True):
            for stop in dict.fromkeys(stop for of_week in stops for stop in of_week):
                blocked.setdefault(stop, []).append(offer.id)
        there = [stop for stop in in_order if stop in blocked]
        bits = {stop: 1 << n for n, stop in enumerate(there)}
        self.items = [*(self._clash(stop, blocked[stop]) for stop in there), *self._demands_of_week()]
        self._weeks = [
            ClashWeek(
                client,
                [
                    (offer, sum(bits[stop] for stop in stops))
                    for offer, stops in zip(own, stopped[week], strict=True)
                    if not free.is_closed(client, offer.id, week)
                ],
            )
            for week in weeks
        ]
        self._demanding = frozenset(range(len(there), len(self.items)))
        self._demands: dict[frozenset[int], Demands] = {}
        #: By the least and the most minutes of a week and the most of a day.
        self._ladders: dict[tuple[int, int, int], Ladders] = {}
        self._satisfiable: list[frozenset[int]] = []
        self._unsatisfiable: list[frozenset[int]] = []

    def satisfied(self, kept: frozenset[int]) -> frozenset[int] | None:
        """Return all items that some legal week respects which respects the `kept` ones; None without one."""
        if any(kept >= known for known in self._unsatisfiable):
            return None
        for known in self._satisfiable:
            if kept <= known:
                return known
        respected = self._look(kept)
        if respected is None:
            self._unsatisfiable.append(kept)
        else:
            self._satisfiable.append(respected)
        return respected

    def _stops(self, offer: Offer, week: WeekParity) -> Iterator[_Stop]:
        """Yield each thing that alone takes the offer away."""
        client = self._client
        for commitment in fit.overlapped(client, offer, week):
            if commitment.hard:
                yield self._numbers[id(commitment)]
        if self._free.seats_left(self._client, offer, week) <= 0:
            yield ClashKind.SEATS
        if not fit.modality_suits(client, offer.group.modality):
            yield ClashKind.MODALITY
        if not fit.speaks(client, offer.group):
            yield ClashKind.LANGUAGE
        if not fit.gender_welcome(client, offer.group):
            yield ClashKind.GENDER

    def _clash(self, stop: _Stop, blocks: Sequence[str]) -> Clash:
        if isinstance(stop, ClashKind):
            return Clash(stop, blocks=tuple(blocks))
        return Clash(ClashKind.COMMITMENT, commitment=self._hard[stop], blocks=tuple(blocks))

    def _demands_of_week(self) -> list[Clash]:
        """Return what is asked of the week as a whole.

        What comes last is dropped last where one of several would do: the dose says most.
        """
        types = dict.fromkeys(self._client.dose.required)
        return [
            Clash(ClashKind.DAY_LENGTH),
            Clash(ClashKind.DAYS),
            *(Clash(ClashKind.SERVICE_TYPE, service_type=t) for t in types),
            Clash(ClashKind.DOSE),
        ]

    def _look(self, kept: frozenset[int]) -> frozenset[int] | None:
        """Return what some legal week respects in every week there is; None when one has none."""
        demands = self._asked(kept & self._demanding)
        bits = sum(1 << n for n in kept)
        everything = frozenset(range(len(self.items)))
        for week in self._weeks:
            chosen = week.some_week(bits, demands)
            if chosen is None:
                return None
            disregarded = 0
            for n in chosen:
                disregarded |= week.stops[n]
            met = self._met([week.offers[n] for n in chosen])
            everything &= kept | {n for n in met if not disregarded >> n & 1}
        return everything

    def _met(self, chosen: Sequence[Offer]) -> list[int]:
        """Return the items that a week of these meetings meets, other than those in the way of a meeting."""
        dose = self._client.dose
        per_day = Counter[int]()
        for offer in chosen:
            per_day[offer.meeting.weekday] += offer.meeting.minutes
        met = {
            ClashKind.DOSE: dose.minutes <= per_day.total() <= dose.most_minutes,
            ClashKind.DAYS: len(per_day) >= dose.min_days,
            ClashKind.DAY_LENGTH: max(per_day.values(), default=0) <= dose.max_minutes_per_day,
        }
        types = {o.group.service_type for o in chosen}
        return [
            n
            for n, item in enumerate(self.items)
            if met.get(item.kind, item.service_type is None or item.service_type in types)
        ]

    def _asked(self, kept: frozenset[int]) -> Demands:
        """Return the demands on the week when only the kept ones stand."""
        if kept not in self._demands:
            kinds = {self.items[n].kind for n in kept}
            types = {self.items[n].service_type for n in kept}
            required = dict.fromkeys(self._client.dose.required)
            asked = replace(
                self._limits, types=sum(1 << bit for bit, one in enumerate(required) if one in types)
            )
            if ClashKind.DOSE not in kinds:
                asked = replace(asked, least_minutes=0, most_minutes=DAYS_IN_WEEK * MINUTES_PER_DAY)
            if ClashKind.DAYS not in kinds:
                asked = replace(asked, least_days=0)
            if ClashKind.DAY_LENGTH not in kinds:
                asked = replace(asked, most_minutes_per_day=MINUTES_PER_DAY)
            minutes = (asked.least_minutes, asked.most_minutes, asked.most_minutes_per_day)
            ladders = self._ladders.setdefault(minutes, Ladders(asked))
            self._demands[kept] = Demands(asked, ladders, ClashKind.DOSE in kinds)
        return self._demands[kept]
