"""The rules that make a tier, one function each: what they look at, when they hold, what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import DAYS_PER_WEEK
from iop_schedule.domain.frequency import CareDates, SessionFact, WeeklyFrequency
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.reasons import (
    Reason,
    ReasonKind,
    Review,
    ReviewKind,
    Tier,
    counted,
    day_in_words,
    days_in_words,
    hours_in_words,
    ids_of,
)
from iop_schedule.domain.risk.self_report import SelfReport
from iop_schedule.domain.risk.watch import Watch

_RECENT_DAYS = 28
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the rules may look at for one client, as of `today` on the site's calendar."""

    policy: MonitorPolicy
    today: date
    dates: CareDates
    #: Sessions that count for adherence, cancelled misses left out, in order of time.
    expected: tuple[SessionFact, ...]
    #: Every session that has begun, in order of time.
    begun: tuple[SessionFact, ...]
    watch: Watch
    weeks: Sequence[WeeklyFrequency]
    #: Last day of any contact: attended or logged.
    last_contact_on: date | None
    #: Days on which a commitment of the client began, ended or moved.
    commitments_changed_on: Sequence[date]
    self_report: SelfReport | None

    def misses(self, since: date) -> tuple[SessionFact, ...]:
        """Return unexcused absences on or after `since`."""
        return tuple(f for f in self.expected if f.state.is_miss and f.local_day >= since)

    def attended(self, since: date) -> tuple[SessionFact, ...]:
        """Return sessions attended on or after `since`, in part or whole."""
        return tuple(f for f in self.expected if f.state.is_attended and f.local_day >= since)

    def excused(self, since: date) -> tuple[SessionFact, ...]:
        """Return excused absences on or after `since`."""
        return tuple(f for f in self.begun if f.state is SessionState.EXCUSED and f.local_day >= since)


def change(situation: Situation) -> Reason | None:
    """Reach out while a CHANGE alert stands: until two sessions were attended without a miss between."""
    alert = situation.watch.alert
    if alert is None:
        return None
    run = tuple(f for f in situation.expected if f.starts_at >= alert.since)
    usually = min(9, round(10 * (1 - alert.usual_miss)))
    return Reason(
        ReasonKind.CHANGE,
        Tier.REACH_OUT,
        f"{_attended_of(run, since=run[0].local_day)}; usually attends {usually} of 10.",
        ids_of(run),
        since=run[0].local_day,
        clears=f"Clears after {counted(situation.policy.clears_after, 'attended session')}.",
    )


def level(situation: Situation) -> Reason | None:
    """Check in, or reach out, while attendance is probably low; raised on entry, cleared well below.

    It says nothing while it rests on too few sessions, as after a long time without any.
    """
    policy, raised = situation.policy, situation.watch.raised_level
    if raised is None or situation.watch.monitor.effective_n < policy.minimum_effective:
        return None
    since = situation.today - timedelta(days=_RECENT_DAYS - 1)
    recent = tuple(f for f in situation.expected if f.local_day >= since) or situation.expected[-1:]
    return Reason(
        ReasonKind.LEVEL,
        Tier.REACH_OUT if raised >= policy.reach_out_from else Tier.CHECK_IN,
        f"{_attended_of(recent, since=recent[0].local_day)}; "
        f"attendance is probably below {policy.low_share:.0%}.",
        ids_of(recent),
        since=recent[0].local_day,
    )


def no_contact(situation: Situation) -> Reason | None:
    """Reach out after more than a week without contact, today after more than two; pauses not counted."""
    policy = situation.policy
    since, days = _contact_before(situation), days_without_contact(situation)
    if days <= policy.no_contact_days:
        return None
    today = days > policy.no_contact_today_days
    waiting = sum(f.state is SessionState.NOT_RECORDED and f.local_day > since for f in situation.begun)
    told = f"No contact for {counted(days, 'day')}, since {day_in_words(since)}"
    told += " (admission)" if since != situation.last_contact_on else ""
    told += f"; {counted(waiting, 'session')} since then not recorded" if waiting else ""
    return Reason(
        ReasonKind.NO_CONTACT,
        Tier.REACH_OUT_TODAY if today else Tier.REACH_OUT,
        f"{told}.",
        since=since,
        clears="Clears with the next contact.",
    )


def early(situation: Situation) -> Reason | None:
    """Reach out when the first session was missed, check in for any miss in the first two weeks.

    Both end once two sessions were attended after the miss; a first session counts as missed only
    until one is attended. Days on a pause are none of the two weeks.

    Source: docs/sources.md#early-weeks
    """
    policy = situation.policy
    last_early = situation.dates.nth_day_in_care(policy.early_days)
    misses = [f for f in situation.misses(situation.dates.enrolled.from_day) if f.local_day <= last_early]
    first_missed = bool(situation.expected) and situation.expected[0].state.is_miss
    if first_missed and not any(f.state.is_attended for f in situation.expected):
        first = situation.expected[0]
        sentence = f"Missed the first session on {day_in_words(first.local_day)} and none attended yet."
        return Reason(
            ReasonKind.EARLY,
            Tier.REACH_OUT,
            sentence,
            (first.occurrence_id,),
            since=first.local_day,
            clears="Clears with the first attended session.",
        )
    if not misses:
        return None
    after = [f for f in situation.attended(misses[-1].local_day) if f.starts_at > misses[-1].starts_at]
    if len(after) >= policy.clears_after:
        return None
    dates = days_in_words(f.local_day for f in misses)
    return Reason(
        ReasonKind.EARLY,
        Tier.CHECK_IN,
        f"Missed {counted(len(misses), 'session')} in the first {policy.early_days} days ({dates}).",
        ids_of(misses),
        since=misses[0].local_day,
        clears=f"Clears after {counted(policy.clears_after, 'attended session')}.",
    )


def dose(situation: Situation) -> Reason | None:
    """Check in when the last two full weeks offered the minimum and the client received less."""
    count = situation.policy.dose_weeks
    past = [w for w in situation.weeks if w.last_week.sunday < situation.today][-count:]
    if len(past) < count or not all(
        w.level_of_care_offered and w.level_of_care_delivered is False for w in past
    ):
        return None
    weeks = ", ".join(
        f"{hours_in_words(w.delivered_minutes)} of {hours_in_words(w.eligible_minutes)} hours "
        f"in the week of {day_in_words(w.first_week.monday)}"
        for w in past
    )
    return Reason(
        ReasonKind.DOSE,
        Tier.CHECK_IN,
        f"Received {weeks}: below the program's minimum although enough was scheduled.",
        since=past[0].first_week.monday,
        next_step="find a make-up",
    )


def misfit(situation: Situation) -> Reason | None:
    """Check in when misses follow the calendar rather than the person: find a time that fits.

    Either every recent miss fell on one weekday while sessions on other days were attended, or misses
    began after a commitment changed and there was none in the same time before.
    """
    since = situation.today - timedelta(days=situation.policy.misfit_days - 1)
    return _one_weekday(situation, since) or _after_a_change(situation, since)


def excused(situation: Situation) -> Review | None:
    """Ask for a review after more than two excused absences in four weeks; never a tier."""
    policy = situation.policy
    since = situation.today - timedelta(days=policy.excused_review_days - 1)
    found = [
        f
        for f in situation.begun
        if f.state is SessionState.EXCUSED and f.local_day >= since and not f.make_up
    ]
    if len(found) <= policy.excused_review_above:
        return None
    dates = days_in_words(f.local_day for f in found)
    sentence = (
        f"{len(found)} excused absences in {policy.excused_review_days} days ({dates}): see what changed."
    )
    return Review(ReviewKind.EXCUSED, sentence, ids_of(found))


def self_report(situation: Situation) -> Review | None:
    """Ask a clinician to look when a brief self-report crosses a published cut-off."""
    report = situation.self_report
    if report is None or not report.flags:
        return None
    return Review(
        ReviewKind.SELF_REPORT, f"Self-report asks for a clinician's look: {', '.join(report.flags)}."
    )


RULES = (change, level, no_contact, early, dose, misfit)
REVIEWS = (excused, self_report)


def days_without_contact(situation: Situation) -> int:
    """Return the days in care since the last contact, or since admission where that was later."""
    start = _contact_before(situation)
    days = range(1, (situation.today - start).days + 1)
    return sum(situation.dates.in_care(start + timedelta(days=n)) for n in days)


def _contact_before(situation: Situation) -> date:
    """Return the day from which silence is counted: the program answers for no day before admission."""
    admitted = situation.dates.enrolled.from_day
    return max(situation.last_contact_on or admitted, admitted)


def _one_weekday(situation: Situation, since: date) -> Reason | None:
    policy, misses = situation.policy, situation.misses(since)
    weekdays = {f.local_day.weekday() for f in misses}
    if len(misses) < policy.misfit_misses or len(weekdays) != 1:
        return None
    weekday = weekdays.pop()
    elsewhere = [f for f in situation.attended(since) if f.local_day.weekday() != weekday]
    if len(elsewhere) < policy.misfit_attended:
        return None
    name, dates = _WEEKDAYS[weekday], days_in_words(f.local_day for f in misses)
    sentence = (
        f"All {len(misses)} misses since {day_in_words(misses[0].local_day)} fell on {name} ({dates}); "
        f"attended {counted(len(elsewhere), 'session')} on other days."
    )
    return _misfit(sentence, misses)


def _after_a_change(situation: Situation, since: date) -> Reason | None:
    policy = situation.policy
    for changed_on in sorted(situation.commitments_changed_on, reverse=True):
        if not since <= changed_on <= situation.today:
            continue
        before = changed_on - timedelta(days=4 * DAYS_PER_WEEK)
        misses = situation.misses(changed_on)
        earlier = [f for f in situation.expected if before <= f.local_day < changed_on]
        steady = all(f.state.is_attended for f in earlier) and len(earlier) >= policy.misfit_attended
        if steady and len(misses) >= policy.misfit_misses_after_change:
            dates = days_in_words(f.local_day for f in misses)
            sentence = (
                f"{counted(len(misses), 'miss', 'misses')} ({dates}) since a commitment changed on "
                f"{day_in_words(changed_on)}; none of {len(earlier)} sessions in the four weeks before."
            )
            return _misfit(sentence, misses)
    return None


def _misfit(sentence: str, misses: tuple[SessionFact, ...]) -> Reason:
    return Reason(
        ReasonKind.MISFIT,
        Tier.CHECK_IN,
        sentence,
        ids_of(misses),
        since=misses[0].local_day,
        next_step="find a time",
    )


def _attended_of(run: Sequence[SessionFact], *, since: date) -> str:
    attended = sum(f.state.is_attended for f in run)
    missed = [f.local_day for f in run if f.state.is_miss]
    told = f"Attended {attended} of the last {counted(len(run), 'session')} since {day_in_words(since)}"
    return told + (f" (missed {days_in_words(missed)})" if missed else "")
