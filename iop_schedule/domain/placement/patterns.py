"""Real calendars as weekly patterns: rotas, custody weeks and changed shifts, plus dated exceptions.

What somebody has at the same time in more than a third of the weeks, of all or of every other one, is
part of their week, whether it was entered as a weekly time or as a list of dates. The rest are single
dates: each costs one session, not the pattern.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import monday_of
from iop_schedule.vocabulary import Weekday, WeekParity

#: How far ahead patterns are looked for.
WEEKS = 12
#: What happens in a larger share of the weeks is part of the pattern.
TYPICAL_SHARE = 0.34
#: A time on single dates is new when it was on none for so many weeks, and a change when it is typical of the
#: weeks that begin with it.
WEEKS_BEFORE, WEEKS_AFTER = 4, 6


@dataclass(frozen=True, slots=True)
class Pattern:
    """The weeks of somebody's calendar from a day on."""

    #: Weekly commitments without dates; those of every other week are anchored in the first week, A.
    typical: tuple[Commitment, ...]
    #: What happens too seldom to be part of a week, in the order it was given.
    exceptions: tuple[Commitment, ...]
    #: The first Monday on which something of the pattern has ended or begun; None when it stays.
    changes_on: date | None

    @property
    def alternates(self) -> bool:
        """Return True when weeks A and B differ."""
        return any(one.week is not WeekParity.EVERY for one in self.typical)


def collapse(commitments: Iterable[Commitment], *, first: date, weeks: int = WEEKS) -> Pattern:
    """Return the pattern that fits a calendar from the week of `first` on.

    Dates on which a weekly commitment is lifted do not count for it. Equal times on single dates are taken
    together, so that a pasted rota becomes the weeks it is made of.
    """
    monday = monday_of(first)
    alike: dict[Commitment, list[Commitment]] = {}
    for one in commitments:
        alike.setdefault(_without_dates(one, monday), []).append(one)
    typical, exceptions, changes = [], [], []
    for plain, same in alike.items():
        held = _weeks_of(plain, same, monday, weeks)
        parity = _parity(held, weeks)
        if parity is None:
            exceptions += [one for one in same if _weeks_of(plain, [one], monday, weeks)]
            continue
        anchor = None if parity is WeekParity.EVERY else monday
        typical.append(replace(plain, week=parity, anchor_day=anchor, id=same[0].id))
        changes += _changes(held, parity, monday, weeks)
    return Pattern(tuple(typical), tuple(exceptions), min(changes, default=None))


def rota_changes(shifts: Iterable[tuple[date, time, time]], *, first: date, last: date) -> list[date]:
    """Return the days from `first` to `last` on which a rota given as single dates has changed, one a week.

    A shift is its day, start and end. It is a change when shifts of its weekday and times are typical of the
    weeks that begin with it, and there was none in the weeks before. Where a list of dates ends nothing is
    known, so that is no change. Shifts outside `rota_days` make no difference.
    """
    alike: dict[tuple[int, time, time], set[date]] = defaultdict(set)
    for day, start, end in shifts:
        alike[day.weekday(), start, end].add(day)
    found: dict[date, date] = {}
    for days in alike.values():
        for day in days:
            if first <= day <= last and _is_new(day, days):
                found[monday_of(day)] = min(day, found.get(monday_of(day), day))
    return sorted(found.values())


def rota_days(*, first: date, last: date) -> tuple[date, date]:
    """Return the days of which shifts must be known to tell the changes from `first` to `last`."""
    return first - timedelta(weeks=WEEKS_BEFORE), last + timedelta(weeks=WEEKS_AFTER)


def _is_new(day: date, days: Collection[date]) -> bool:
    """Return True when dates a week or more apart begin on `day` to be typical."""
    before = (day - timedelta(weeks=n) for n in range(1, WEEKS_BEFORE + 1))
    after = sum(day + timedelta(weeks=n) in days for n in range(WEEKS_AFTER))
    return after > TYPICAL_SHARE * WEEKS_AFTER and not any(one in days for one in before)


def _without_dates(one: Commitment, monday: date) -> Commitment:
    """Return a commitment as if it had always been so: what makes two of them alike."""
    weekday = one.weekday if one.weekday is not None else Weekday((one.day or monday).weekday())
    return replace(
        one,
        weekday=weekday,
        day=None,
        from_day=monday - timedelta(weeks=2),
        until_day=None,
        week=WeekParity.EVERY,
        anchor_day=None,
        exceptions=frozenset(),
        id=None,
    )


def _weeks_of(plain: Commitment, same: Iterable[Commitment], monday: date, weeks: int) -> set[int]:
    """Return the weeks, counted from 0, in which one of `same` begins."""
    listed = list(same)
    first = monday + timedelta(days=int(plain.weekday or 0))
    return {
        week for week in range(weeks) if any(one.begins_on(first + timedelta(weeks=week)) for one in listed)
    }


def _parity(held: set[int], weeks: int) -> WeekParity | None:
    """Return in which weeks something is typical; None when in none."""
    a, b = range(0, weeks, 2), range(1, weeks, 2)
    in_a, in_b = (len(held & set(own)) > TYPICAL_SHARE * len(own) for own in (a, b))
    if in_a and in_b:
        return WeekParity.EVERY
    return WeekParity.A if in_a else WeekParity.B if in_b else None


def _changes(held: set[int], parity: WeekParity, monday: date, weeks: int) -> list[date]:
    """Return the Mondays on which something typical begins or has ended."""
    step = 1 if parity is WeekParity.EVERY else 2
    found = []
    if max(held) + step < weeks:
        found.append(monday + timedelta(weeks=max(held) + 1))
    if min(held) >= step:
        found.append(monday + timedelta(weeks=min(held)))
    return found
