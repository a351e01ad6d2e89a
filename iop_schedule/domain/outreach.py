"""Contacting someone: when it is due, when it goes to somebody else, when it is over, and how it went.

A task begins when a tier rises and ends when the person is back, when something was agreed, or when there is
nobody to contact any more. Only working days count toward a due day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median

from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.vocabulary import Barrier, ConstraintKind, ContactResult, NextStep, TaskEnd, Weekday

#: Working days to act in, the day of the signal not counted.
DUE_WORKING_DAYS = {Tier.REACH_OUT_TODAY: 0, Tier.REACH_OUT: 2, Tier.CHECK_IN: 5}

#: Back within so many days of the miss. Source: docs/sources.md#engagement-monitor
BACK_WITHIN_DAYS = 7

#: Barriers about time, as the kind of commitment they may be entered as.
COMMITMENT_KINDS = {
    Barrier.WORK: ConstraintKind.WORK,
    Barrier.CAREGIVING: ConstraintKind.CAREGIVING,
    Barrier.SCHOOL: ConstraintKind.SCHOOL,
    Barrier.HEALTH: ConstraintKind.HEALTH,
    Barrier.LEGAL: ConstraintKind.LEGAL,
    Barrier.TRANSPORT: ConstraintKind.TRANSPORT,
}


class Again(StrEnum):
    """What a signal that stands asks for while no task is open."""

    NOTHING = "nothing"
    #: A task for the signal as it stands: nobody was told when it rose.
    TASK = "task"
    #: A new signal: something new has happened, or it was for administrators only.
    SIGNAL = "signal"


class Group(StrEnum):
    """Where a task stands on the list."""

    TODAY = "today"
    THIS_WEEK = "this_week"
    WAITING = "waiting"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt that was not taken back."""

    at: datetime
    result: ContactResult
    next_step: NextStep
    next_day: date | None
    #: When it was entered, and with it what comes next.
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """The latest “not now” about someone: when it was decided, and its last day."""

    made_at: datetime
    until_day: date


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task nobody has ended, as far as its days go."""

    tier: Tier
    #: Last day to act on the tier.
    due: date
    #: When the tier rose to what it is: what was agreed earlier was agreed about less.
    raised_at: datetime
    #: In order of time.
    tries: Sequence[Try] = ()
    hold: Hold | None = None

    @property
    def answer(self) -> Try | None:
        """Return the last try, unless the tier has risen since."""
        last = self.tries[-1] if self.tries else None
        return last if last is not None and last.recorded_at >= self.raised_at else None

    @property
    def held_until(self) -> date | None:
        """Return the last day of the “not now” that holds, or held: what is agreed later ends it."""
        if self.hold is None or any(t.recorded_at > self.hold.made_at for t in self.tries):
            return None
        return self.hold.until_day


@dataclass(frozen=True, slots=True)
class Course:
    """One task from the miss that led to it to its end, for measuring."""

    #: Start of the miss; None when none led to it.
    missed_at: datetime | None
    opened_at: datetime
    tries: Sequence[Try]
    #: Start of the first session attended after it was opened.
    back_at: datetime | None
    ended_by: TaskEnd | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """How outreach went. Medians and counts; None where there is nothing to count."""

    tasks: int
    reached: int
    #: Hours from the miss to the first time the person was reached.
    median_hours_to_contact: float | None
    #: Tasks old enough to tell, and how many of those people were back within 7 days of the miss.
    old_enough: int
    back_in_time: int

    @property
    def back_share(self) -> float | None:
        """Return the share back in time; None while no task is old enough."""
        return self.back_in_time / self.old_enough if self.old_enough else None


def working_day(day: date, after: int = 0) -> date:
    """Return the working day `after` working days after `day`; a weekend counts as the Monday after it.

    >>> working_day(date(2026, 3, 6), 2)    # Friday and two working days
    datetime.date(2026, 3, 10)
    """
    while day.weekday() > Weekday.FR:
        day += timedelta(days=1)
    for _ in range(after):
        day += timedelta(days=1)
        while day.weekday() > Weekday.FR:
            day += timedelta(days=1)
    return day


def due_day(tier: Tier, today: date) -> date:
    """Return the last day to act on a tier that rose `today`."""
    return working_day(today, DUE_WORKING_DAYS[tier])


def asked_again(
    *, raised_at: datetime, was_silent: bool, task_ended_at: datetime | None, missed_at: datetime | None
) -> Again:
    """Return what a signal that still asks for something calls for when no task is open.

    Args:
        raised_at: when the signal rose.
        was_silent: it rose in silent weeks, which are over.
        task_ended_at: end of the client's latest task, if they ever had one.
        missed_at: start of the latest miss among the reasons, if there is one.
    """
    if was_silent:
        return Again.SIGNAL
    if task_ended_at is None or task_ended_at < raised_at:
        return Again.TASK
    return Again.SIGNAL if missed_at is not None and missed_at > task_ended_at else Again.NOTHING


def next_day_of(task: OpenTask) -> date:
    """Return the day a task is next to be worked on: what the last try agreed, else the due day.

    A tier that has risen since brings an agreed day forward, never back; a “not now” is waited out.
    """
    agreed = task.tries[-1].next_day if task.tries else None
    day = agreed or task.due
    if task.answer is None:
        day = min(day, task.due)
    return day if task.held_until is None else max(day, working_day(task.held_until + timedelta(days=1)))


def last_day_of(task: OpenTask) -> date:
    """Return the last day somebody may act before the task goes to an administrator.

    A try buys time: from the day it agreed, as many working days as its tier gives from the start.
    """
    day = next_day_of(task)
    if task.answer is not None:
        day = working_day(day, DUE_WORKING_DAYS[task.tier])
    return max(day, task.due)


def group_of(task: OpenTask, *, today: date) -> Group:
    """Return where a task stands today: whatever has come due is for today, whoever waits included."""
    day = next_day_of(task)
    if day <= today:
        return Group.TODAY
    if task.answer is not None and task.answer.next_step is NextStep.WAIT_FOR_REPLY:
        return Group.WAITING
    return Group.THIS_WEEK if day <= ProgramWeek.containing(today).sunday else Group.LATER


def is_overdue(task: OpenTask, *, today: date) -> bool:
    """Return True when nobody has acted by the end of the last day: it goes to an administrator."""
    return today > last_day_of(task)


def due_when_raised(task: OpenTask, tier: Tier, today: date) -> date:
    """Return the due day of a task whose tier rises to `tier`.

    Where nobody has tried yet it stays the earlier of the two: a task gains no time by getting worse.
    """
    due = due_day(tier, today)
    return due if task.answer is not None else min(due, task.due)


def earliest_next_day(today: date) -> date:
    """Return tomorrow, or the next working day: when to try again unless something else was agreed."""
    return working_day(today, 1)


def ends_with(result: ContactResult, next_step: NextStep) -> bool:
    """Return True when a try settles the task: the person was reached and nothing is left to do."""
    return result is ContactResult.REACHED and next_step is NextStep.NOTHING


def figures(courses: Iterable[Course], *, now: datetime) -> Figures:
    """Return how these tasks went.

    From a miss to contact is measured where a miss led to the task and the person was reached afterwards.
    A task counts for “back within 7 days” once those days are over, whatever it shows before.
    """
    all_courses = list(courses)
    hours = [h for course in all_courses if (h := _hours_to_contact(course)) is not None]
    old = [c for c in all_courses if now - _began(c) >= timedelta(days=BACK_WITHIN_DAYS)]
    return Figures(
        tasks=len(all_courses),
        reached=sum(_reached_at(course) is not None for course in all_courses),
        median_hours_to_contact=median(hours) if hours else None,
        old_enough=len(old),
        back_in_time=sum(
            c.back_at is not None and c.back_at - _began(c) <= timedelta(days=BACK_WITHIN_DAYS) for c in old
        ),
    )


def alerts_a_week(raised_on: Iterable[date], *, weeks: int) -> float:
    """Return how many signals there were a week over `weeks` weeks."""
    return len(list(raised_on)) / weeks if weeks else 0.0


def _began(course: Course) -> datetime:
    return course.missed_at or course.opened_at


def _reached_at(course: Course) -> datetime | None:
    return min((t.at for t in course.tries if t.result is ContactResult.REACHED), default=None)


def _hours_to_contact(course: Course) -> float | None:
    reached = _reached_at(course)
    if course.missed_at is None or reached is None or reached < course.missed_at:
        return None
    return (reached - course.missed_at).total_seconds() / 3600
