"""How a program does: waits, first sessions, initiation, engagement, attendance, capacity.

Every measure is a count out of a count with its completeness, so that a page can show what it rests on and
an export can leave out what would point at a person.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import TypeVar

from iop_schedule.domain.attendance import SessionState

#: Fewer people than this are not shown in anything that can leave the program.
SMALLEST_CELL = 5

#: Lengths in days, the first day included. Source: docs/sources.md#program-measures
INITIATION_DAYS = 14
CONTINUATION_DAYS, CONTINUATION_SERVICES = 30, 4
#: Days after the first service, and services besides it.
ENGAGEMENT_DAYS, ENGAGEMENT_SERVICES = 34, 2

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rate:
    """A count out of a count. `unknown` were not recorded, or cannot be known yet, and are in neither."""

    part: int
    whole: int
    unknown: int = 0
    #: Who is behind it, where one person can be counted more than once; empty where each counts once.
    people: frozenset[Hashable] = field(default=frozenset(), compare=False, repr=False)

    @property
    def size(self) -> int:
        """Return how many people are behind the rate."""
        return len(self.people) or self.whole

    @property
    def share(self) -> float | None:
        """Return part over whole; None when there is no whole."""
        return self.part / self.whole if self.whole else None

    @property
    def completeness(self) -> float | None:
        """Return the known share of all; None when there is none at all."""
        everyone = self.whole + self.unknown
        return self.whole / everyone if everyone else None

    @property
    def is_small(self) -> bool:
        """Return True when the rate must not leave the program: somebody is in it, but fewer than five."""
        return 0 < self.size < SMALLEST_CELL


@dataclass(frozen=True, slots=True)
class Episode:
    """One admission as the program measures see it, days on the site's calendar."""

    #: Day of the first contact; the admission where none is known.
    opened_on: date
    #: Days with an attended service, in any order; a day counts once.
    service_days: tuple[date, ...]
    #: State of the first session planned; None while there is none.
    first_session: SessionState | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """Days from first contact to first attended service, for those who had one."""

    median_days: float | None
    longest_days: int | None
    count: int


@dataclass(frozen=True, slots=True)
class SeatUse:
    """One session held: minutes, seats offered, people present and people not recorded."""

    minutes: int
    seats: int
    present: int
    #: Who they were, for knowing how few may be behind a rate.
    people: frozenset[Hashable] = frozenset()
    #: Expected but not recorded: their seats are neither filled nor empty.
    unknown: int = 0

    @property
    def known_seats(self) -> int:
        """Return the seats of which it is known whether they were filled."""
        return max(self.seats - self.unknown, min(self.present, self.seats))


def waits(episodes: Iterable[Episode]) -> Waits:
    """Return how long people waited from first contact to first service."""
    days = [(min(e.service_days) - e.opened_on).days for e in episodes if e.service_days]
    return Waits(median(days) if days else None, max(days, default=None), len(days))


def first_sessions_attended(episodes: Iterable[Episode]) -> Rate:
    """Return how many first sessions were attended, out of those expected; excused ones are in neither."""
    return _attendance([e.first_session for e in episodes if e.first_session is not None])


def initiated(episodes: Iterable[Episode], *, today: date) -> Rate:
    """Return how many had a service within 14 days of first contact, that day included.

    Source: docs/sources.md#program-measures
    """
    return _rate(episodes, _initiated, today=today, days=INITIATION_DAYS)


def continued(episodes: Iterable[Episode], *, today: date) -> Rate:
    """Return how many had 4 days with a service within 30 days of first contact, that day included.

    Source: docs/sources.md#program-measures
    """
    return _rate(episodes, _continued, today=today, days=CONTINUATION_DAYS)


def engaged(episodes: Iterable[Episode], *, today: date) -> Rate:
    """Return how many initiated and had services on 2 further days within the 34 days after the first.

    Source: docs/sources.md#program-measures
    """
    return _rate(episodes, _engaged, today=today, days=INITIATION_DAYS + ENGAGEMENT_DAYS)


def capacity_used(sessions: Iterable[tuple[Key, SeatUse]]) -> dict[Key, Rate]:
    """Return seat-minutes filled out of seat-minutes offered, for whatever each session is grouped by.

    Seats of people not recorded are in neither and beside it as unknown. The share is above 1.0 where more
    came than there were seats, and None where no seat was offered.
    """
    used: dict[Key, list[SeatUse]] = defaultdict(list)
    for key, use in sessions:
        used[key].append(use)
    return {
        key: Rate(
            part=sum(use.minutes * use.present for use in uses),
            whole=sum(use.minutes * use.known_seats for use in uses),
            unknown=sum(use.minutes * use.unknown for use in uses),
            people=frozenset[Hashable]().union(*(use.people for use in uses)),
        )
        for key, uses in used.items()
    }


def attendance_by(sessions: Iterable[tuple[Key, Hashable, SessionState]]) -> dict[Key, Rate]:
    """Return attended out of expected sessions for whatever each is grouped by, unrecorded ones beside it.

    Each session comes with its key, its person and its state. Grouped by what became of the reminder, it
    gives reminder outcomes; by a subgroup, a fairness view.
    """
    states: dict[Key, list[SessionState]] = defaultdict(list)
    people: dict[Key, set[Hashable]] = defaultdict(set)
    for key, person, state in sessions:
        states[key].append(state)
        if state.in_adherence:
            people[key].add(person)
    return {key: _attendance(found, frozenset(people[key])) for key, found in states.items()}


def for_export(rates: Mapping[Key, Rate]) -> dict[Key, Rate | None]:
    """Return the rates that may leave the program, None in place of those that may not.

    Rates of fewer than five people are left out. Whoever knows the total of all could work out what is
    left out, so the next smallest go too until at least two rates and five people are left out together.
    """
    hidden = {key for key, rate in rates.items() if rate.is_small}
    others = sorted((k for k in rates if k not in hidden and rates[k].size), key=lambda k: rates[k].size)
    while hidden and others and (len(hidden) == 1 or _together(rates[k] for k in hidden) < SMALLEST_CELL):
        hidden.add(others.pop(0))
    return {key: None if key in hidden else rate for key, rate in rates.items()}


def _together(rates: Iterable[Rate]) -> int:
    """Return how many people are behind several rates, each counted once where they are known."""
    found = list(rates)
    known = frozenset[Hashable]().union(*(rate.people for rate in found))
    return len(known) or sum(rate.whole for rate in found)


def _rate(episodes: Iterable[Episode], holds: Callable[[Episode], bool], *, today: date, days: int) -> Rate:
    """Count episodes whose whole span is over; the others are not known yet, whatever they show so far.

    Counting early successes but not early failures would flatter every recent month.
    """
    over, open_ = [], 0
    for episode in episodes:
        if (today - episode.opened_on).days >= days:
            over.append(episode)
        else:
            open_ += 1
    return Rate(sum(map(holds, over)), len(over), open_)


def _initiated(episode: Episode) -> bool:
    return any(0 <= (day - episode.opened_on).days < INITIATION_DAYS for day in episode.service_days)


def _continued(episode: Episode) -> bool:
    within = {d for d in episode.service_days if 0 <= (d - episode.opened_on).days < CONTINUATION_DAYS}
    return len(within) >= CONTINUATION_SERVICES


def _engaged(episode: Episode) -> bool:
    if not _initiated(episode):
        return False
    first = min(day for day in episode.service_days if day >= episode.opened_on)
    further = {day for day in episode.service_days if 0 < (day - first).days <= ENGAGEMENT_DAYS}
    return len(further) >= ENGAGEMENT_SERVICES


def _attendance(states: Sequence[SessionState], people: frozenset[Hashable] = frozenset()) -> Rate:
    expected = [state for state in states if state.in_adherence]
    unknown = sum(state is SessionState.NOT_RECORDED for state in states)
    return Rate(sum(state.is_attended for state in expected), len(expected), unknown, people)
