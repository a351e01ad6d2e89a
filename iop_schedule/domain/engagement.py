"""How a program does: waits, first sessions, initiation, engagement, retention, capacity.

Every measure is a count out of a count with its completeness, so that a page can show what it rests on and
an export can leave out what would point at a person.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, log, sqrt
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
RETENTION_DAYS = 90

#: Normal deviate of a 95 % interval.
_DEVIATE = 1.959963984540054

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rate:
    """A count out of a count. `unknown` were not recorded, or cannot be known yet, and are in neither."""

    part: int
    whole: int
    unknown: int = 0

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
        """Return True when the rate must not leave the program: fewer than five in it."""
        return self.whole < SMALLEST_CELL


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
class Stay:
    """How many days someone was followed from admission, and whether they left then.

    Not left is everyone still in care, and everyone who finished or moved on as planned.
    """

    days: int
    left: bool


@dataclass(frozen=True, slots=True)
class RetentionPoint:
    """The Kaplan-Meier estimate just after one day on which someone left."""

    day: int
    at_risk: int
    left: int
    retained: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True)
class SeatUse:
    """One session held: minutes, seats offered and people present."""

    minutes: int
    seats: int
    present: int


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


def retention(stays: Sequence[Stay], *, days: int = RETENTION_DAYS) -> tuple[RetentionPoint, ...]:
    """Return the Kaplan-Meier curve of staying in care up to `days`, one point per day someone left.

    Intervals are 95 % on the log-log scale (Greenwood's variance), so they stay within 0 and 1. People
    whose follow-up ends on a day are at risk on that day.

    >>> [p.retained for p in retention([Stay(10, True), Stay(20, False), Stay(30, True), Stay(40, False)])]
    [0.75, 0.375]
    """
    points = []
    retained, variance = 1.0, 0.0
    for day in sorted({stay.days for stay in stays if stay.left and stay.days <= days}):
        at_risk = at_risk_on(day, stays)
        left = sum(stay.left and stay.days == day for stay in stays)
        retained *= 1 - left / at_risk
        variance += left / (at_risk * (at_risk - left)) if at_risk > left else 0.0
        points.append(RetentionPoint(day, at_risk, left, retained, *_interval(retained, variance)))
    return tuple(points)


def retained_at(day: int, curve: Sequence[RetentionPoint]) -> float:
    """Return the estimated share still in care after `day`; 1.0 before anyone left."""
    reached = [point.retained for point in curve if point.day <= day]
    return reached[-1] if reached else 1.0


def at_risk_on(day: int, stays: Iterable[Stay]) -> int:
    """Return how many were still followed on `day`: the number printed under the curve."""
    return sum(stay.days >= day for stay in stays)


def capacity_used(sessions: Iterable[tuple[Key, SeatUse]]) -> dict[Key, float | None]:
    """Return seat-hours filled over seat-hours offered, for whatever each session is grouped by.

    Above 1.0 where more came than there were seats; None where no seat was offered.
    """
    filled: dict[Key, int] = defaultdict(int)
    offered: dict[Key, int] = defaultdict(int)
    for key, use in sessions:
        filled[key] += use.minutes * use.present
        offered[key] += use.minutes * use.seats
    return {key: filled[key] / offered[key] if offered[key] else None for key in filled}


def attendance_by(sessions: Iterable[tuple[Key, SessionState]]) -> dict[Key, Rate]:
    """Return attended out of expected sessions for whatever each is grouped by, unrecorded ones beside it.

    Grouped by what became of the reminder, it gives reminder outcomes; by a subgroup, a fairness view.
    """
    states: dict[Key, list[SessionState]] = defaultdict(list)
    for key, state in sessions:
        states[key].append(state)
    return {key: _attendance(found) for key, found in states.items()}


def for_export(rates: Mapping[Key, Rate]) -> dict[Key, Rate | None]:
    """Return the rates that may leave the program, None in place of those that may not.

    Fewer than five are left out. If exactly one would be, the next smallest is left out too: otherwise
    the total of all would give it away.
    """
    hidden = {key for key, rate in rates.items() if rate.is_small}
    shown = [key for key in rates if key not in hidden]
    if len(hidden) == 1 and shown:
        hidden.add(min(shown, key=lambda key: rates[key].whole))
    return {key: None if key in hidden else rate for key, rate in rates.items()}


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


def _attendance(states: Sequence[SessionState]) -> Rate:
    expected = [state for state in states if state.in_adherence]
    unknown = sum(state is SessionState.NOT_RECORDED for state in states)
    return Rate(sum(state.is_attended for state in expected), len(expected), unknown)


def _interval(retained: float, variance: float) -> tuple[float, float]:
    if not 0 < retained < 1:
        return retained, retained
    spread = exp(_DEVIATE * sqrt(variance) / -log(retained))
    return retained**spread, retained ** (1 / spread)
