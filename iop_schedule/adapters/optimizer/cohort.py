"""The problem of placing everyone, in whole numbers: people with choices, rows with capacities.

A row is something several people share: the seats of a meeting (per week where weeks alternate), or
one meeting that two people who are kept apart cannot both have. A column is one legal week of one
person. Everything counts in ticks, small enough that prices can be rounded to whole ticks without
harm, so every bound below is exact.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from math import gcd

from iop_schedule.domain.placement import Alternating, Choice, Client, Offer, Problem, Weights, offers
from iop_schedule.domain.placement.objective import PRIORITY_POINTS, UNITS_PER_POINT, meeting_points
from iop_schedule.domain.placement.openings import Openings, usable
from iop_schedule.domain.placement.prepared import candidates, limits
from iop_schedule.domain.placement.problem import apart_pairs, meetings_in
from iop_schedule.domain.placement.week_limits import Found
from iop_schedule.domain.placement.week_search import Choices
from iop_schedule.vocabulary import WeekParity

#: Ticks of one point: thirtieths, each cut finely enough for prices.
TICKS = 64 * UNITS_PER_POINT


@dataclass(frozen=True, slots=True)
class Column:
    """One legal week of one person (or one of two alternating weeks) and what it is worth in ticks."""

    person: int
    part: int
    chosen: tuple[int, ...]
    value: int
    rows: tuple[int, ...]


class Part:
    """One person's choices in every week, or in week A, or in week B."""

    def __init__(
        self, client: Client, own: Sequence[Offer], week: WeekParity, weights: Weights, ticks: int
    ) -> None:
        self.week = week
        self.offers = tuple(own)
        self.values = [ticks * meeting_points(client, o, week, weights) for o in own]
        self.choices = Choices(candidates(client, own), limits(client, weights, ticks))
        #: The rows each offer takes one from; filled by the cohort.
        self.rows: list[tuple[int, ...]] = []
        self._places = {o.id: i for i, o in enumerate(own)}

    def priced(self, prices: Sequence[int], count: int, above: int | None = None) -> list[Found]:
        """Return the best weeks when every row costs its price; values are net of prices.

        With `above`, only weeks worth more than that are looked for.
        """
        return self.choices.several(self._net(prices), count, above)

    def _net(self, prices: Sequence[int]) -> list[int]:
        return [
            value - sum(prices[r] for r in rows) for value, rows in zip(self.values, self.rows, strict=True)
        ]

    def gross(self, found: Found, prices: Sequence[int]) -> int:
        """Return what a priced week is worth without the prices."""
        return found.value + sum(prices[r] for i in found.chosen for r in self.rows[i])

    def with_room(self, room: Sequence[int]) -> list[int]:
        """Return the offers for which rows have room; of a group attended whole, all or none."""
        shut = {i for i, rows in enumerate(self.rows) if not all(room[r] > 0 for r in rows)}
        for whole in self.choices.whole.values():
            shut |= whole if whole & shut else frozenset()
        return [i for i in range(len(self.offers)) if i not in shut]

    def within(self, room: Sequence[int]) -> Found | None:
        """Return the best week that takes nothing from rows without room, or None."""
        left = self.with_room(room)
        if len(left) == len(self.offers):
            return self.choices.best(self.values)
        few = Choices([self.choices.candidates[i] for i in left], self.choices.limits)
        found = few.best([self.values[i] for i in left])
        return found and Found(found.value, tuple(left[i] for i in found.chosen))

    def places(self, meetings: Sequence[str]) -> tuple[int, ...] | None:
        """Return where the meetings are in this part, or None when one of them cannot be used."""
        found = [self._places.get(m) for m in meetings]
        return None if None in found else tuple(sorted(i for i in found if i is not None))


class Cohort:
    """Everyone to be placed.

    Args:
        problem: the groups, the people and what the program values.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        weeks = (WeekParity.A, WeekParity.B) if problem.alternating else (WeekParity.EVERY,)
        self.weeks = weeks
        known = list(offers(problem).values())
        self.row_names = [(o.id, week) for week in weeks for o in known]
        self.capacities = [o.meeting.seats for _ in weeks for o in known]
        numbers = {name: n for n, name in enumerate(self.row_names)}
        free = Openings()
        #: One part for a week that is always the same, two for weeks that may differ.
        self.people = [
            [self._part(n, week, usable(problem, c, week, free)) for week in problem.weeks_for(c)]
            for n, c in enumerate(problem.clients)
        ]
        #: What placing a person brings, apart from the weeks themselves.
        self.rewards = [TICKS * PRIORITY_POINTS * c.priority for c in problem.clients]
        unit = max(1, gcd(*(c.priority for c in problem.clients)))
        #: Their priorities in the largest unit that all are whole multiples of.
        self.units = [c.priority // unit for c in problem.clients]
        apart = self._keep_apart(numbers)
        for n, parts in enumerate(self.people):
            for part in parts:
                kept = problem.clients[n].kept_seats
                part.rows = [
                    (*(() if o.id in kept else seats), *(r for s in seats for r in apart.get((n, s), ())))
                    for o in part.offers
                    for seats in [tuple(numbers[o.id, week] for week in weeks if _covers(part, week))]
                ]
        self.grain = self._grain()
        #: People who keep exactly what they have, and what that is worth together, in ticks.
        self.fixed: dict[str, Choice] = {}
        self.constant = 0

    def keeping(self, fixed: Mapping[str, Choice]) -> "Cohort":
        """Return the same question when some people keep exactly what they have.

        Raises:
            ValueError: what a person should keep is not legal.
        """
        other = copy(self)
        other.people, other.capacities, other.fixed = list(self.people), list(self.capacities), dict(fixed)
        for n, client in enumerate(self.problem.clients):
            if client.id in fixed:
                other._settle(n, fixed[client.id])
        return other

    def _settle(self, person: int, choice: Choice) -> None:
        """Take what a person keeps out of the question, and out of what is left for others."""
        columns = self.columns_of(person, choice)
        if columns is None:
            message = f"{self.problem.clients[person].id} cannot keep {choice}"
            raise ValueError(message)
        self.constant += self.rewards[person] + sum(c.value for c in columns)
        for column in columns:
            for row in column.rows:
                self.capacities[row] -= 1
        self.people[person] = [self._part(person, part.week, ()) for part in self.people[person]]

    def leave_out_full(self) -> None:
        """Leave out meetings without a seat, and everything of people who then have no legal week."""
        for person, parts in enumerate(self.people):
            able = all(part.within(self.capacities) is not None for part in parts)
            self.people[person] = [self._with_seats(person, part, able=able) for part in parts]

    def without_seats(self, rows: Iterable[int]) -> "Cohort":
        """Return the same question with no seat in some rows; a row keeps its number."""
        other = copy(self)
        other.people, other.capacities = list(self.people), list(self.capacities)
        for row in rows:
            other.capacities[row] = 0
        other.leave_out_full()
        return other

    def _with_seats(self, person: int, part: Part, *, able: bool) -> Part:
        kept = part.with_room(self.capacities) if able else []
        left = self._part(person, part.week, [part.offers[i] for i in kept])
        left.rows = [part.rows[i] for i in kept]
        return left

    def _part(self, person: int, week: WeekParity, own: Sequence[Offer]) -> Part:
        client, weights = self.problem.clients[person], self.problem.weights
        return Part(client, own, week, weights, TICKS // len(self.problem.weeks_for(client)))

    def _keep_apart(self, numbers: Mapping[tuple[str, WeekParity], int]) -> dict[tuple[int, int], list[int]]:
        """Add a row for each meeting that two people kept apart could share; by person and row of seats."""
        index = {c.id: n for n, c in enumerate(self.problem.clients)}
        rows: dict[tuple[int, int], list[int]] = {}
        for pair in sorted(sorted(index[c] for c in p if c in index) for p in apart_pairs(self.problem)):
            if len(pair) < 2:  # noqa: PLR2004 - the other one is not in this problem
                continue
            one, other = pair
            for week in self.weeks:
                mine, theirs = (
                    next(part for part in self.people[n] if _covers(part, week)) for n in (one, other)
                )
                for meeting in sorted({o.id for o in mine.offers} & {o.id for o in theirs.offers}):
                    seat = numbers[meeting, week]
                    for person in pair:
                        rows.setdefault((person, seat), []).append(len(self.capacities))
                    self.capacities.append(1)
        return rows

    def _grain(self) -> int:
        """Return a number of ticks that the objective of every plan is a multiple of."""
        grain = 0
        for client, parts, reward in zip(self.problem.clients, self.people, self.rewards, strict=True):
            grain = gcd(grain, reward)
            for part in parts:
                asked = part.choices.limits
                steps = gcd(client.dose.minutes, *(o.meeting.minutes for o in part.offers))
                grain = gcd(grain, asked.day_price, asked.over_price * steps, *part.values)
        return max(1, grain)

    def column(self, person: int, part: int, chosen: Sequence[int], value: int) -> Column:
        """Return the column of a week; `value` in ticks, without prices and reward."""
        rows = self.people[person][part].rows
        return Column(person, part, tuple(chosen), value, tuple(r for i in chosen for r in rows[i]))

    def choice(self, columns: Sequence[Column]) -> Choice:
        """Return what a person attends with these columns, one per part."""
        weeks = [
            tuple(self.people[c.person][c.part].offers[i].id for i in c.chosen)
            for c in sorted(columns, key=lambda c: c.part)
        ]
        if len(weeks) == 1:
            return weeks[0]
        return Alternating(*weeks)

    def columns_of(self, person: int, choice: Choice) -> list[Column] | None:
        """Return the columns of a choice, or None when it is not a legal week of this person."""
        if isinstance(choice, Alternating) and len(self.people[person]) == 1:
            return None
        found = []
        for n, part in enumerate(self.people[person]):
            week = WeekParity.A if part.week is WeekParity.EVERY else part.week
            chosen = part.places(meetings_in(choice, week))
            if chosen is None:
                return None
            value = self.value(part, chosen)
            if value is None:
                return None
            found.append(self.column(person, n, chosen, value))
        return found

    @staticmethod
    def value(part: Part, chosen: Sequence[int]) -> int | None:
        """Return what a week is worth in ticks, or None when it is not legal."""
        inside = set(chosen)
        # With everything else far below reach, the search returns this week or none.
        values = [v if i in inside else -(10**15) for i, v in enumerate(part.values)]
        lift = 10**15
        found = part.choices.best([v + lift if i in inside else v for i, v in enumerate(values)])
        if found is None or found.chosen != tuple(sorted(inside)):
            return None
        return found.value - lift * len(inside)


def _covers(part: Part, week: WeekParity) -> bool:
    return part.week in {WeekParity.EVERY, week}


class Seating:
    """Who is placed how, and what room is left: the working plan of heuristics.

    Args:
        cohort: everyone.
    """

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.room = list(cohort.capacities)
        self.placed: dict[int, list[Column]] = {}

    def copy(self) -> "Seating":
        """Return the same plan, to be changed on its own."""
        other = Seating(self.cohort)
        other.room, other.placed = list(self.room), dict(self.placed)
        return other

    @property
    def value(self) -> int:
        """Return the objective in ticks."""
        return sum(
            self.cohort.rewards[p] + sum(c.value for c in columns) for p, columns in self.placed.items()
        )

    def worth(self, person: int, columns: Sequence[Column]) -> int:
        """Return what placing a person so brings, in ticks."""
        return self.cohort.rewards[person] + sum(c.value for c in columns)

    def seat(self, person: int, columns: list[Column]) -> None:
        """Place a person."""
        self.placed[person] = columns
        for column in columns:
            for row in column.rows:
                self.room[row] -= 1

    def unseat(self, person: int) -> list[Column]:
        """Take a person's place away and return it."""
        columns = self.placed.pop(person)
        for column in columns:
            for row in column.rows:
                self.room[row] += 1
        return columns

    def has_room(self, columns: Sequence[Column]) -> bool:
        """Return True when the columns fit into what is left."""
        return all(self.room[row] > 0 for column in columns for row in column.rows)

    def best_for(self, person: int) -> list[Column] | None:
        """Return the best columns for one person in what is left; None when nothing fits or nothing pays."""
        columns = []
        for n, part in enumerate(self.cohort.people[person]):
            found = part.within(self.room)
            if found is None:
                return None
            columns.append(self.cohort.column(person, n, found.chosen, found.value))
        return columns if self.worth(person, columns) > 0 else None

    def place_rest(self, order: Sequence[int], stop: Callable[[], bool] = lambda: False) -> None:
        """Place everyone of `order` who has no place yet and still finds one, until `stop`."""
        for person in order:
            if stop():
                return
            if person not in self.placed and (columns := self.best_for(person)) is not None:
                self.seat(person, columns)

    def choices(self) -> Iterator[tuple[str, Choice]]:
        """Yield the people who are placed and what they attend, in the order of the problem."""
        for n, client in enumerate(self.cohort.problem.clients):
            if n in self.placed:
                yield client.id, self.cohort.choice(self.placed[n])
