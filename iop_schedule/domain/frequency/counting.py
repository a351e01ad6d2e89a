"""From sessions to the numbers of a week: each session counted where the table of states puts it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek, monday_of
from iop_schedule.domain.frequency.care import CareDates, DoseInForce, SessionFact
from iop_schedule.domain.frequency.weekly import WeeklyFrequency

#: Attended minutes that make a day count for day-based billing. Source: docs/sources.md#days-a-week
BILLABLE_DAY_MINUTES = 180

_TREATMENT_DAYS = 5


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
    wanted = [first.shifted(n) for n in range(weeks)]
    by_monday: dict[date, list[SessionFact]] = {week.monday: [] for week in wanted}
    last_day = first.shifted(weeks - 1).sunday
    for fact in facts:
        if first.monday <= fact.local_day <= last_day:
            by_monday[monday_of(fact.local_day)].append(fact)
    return [
        weekly_frequency(
            by_monday[week.monday], week=week, dates=dates, doses=doses, minimum_minutes=minimum_minutes
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
