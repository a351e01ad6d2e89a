"""Delivered against offered and prescribed treatment, per program week and over several weeks.

Everything is a pure function of one client's sessions, the doses and the dates of care. A longer span
is the sum of its weeks, so every total drills down to weeks and every week to its sessions.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek

#: Attended minutes that make a day count for day-based billing. Source: docs/sources.md#days-a-week
BILLABLE_DAY_MINUTES = 180

#: Days from its start for which a recorded step-down suspends the level-of-care check.
#: Source: docs/sources.md#step-down
STEP_DOWN_DAYS = 14

_TREATMENT_DAYS = 5


@dataclass(frozen=True, slots=True)
class SessionFact:
    """One dated session of one client, as known at some instant.

    Minutes exclude breaks. `local_day` is the day on the site's calendar. A make-up is a session the
    client was not expected at before: its minutes are delivered, but nothing more was on offer.
    """

    occurrence_id: int
    starts_at: datetime
    local_day: date
    scheduled_minutes: int
    state: SessionState
    attended_minutes: int = 0
    make_up: bool = False

    def __post_init__(self) -> None:
        """Refuse minutes that contradict each other."""
        if not 0 <= self.attended_minutes <= self.scheduled_minutes:
            message = f"{self.attended_minutes} attended of {self.scheduled_minutes} scheduled minutes"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class DoseInForce:
    """What is prescribed a week from `from_day` until the next dose begins: minutes and distinct days."""

    from_day: date
    minutes: int
    days: int


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days from `from_day` to `until_day`, both included; open while `until_day` is None."""

    from_day: date
    until_day: date | None = None

    def contains(self, day: date) -> bool:
        """Return True when `day` is one of these days."""
        return self.from_day <= day and (self.until_day is None or day <= self.until_day)


@dataclass(frozen=True, slots=True)
class CareDates:
    """When a client is in care: enrolled, on a pause, stepping down, and when the program is closed."""

    enrolled: DaySpan
    pauses: tuple[DaySpan, ...] = ()
    closures: tuple[DaySpan, ...] = ()
    step_downs: tuple[DaySpan, ...] = ()

    def in_care(self, day: date) -> bool:
        """Return True when the client is enrolled and not on a pause."""
        return self.enrolled.contains(day) and not any(p.contains(day) for p in self.pauses)

    def is_open(self, day: date) -> bool:
        """Return True when the client is in care and the program is not closed."""
        return self.in_care(day) and not any(c.contains(day) for c in self.closures)

    def steps_down(self, day: date) -> bool:
        """Return True during the first 14 days of a recorded step-down; later days are judged again."""
        return any(s.contains(day) and (day - s.from_day).days < STEP_DOWN_DAYS for s in self.step_downs)


@dataclass(frozen=True, slots=True)
class WeeklyFrequency:
    """What one program week, or several in a row, offered and delivered to one client.

    Make-ups are in `delivered_minutes` and `days_attended` but not in `sessions_attended`, which is
    out of `sessions_held`. Sessions not recorded are in no other number.
    """

    first_week: ProgramWeek
    weeks: int = 1
    #: Attended minutes, make-ups included.
    delivered_minutes: int = 0
    #: Minutes of the sessions that were held and recorded, excused ones included.
    eligible_minutes: int = 0
    prescribed_minutes: int = 0
    prescribed_days: int = 0
    sessions_attended: int = 0
    sessions_held: int = 0
    make_ups_attended: int = 0
    days_attended: int = 0
    billable_days: int = 0
    excused: int = 0
    not_recorded: int = 0
    recorded: int = 0
    #: Minutes of sessions still to come and of sessions waiting for their record.
    upcoming_minutes: int = 0
    not_recorded_minutes: int = 0
    #: Weeks in which the minimum of the level of care was judged and met; see `LevelOfCareMet`.
    delivered_met: int = 0
    delivered_judged: int = 0
    offered_met: int = 0
    offered_judged: int = 0

    @property
    def last_week(self) -> ProgramWeek:
        """Return the last week included."""
        return self.first_week.shifted(self.weeks - 1)

    @property
    def ratio(self) -> float | None:
        """Return delivered over eligible minutes; None when nothing was held, which is not zero.

        Above 1.0 when make-ups brought more than the week had offered.
        """
        return self.delivered_minutes / self.eligible_minutes if self.eligible_minutes else None

    @property
    def of_prescribed(self) -> float | None:
        """Return delivered over prescribed minutes; None when nothing was prescribed."""
        return self.delivered_minutes / self.prescribed_minutes if self.prescribed_minutes else None

    @property
    def completeness(self) -> float | None:
        """Return the share of sessions held whose attendance is recorded; None when none was held."""
        held = self.recorded + self.not_recorded
        return self.recorded / held if held else None

    @property
    def level_of_care_delivered(self) -> bool | None:
        """Return whether what was delivered met the minimum in every week judged; None if none was."""
        return self.delivered_met == self.delivered_judged if self.delivered_judged else None

    @property
    def level_of_care_offered(self) -> bool | None:
        """Return whether what was scheduled met the minimum: if not, the shortfall is the program's."""
        return self.offered_met == self.offered_judged if self.offered_judged else None

    @property
    def goal_met(self) -> bool | None:
        """Return whether the prescribed minutes were reached; None when none were prescribed."""
        return self.delivered_minutes >= self.prescribed_minutes if self.prescribed_minutes else None

    def __add__(self, later: "WeeklyFrequency") -> "WeeklyFrequency":
        """Return both spans as one; `later` must begin in the week after this one ends."""
        if later.first_week != self.last_week.shifted(1):
            message = f"{later.first_week} does not follow {self.last_week}"
            raise ValueError(message)
        sums = {name: getattr(self, name) + getattr(later, name) for name in _SUMMED}
        return WeeklyFrequency(self.first_week, **sums)


_SUMMED = tuple(name for name in WeeklyFrequency.__dataclass_fields__ if name != "first_week")


@dataclass(frozen=True, slots=True)
class ClientWeek:
    """The client's own view of a week, in minutes: done, still planned, and to go to the goal."""

    week: ProgramWeek
    goal_minutes: int
    done_minutes: int
    planned_minutes: int
    #: Held, but nobody has recorded it yet; it may still be added to what is done.
    waiting_minutes: int

    @property
    def to_go_minutes(self) -> int:
        """Return what is missing to the goal, never below zero."""
        return max(0, self.goal_minutes - self.done_minutes)

    @property
    def short_minutes(self) -> int:
        """Return what would still be missing if everything planned and waiting is attended."""
        return max(0, self.to_go_minutes - self.planned_minutes - self.waiting_minutes)


def weekly_frequencies(
    facts: Iterable[SessionFact],
    *,
    first: ProgramWeek,
    weeks: int,
    dates: CareDates,
    doses: Sequence[DoseInForce],
    minimum_minutes: int,
) -> list[WeeklyFrequency]:
    """Return one value per program week from `first` on, weeks without sessions included.

    Sessions outside these weeks are ignored; the order of `facts` does not matter.

    Source: docs/sources.md#frequency
    """
    by_week: dict[ProgramWeek, list[SessionFact]] = defaultdict(list)
    for fact in facts:
        by_week[ProgramWeek.containing(fact.local_day)].append(fact)
    wanted = (first.shifted(n) for n in range(weeks))
    return [
        weekly_frequency(
            by_week.get(week, ()), week=week, dates=dates, doses=doses, minimum_minutes=minimum_minutes
        )
        for week in wanted
    ]


def weekly_frequency(
    facts: Iterable[SessionFact],
    *,
    week: ProgramWeek,
    dates: CareDates,
    doses: Sequence[DoseInForce],
    minimum_minutes: int,
) -> WeeklyFrequency:
    """Return what one program week offered and delivered; `facts` lie in that week.

    The level of care is judged in full weeks only: in care on all five treatment days, no step-down.
    While sessions are to come or wait for their record, a number below the minimum is not judged either,
    because they may lift it. A closure does not suspend the judgment: those hours were not offered.

    Source: docs/sources.md#weekly-dose
    """
    tally = _Tally()
    for fact in facts:
        tally.add(fact)
    minutes, days = prescribed_in(week, doses=doses, dates=dates)
    judged = all(dates.in_care(d) and not dates.steps_down(d) for d in week.treatment_days)
    complete = not tally.not_recorded and not tally.upcoming
    delivered = _judge(tally.delivered, minimum_minutes, judged=judged, complete=complete)
    offered = _judge(tally.eligible, minimum_minutes, judged=judged, complete=complete)
    return WeeklyFrequency(
        first_week=week,
        delivered_minutes=tally.delivered,
        eligible_minutes=tally.eligible,
        prescribed_minutes=minutes,
        prescribed_days=days,
        sessions_attended=tally.attended,
        sessions_held=tally.held,
        make_ups_attended=tally.make_ups,
        days_attended=sum(m > 0 for m in tally.minutes_by_day.values()),
        billable_days=sum(m >= BILLABLE_DAY_MINUTES for m in tally.minutes_by_day.values()),
        excused=tally.excused,
        not_recorded=tally.not_recorded,
        recorded=tally.recorded,
        upcoming_minutes=tally.upcoming_minutes,
        not_recorded_minutes=tally.not_recorded_minutes,
        delivered_met=int(delivered is True),
        delivered_judged=int(delivered is not None),
        offered_met=int(offered is True),
        offered_judged=int(offered is not None),
    )


def total(weeks: Sequence[WeeklyFrequency]) -> WeeklyFrequency:
    """Return several weeks in a row as one value. At least one week is needed."""
    return reduce(WeeklyFrequency.__add__, weeks)


def trailing(weeks: Sequence[WeeklyFrequency], *, until: ProgramWeek, count: int) -> WeeklyFrequency | None:
    """Return the `count` weeks up to and including `until` as one value; None when none is there."""
    wanted = [w for w in weeks if until.shifted(1 - count) <= w.first_week <= until]
    return total(wanted) if wanted else None


def dose_on(day: date, doses: Sequence[DoseInForce]) -> DoseInForce | None:
    """Return the dose in force on `day`: the latest that has begun. `doses` may be in any order."""
    begun = [dose for dose in doses if dose.from_day <= day]
    return max(begun, key=lambda dose: dose.from_day, default=None)


def prescribed_in(week: ProgramWeek, *, doses: Sequence[DoseInForce], dates: CareDates) -> tuple[int, int]:
    """Return the minutes and distinct days prescribed for the part of `week` the client can attend.

    Each treatment day carries a fifth of the dose in force on it; days outside enrollment, on a pause
    or closed carry nothing. So a first week from Wednesday on asks for three fifths, and a dose that
    changes on Wednesday counts from Wednesday. Minutes are rounded to the nearest, halves up.
    """
    in_force = [dose_on(day, doses) for day in week.treatment_days if dates.is_open(day)]
    days_open = [dose for dose in in_force if dose is not None]
    minutes = (2 * sum(d.minutes for d in days_open) + _TREATMENT_DAYS) // (2 * _TREATMENT_DAYS)
    days = min(len(days_open), max((d.days for d in days_open), default=0))
    return minutes, days


def billable_days(
    facts: Iterable[SessionFact], *, minimum_minutes: int = BILLABLE_DAY_MINUTES
) -> tuple[date, ...]:
    """Return the days with at least `minimum_minutes` attended, in order; a billing view, not a clinical one.

    Source: docs/sources.md#days-a-week
    """
    minutes = _minutes_by_day(facts)
    return tuple(day for day in sorted(minutes) if minutes[day] >= minimum_minutes)


def client_week(frequency: WeeklyFrequency) -> ClientWeek:
    """Return what a client sees of one week: no rate and no judgment, only minutes."""
    return ClientWeek(
        week=frequency.first_week,
        goal_minutes=frequency.prescribed_minutes,
        done_minutes=frequency.delivered_minutes,
        planned_minutes=frequency.upcoming_minutes,
        waiting_minutes=frequency.not_recorded_minutes,
    )


def weeks_goal_met(weeks: Iterable[WeeklyFrequency]) -> tuple[int, int]:
    """Return in how many weeks the goal was met, and how many weeks had a goal."""
    results = [week.goal_met for week in weeks if week.goal_met is not None]
    return sum(results), len(results)


@dataclass(slots=True)
class _Tally:
    """The running sums of one week."""

    delivered: int = 0
    eligible: int = 0
    attended: int = 0
    held: int = 0
    make_ups: int = 0
    excused: int = 0
    not_recorded: int = 0
    recorded: int = 0
    upcoming: int = 0
    upcoming_minutes: int = 0
    not_recorded_minutes: int = 0
    minutes_by_day: dict[date, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, fact: SessionFact) -> None:
        """Count one session where the status table puts it."""
        state = fact.state
        if state is SessionState.UPCOMING:
            self.upcoming += 1
            self.upcoming_minutes += fact.scheduled_minutes
        elif state is SessionState.NOT_RECORDED:
            self.not_recorded += 1
            self.not_recorded_minutes += fact.scheduled_minutes
        elif state.in_dose:
            self._add_recorded(fact)

    def _add_recorded(self, fact: SessionFact) -> None:
        self.recorded += 1
        if fact.state.is_attended:
            self.delivered += fact.attended_minutes
            self.minutes_by_day[fact.local_day] += fact.attended_minutes
        if fact.make_up:
            self.make_ups += fact.state.is_attended
            return
        self.held += 1
        self.eligible += fact.scheduled_minutes
        self.attended += fact.state.is_attended
        self.excused += fact.state is SessionState.EXCUSED


def _judge(minutes: int, minimum: int, *, judged: bool, complete: bool) -> bool | None:
    if not judged or (minutes < minimum and not complete):
        return None
    return minutes >= minimum


def _minutes_by_day(facts: Iterable[SessionFact]) -> Mapping[date, int]:
    minutes: dict[date, int] = defaultdict(int)
    for fact in facts:
        if fact.state.is_attended:
            minutes[fact.local_day] += fact.attended_minutes
    return minutes


def weeks_between(first: date, last: date) -> int:
    """Return how many program weeks touch the days from `first` to `last`."""
    monday = ProgramWeek.containing(first).monday
    return (ProgramWeek.containing(last).monday - monday) // timedelta(weeks=1) + 1
