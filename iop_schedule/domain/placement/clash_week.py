"""One week of the question what clashes: the meetings there are, each with the items in its way.

A commitment touches one day, so what is found out about a day is kept: most looks change one day only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from iop_schedule.domain.placement.day_search import DaySearch, Step
from iop_schedule.domain.placement.objective import UNITS_PER_POINT
from iop_schedule.domain.placement.prepared import candidates
from iop_schedule.domain.placement.problem import MINUTES_PER_DAY, Client, Offer
from iop_schedule.domain.placement.week_bound import Ladders
from iop_schedule.domain.placement.week_join import Day, leading
from iop_schedule.domain.placement.week_limits import Limits
from iop_schedule.domain.placement.week_search import Choices
from iop_schedule.domain.placement.whole_groups import divided, whole_groups
from iop_schedule.vocabulary import Attend

#: What disregarding one item costs: more than any week is worth.
_DISREGARDED = UNITS_PER_POINT * MINUTES_PER_DAY
#: How far below the best that minutes alone allow a week is looked for, before it is anywhere.
_LOOKS = (_DISREGARDED,)


@dataclass(frozen=True, slots=True)
class Demands:
    """What is asked of a week as a whole."""

    limits: Limits
    ladders: Ladders
    #: Whether the dose is asked; without it the minutes of a week make no difference.
    dose: bool


class ClashWeek:
    """Asks for legal weeks when only some items are kept.

    Args:
        client: whose week it is.
        offered: the meetings, each with the items in its way as bits.
    """

    def __init__(self, client: Client, offered: Sequence[tuple[Offer, int]]) -> None:
        alike: dict[object, tuple[Offer, int]] = {}
        for offer, stops in offered:
            alike.setdefault(_sameness(offer, stops), (offer, stops))
        self.offers = [offer for offer, _ in alike.values()]
        #: Per meeting the items in its way, as bits.
        self.stops = [stops for _, stops in alike.values()]
        self._values = [-stops.bit_count() * _DISREGARDED for stops in self.stops]
        self._candidates = candidates(client, self.offers)
        self._by_day: dict[int, list[int]] = {}
        for n, candidate in enumerate(self._candidates):
            self._by_day.setdefault(candidate.day, []).append(n)
        self._has_whole = any(o.group.attend is Attend.ALL for o in self.offers)
        self._searches: dict[tuple[int, int], DaySearch] = {}
        self._steps: dict[tuple[int, int, tuple[int, ...]], list[Step]] = {}
        self._days: dict[object, Day] = {}

    def some_week(self, kept: int, demands: Demands) -> Sequence[int] | None:
        """Return a legal week that disregards as little as any and nothing that is kept; None without one.

        Args:
            kept: the items that are kept, as bits.
            demands: what is asked of the week as a whole.
        """
        there = {weekday: self._there(own, kept) for weekday, own in self._by_day.items()}
        if self._has_whole:
            there = self._only_whole(there)
        days = [self._day(weekday, own, demands) for weekday, own in there.items()]
        for weeks, _ in demands.ladders.from_the_top(days, demands.limits, _LOOKS):
            if found := leading(weeks, demands.limits, 1):
                return self._undivided(
                    found[0].chosen, sorted(n for own in there.values() for n in own), demands
                )
        return None

    def _there(self, own: Sequence[int], kept: int) -> tuple[int, ...]:
        stops = self.stops
        return tuple([n for n in own if not stops[n] & kept])

    def _only_whole(self, there: dict[int, tuple[int, ...]]) -> dict[int, tuple[int, ...]]:
        """Return what is there without groups attended whole of which something is not."""
        ids = {self.offers[n].id for own in there.values() for n in own}
        torn = {
            n
            for own in there.values()
            for n in own
            if self.offers[n].group.attend is Attend.ALL
            and not all(m.id in ids for m in self.offers[n].group.meetings)
        }
        return {weekday: tuple(n for n in own if n not in torn) for weekday, own in there.items()}

    def _day(self, weekday: int, own: tuple[int, ...], demands: Demands) -> Day:
        """Return the ways to spend one day, remembered by all that they depend on."""
        limits = demands.limits
        most = min(limits.most_minutes, limits.most_minutes_per_day)
        key = (weekday, most, own, limits.types, demands.dose)
        if key not in self._days:
            asked = [
                step._replace(
                    types=step.types & limits.types,
                    # Attending is never beaten by staying away: the days count.
                    minutes=step.minutes if demands.dose else step.chain is not None,
                )
                for step in self._ways(weekday, most, own)
            ]
            self._days[key] = Day(asked, limits.day_price)
        return self._days[key]

    def _ways(self, weekday: int, most: int, own: tuple[int, ...]) -> list[Step]:
        if (weekday, most, own) not in self._steps:
            if (weekday, most) not in self._searches:
                search = DaySearch(self._candidates, self._by_day[weekday], (), most)
                self._searches[weekday, most] = search
            steps = self._searches[weekday, most].steps(self._values, frozenset(own))
            self._steps[weekday, most, own] = steps
        return self._steps[weekday, most, own]

    def _undivided(self, chosen: Sequence[int], own: Sequence[int], demands: Demands) -> Sequence[int] | None:
        """Return `chosen` when it has all or nothing of groups attended whole, else a week that does."""
        if not self._has_whole or divided(chosen, whole_groups(self._candidates)) is None:
            return chosen
        asked = (c._replace(type_bit=c.type_bit & demands.limits.types) for c in self._candidates)
        known = list(asked)
        found = Choices([known[n] for n in own], demands.limits).best([self._values[n] for n in own])
        return None if found is None else [own[i] for i in found.chosen]


def _sameness(offer: Offer, stops: int) -> object:
    """Return what makes two offers interchangeable here; a group attended whole is only like itself."""
    if offer.group.attend is Attend.ALL:
        return offer.id
    m = offer.meeting
    return m.weekday, m.start, m.end, m.minutes, offer.place, offer.group.service_type, stops
