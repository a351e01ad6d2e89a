"""Whether a legal week exists when only some of the things in its way are kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.clash import Clash, ClashKind
from iop_schedule.domain.placement.day_search import Candidate, DaySearch, Step
from iop_schedule.domain.placement.objective import UNITS_PER_POINT
from iop_schedule.domain.placement.openings import BOTH_WEEKS, Openings
from iop_schedule.domain.placement.prepared import candidates, limits
from iop_schedule.domain.placement.problem import (
    MINUTES_PER_DAY,
    Client,
    Commitment,
    Offer,
    Problem,
    offers,
)
from iop_schedule.domain.placement.week_join import join_days, leading
from iop_schedule.domain.placement.week_limits import DAYS_IN_WEEK
from iop_schedule.domain.placement.week_search import Choices
from iop_schedule.vocabulary import Attend, Weekday, WeekParity


class Question:
    """Whether a legal week exists when only some of the things in its way are kept."""

    def __init__(self, problem: Problem, client: Client, free: Openings) -> None:
        self._problem, self._client, self._free = problem, client, free
        self._weeks = BOTH_WEEKS if problem.alternating else (WeekParity.EVERY,)
        self._offers = [o for o in offers(problem).values() if fit.level_suits(client, o.group)]
        #: Per week and offer: each thing that alone takes the offer away.
        self._stopped = {week: [set(self._stops(o, week)) for o in self._offers] for week in self._weeks}
        self.items = [i for i in self._all_items() if i.blocks or i.kind not in _BLOCKING]
        self._in_the_way = {week: self._blocked_by(week) for week in self._weeks}
        self._days: dict[object, list[Step]] = {}
        self._candidates: dict[object, list[Candidate]] = {}
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

    def _look(self, kept: frozenset[int]) -> frozenset[int] | None:
        everything = frozenset(range(len(self.items)))
        for week in self._weeks:
            respected = self._respected(kept, week)
            if respected is None:
                return None
            everything &= respected
        return everything

    def _all_items(self) -> list[Clash]:
        client, dose = self._client, self._client.dose
        hard = dict.fromkeys(c for c in client.commitments if c.hard)
        found = [self._clash(ClashKind.COMMITMENT, commitment=c) for c in hard]
        found += [self._clash(kind) for kind in (ClashKind.SEATS, ClashKind.MODALITY, ClashKind.LANGUAGE)]
        found.append(self._clash(ClashKind.GENDER))
        # What comes last is dropped last where one of several would do: the dose says most.
        found += [Clash(ClashKind.DAY_LENGTH), Clash(ClashKind.DAYS)]
        found += [Clash(ClashKind.SERVICE_TYPE, service_type=t) for t in dict.fromkeys(dose.required)]
        return [*found, Clash(ClashKind.DOSE)]

    def _clash(self, kind: ClashKind, commitment: Commitment | None = None) -> Clash:
        name = commitment or kind
        blocks = [
            o.id
            for n, o in enumerate(self._offers)
            if any(name in self._stopped[week][n] for week in self._weeks)
        ]
        return Clash(kind, commitment=commitment, blocks=tuple(blocks))

    def _stops(self, offer: Offer, week: WeekParity) -> Iterator[Commitment | ClashKind]:
        """Yield each thing that alone takes the offer away."""
        client = self._client
        yield from (c for c in fit.overlapped(client, offer, week) if c.hard)
        if self._free.seats_left(client, offer, week) <= 0:
            yield ClashKind.SEATS
        if not fit.modality_suits(client, offer.group.modality):
            yield ClashKind.MODALITY
        if not fit.speaks(client, offer.group):
            yield ClashKind.LANGUAGE
        if not fit.gender_welcome(client, offer.group):
            yield ClashKind.GENDER

    def _blocked_by(self, week: WeekParity) -> list[tuple[Offer, frozenset[int]]]:
        """Return the offers that may be used at all, each with the items in its way."""
        numbers = {item.commitment or item.kind: n for n, item in enumerate(self.items)}
        alike: dict[object, tuple[Offer, frozenset[int]]] = {}
        for offer, stopped in zip(self._offers, self._stopped[week], strict=True):
            if not self._free.is_closed(self._client, offer.id, week):
                stops = frozenset(numbers[one] for one in stopped)
                alike.setdefault(_sameness(offer, stops), (offer, stops))
        return list(alike.values())

    def _respected(self, kept: frozenset[int], week: WeekParity) -> frozenset[int] | None:
        offered = self._in_the_way[week]
        there = {o.id for o, stops in offered if not stops & kept}
        own = [
            n
            for n, (o, stops) in enumerate(offered)
            if not stops & kept
            and (o.group.attend is Attend.ANY or all(m.id in there for m in o.group.meetings))
        ]
        chosen = self._some_week(own, kept, week)
        if chosen is None:
            return None
        disregarded = frozenset().union(*(offered[n][1] for n in chosen))
        return kept | (self._met([offered[n][0] for n in chosen]) - disregarded)

    def _some_week(self, own: Sequence[int], kept: frozenset[int], week: WeekParity) -> Sequence[int] | None:
        """Return a legal week made of the offers `own` that keeps the demands in `kept`; None without one.

        Of all weeks, one that disregards little shows most. A commitment touches one day, so the other
        days of the week are those of an earlier look; groups attended whole reach over days.
        """
        client = self._eased(kept)
        asked = limits(client, self._problem.weights, UNITS_PER_POINT)
        offered = self._in_the_way[week]
        values = [-len(stops) * UNITS_PER_POINT * MINUTES_PER_DAY for _, stops in offered]
        if any(offered[n][0].group.attend is Attend.ALL for n in own):
            found = Choices(candidates(client, [offered[n][0] for n in own]), asked).best(
                [values[n] for n in own]
            )
            return None if found is None else [own[i] for i in found.chosen]
        days = [
            self._day(
                day, tuple(n for n in own if offered[n][0].meeting.weekday == day), client, week, values
            )
            for day in dict.fromkeys(offered[n][0].meeting.weekday for n in own)
        ]
        weeks = leading(join_days(days, asked), asked, 1)
        return weeks[0].chosen if weeks else None

    def _day(
        self,
        day: Weekday,
        own: tuple[int, ...],
        client: Client,
        week: WeekParity,
        values: Sequence[int],
    ) -> list[Step]:
        """Return the ways to spend one day, remembered by all that they depend on."""
        dose = client.dose
        most = min(dose.most_minutes, dose.max_minutes_per_day)
        key = (week, day, own, dose.required, most)
        if key not in self._days:
            seen = (week, dose.required)
            if seen not in self._candidates:
                self._candidates[seen] = candidates(client, [o for o, _ in self._in_the_way[week]])
            self._days[key] = DaySearch(self._candidates[seen], own, (), most).steps(values)
        return self._days[key]

    def _met(self, chosen: Sequence[Offer]) -> frozenset[int]:
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
        return frozenset(
            n
            for n, item in enumerate(self.items)
            if met.get(item.kind, item.service_type is None or item.service_type in types)
        )

    def _eased(self, kept: frozenset[int]) -> Client:
        """Return the client with only the kept demands on the week."""
        kinds = {self.items[n].kind for n in kept}
        dose = self._client.dose
        required = tuple(self.items[n].service_type or "" for n in sorted(kept) if self.items[n].service_type)
        if ClashKind.DOSE not in kinds:
            dose = replace(dose, minutes=0, over_minutes=DAYS_IN_WEEK * MINUTES_PER_DAY)
        if ClashKind.DAYS not in kinds:
            dose = replace(dose, min_days=0)
        if ClashKind.DAY_LENGTH not in kinds:
            dose = replace(dose, max_minutes_per_day=MINUTES_PER_DAY)
        return replace(self._client, dose=replace(dose, required=required))


_BLOCKING = frozenset(
    {ClashKind.COMMITMENT, ClashKind.SEATS, ClashKind.MODALITY, ClashKind.LANGUAGE, ClashKind.GENDER}
)


def _sameness(offer: Offer, stops: frozenset[int]) -> object:
    """Return what makes two offers interchangeable here; a group attended whole is only like itself."""
    if offer.group.attend is Attend.ALL:
        return offer.id
    m = offer.meeting
    return m.weekday, m.start, m.end, m.minutes, offer.place, offer.group.service_type, stops
