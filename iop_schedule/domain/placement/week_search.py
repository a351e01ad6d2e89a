"""The best legal week for one person, exactly, by dynamic programming over days.

Weekdays decouple: what is chosen on Monday meets Tuesday only through the minutes, the number of
days and the service types of the week. Values are whole numbers (thirtieths of a point,
`UNITS_PER_POINT`), so there is no rounding anywhere. The same search prices meetings at any other
whole-number values, which is how the whole cohort is planned.
"""

from collections.abc import Sequence

from iop_schedule.domain.placement.day_search import Candidate, DaySearch, too_close
from iop_schedule.domain.placement.week_bound import Ladders
from iop_schedule.domain.placement.week_join import Day, leading
from iop_schedule.domain.placement.week_limits import DAYS_IN_WEEK, Found, Limits
from iop_schedule.domain.placement.whole_groups import best_undivided, divided, whole_groups

#: How far below the best that minutes alone allow the best week is looked for before it is anywhere: in
#: parts of what the best day can be worth. Days and service types seldom cost a person more.
_FIRST_LOOK, _SECOND_LOOK = 6, 2


class WeekSearch:
    """Searches the weeks made of `candidates`; built once, asked with many sets of values.

    Groups attended whole are taken apart here; `Choices` puts them back together.

    Args:
        candidates: what could be attended.
        limits: the limits of a legal week.
        fixed: candidates that every week must contain.
        left_out: candidates that no week may contain.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        limits: Limits,
        fixed: frozenset[int] = frozenset(),
        left_out: frozenset[int] = frozenset(),
    ) -> None:
        self._limits, self._ladders = limits, Ladders(limits)
        together = [candidates[i] for i in sorted(fixed)]
        self._possible = not any(too_close(a, b) for n, a in enumerate(together) for b in together[n + 1 :])
        settled = fixed | left_out
        most = min(limits.most_minutes, limits.most_minutes_per_day)
        self._days: list[_RememberedDay] = []
        for day in range(DAYS_IN_WEEK):
            here = [f for f in together if f.day == day]
            free = [
                i
                for i, c in enumerate(candidates)
                if c.day == day and i not in settled and not any(too_close(c, f) for f in here)
            ]
            if free or here:
                fixed_here = [i for i in sorted(fixed) if candidates[i].day == day]
                search = DaySearch(candidates, free, fixed_here, most)
                self._days.append(_RememberedDay(search, [*free, *fixed_here], limits.day_price))

    def best(self, values: Sequence[int]) -> Found | None:
        """Return the best week at these values of the candidates, or None when none is legal."""
        found = self.weeks(values, count=1)
        return found[0] if found else None

    def weeks(self, values: Sequence[int], count: int, above: int | None = None) -> list[Found]:
        """Return up to `count` weeks, best first: the best for each (minutes, days, types) that is legal.

        Weeks worth no more than `above` are not looked for, which is quicker; a few may still be found.
        """
        if not self._possible:
            return []
        days = [day.ways(values) for day in self._days]
        if count > 1:
            return leading(self._ladders.weeks(days, self._limits, above), self._limits, count)
        day_worth = max([0, *(worth for day in days for worth in day.worth.values())])
        looks = [1 + day_worth // _FIRST_LOOK, 1 + day_worth * _SECOND_LOOK]
        for weeks, _ in self._ladders.from_the_top(days, self._limits, looks, above):
            if found := leading(weeks, self._limits, 1):
                return found
        return []


class _RememberedDay:
    """One day whose ways are looked for only when the values of its meetings are other than last time."""

    def __init__(self, search: DaySearch, own: Sequence[int], day_price: int) -> None:
        self._search, self._own, self._day_price = search, own, day_price
        self._asked: list[int] | None = None
        self._known: Day | None = None

    def ways(self, values: Sequence[int]) -> Day:
        """Return the ways to spend the day at these values."""
        asked = [values[i] for i in self._own]
        if self._known is None or asked != self._asked:
            self._known = Day(self._search.steps(values), self._day_price)
            self._asked = asked
        return self._known


class Choices:
    """Everything one person could attend in a week, with the limits: asked for the best week.

    Args:
        candidates: what could be attended; groups attended whole are in it with all their meetings.
        limits: the limits of a legal week.
    """

    def __init__(self, candidates: Sequence[Candidate], limits: Limits) -> None:
        self.candidates = tuple(candidates)
        self.limits = limits
        self.whole = whole_groups(candidates)
        self._root = WeekSearch(self.candidates, limits)

    def best(self, values: Sequence[int]) -> Found | None:
        """Return the best legal week at these values, or None when none is legal. Exact."""
        found = self.several(values, count=1)
        return found[0] if found else None

    def several(self, values: Sequence[int], count: int, above: int | None = None) -> list[Found]:
        """Return the best week first, then up to `count - 1` further good ones; [] when none is legal.

        With `above`, [] also when none is worth more than that: then nothing else is looked for.
        """
        found = self._root.weeks(values, count, above)
        if not found or not self.whole:
            return found
        kept = [week for week in found if self._divided(week) is None]
        if not kept or kept[0] is not found[0]:
            best = self._put_together(values, found[0])
            kept = [week for week in kept if week != best]
            kept = ([best] if best else []) + kept
        return kept[:count]

    def _divided(self, week: Found) -> int | None:
        return divided(week.chosen, self.whole)

    def _put_together(self, values: Sequence[int], first: Found) -> Found | None:
        def solve(fixed: frozenset[int], left_out: frozenset[int]) -> Found | None:
            return WeekSearch(self.candidates, self.limits, fixed, left_out).best(values)

        return best_undivided(first, self.whole, solve)
