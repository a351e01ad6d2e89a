"""The engagement report of one client: hours and sessions against the dose, week by week. No tier, no score.

It may be sent to others with the client's consent, so it holds counts of sessions and hours and nothing
that a program uses to decide whom to call.
"""

from collections.abc import Sequence
from datetime import date

from iop_schedule.domain.engagement.sections import NOTHING, Chart, ChartKind, Point, Section, percent
from iop_schedule.domain.frequency import WeeklyFrequency, total

MOST_WEEKS = 104

#: Goes with every disclosure: 42 CFR 2.32(a)(2), as of the 2024 rule. Source: docs/sources.md#disclosures
REDISCLOSURE_NOTICE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


def client_sections(weeks: Sequence[WeeklyFrequency]) -> tuple[Section, ...]:
    """Return the sections of a report over these program weeks, oldest first; at least one."""
    return (_summary(total(weeks)), _weekly(weeks))


def _summary(span: WeeklyFrequency) -> Section:
    level = f"{span.delivered_met} of {span.delivered_judged}" if span.delivered_judged else NOTHING
    return Section(
        key="summary",
        title="Summary",
        finding=_summary_words(span),
        columns=("What", "Number"),
        rows=(
            ("Hours attended, make-ups included", hours(span.delivered_minutes)),
            ("Hours offered", hours(span.eligible_minutes)),
            ("Hours prescribed", hours(span.prescribed_minutes)),
            ("Attended of offered", percent(span.ratio)),
            ("Sessions attended", f"{span.sessions_attended} of {span.sessions_held}"),
            ("Days attended", f"{span.days_attended}, prescribed at least {span.prescribed_days}"),
            ("Sessions excused", str(span.excused)),
            ("Make-ups attended", str(span.make_ups_attended)),
            ("Sessions not recorded", str(span.not_recorded)),
            ("Weeks that reached the hours of this level of care", level),
        ),
        formula=(
            "Offered: sessions held and recorded, excused ones included, breaks taken off. Sessions canceled "
            "by the program, closures, pauses and sessions not recorded are in no number but their own. Only "
            "full weeks are held against the level of care, and none while stepping down."
        ),
    )


def _summary_words(span: WeeklyFrequency) -> str:
    if span.ratio is None:
        return "No session was held and recorded in these weeks."
    return (
        f"Attended {hours(span.delivered_minutes)} of {hours(span.eligible_minutes)} hours offered "
        f"({percent(span.ratio)}); {percent(span.completeness)} of sessions held are recorded."
    )


def _weekly(weeks: Sequence[WeeklyFrequency]) -> Section:
    points = tuple(Point(w.first_week.monday.isoformat(), w.delivered_minutes / 60) for w in weeks)
    met = sum(w.goal_met is True for w in weeks)
    judged = sum(w.goal_met is not None for w in weeks)
    return Section(
        key="weeks",
        title="Hours by week",
        finding=(
            f"The prescribed hours were reached in {met} of {judged} weeks."
            if judged
            else "No hours were prescribed in these weeks."
        ),
        columns=(
            "Week of",
            "Attended h",
            "Offered h",
            "Prescribed h",
            "Sessions",
            "Days",
            "Excused",
            "Not recorded",
        ),
        rows=tuple(_week_row(week) for week in weeks),
        chart=Chart(ChartKind.BARS, "Week of", "Hours attended", points) if len(points) > 1 else None,
    )


def _week_row(week: WeeklyFrequency) -> tuple[str, ...]:
    return (
        day_words(week.first_week.monday),
        hours(week.delivered_minutes),
        hours(week.eligible_minutes),
        hours(week.prescribed_minutes),
        f"{week.sessions_attended} of {week.sessions_held}",
        str(week.days_attended),
        str(week.excused),
        str(week.not_recorded),
    )


def hours(minutes: int) -> str:
    """Return minutes as hours with at most two decimals.

    >>> hours(540), hours(90), hours(100)
    ('9', '1.5', '1.67')
    """
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".")


def day_words(day: date) -> str:
    """Return a day as reports print it.

    >>> day_words(date(2026, 3, 2))
    'Mar 2, 2026'
    """
    return f"{day:%b} {day.day}, {day.year}"
