"""How people start and how long they stay."""

from collections.abc import Sequence

from iop_schedule.domain.engagement import measures
from iop_schedule.domain.engagement.measures import SMALLEST_CELL, Rate
from iop_schedule.domain.engagement.program_facts import Cohort, ProgramFacts
from iop_schedule.domain.engagement.sections import (
    NOTHING,
    TOO_FEW,
    Chart,
    ChartKind,
    Point,
    Section,
    percent,
)
from iop_schedule.domain.engagement.staying import (
    RETENTION_DAYS,
    at_risk_on,
    may_be_shown,
    retained_at,
    retention,
)

#: Days under the retention curve at which the numbers still followed are printed.
AT_RISK_DAYS = (0, 15, 30, 45, 60, 75, 90)


def starting(facts: ProgramFacts) -> Section:
    """Return how people admitted in the span began."""
    episodes, today = facts.cohort.episodes, facts.today
    named = {
        "First session attended": measures.first_sessions_attended(episodes),
        "Initiation: a service within 14 days": measures.initiated(episodes, today=today),
        "Continuation: 4 days with a service within 30 days": measures.continued(episodes, today=today),
        "Engagement: 2 further days within 34 days of the first": measures.engaged(episodes, today=today),
    }
    rows = [(name, *_cohort_cells(rate)) for name, rate in named.items()]
    wait = measures.waits(episodes)
    known = wait.median_days is not None and wait.count >= SMALLEST_CELL
    days = f"{wait.median_days:g} days" if known else TOO_FEW if wait.count else NOTHING
    first = named["Initiation: a service within 14 days"]
    return Section(
        key="starting",
        title="Starting",
        finding=_starting_words(first, days if known else ""),
        columns=("Measure", "Reached", "Out of", "Rate", "Too early to tell"),
        rows=(*rows, ("Days from first contact to first service (median)", NOTHING, NOTHING, days, NOTHING)),
        formula=(
            "Everyone admitted in these weeks, counted from the day of first contact, or from admission "
            "where that is not known, once the whole span of a measure is over; those whose span is not over "
            "are too early to tell. A day with a service "
            "counts once. Initiation and engagement follow HEDIS IET, continuation NIATx."
        ),
    )


def staying(facts: ProgramFacts) -> Section:
    """Return the retention curve of the span's admissions beside that of the span before."""
    cohorts = [cohort for cohort in (facts.cohort, facts.earlier) if len(cohort.stays) >= SMALLEST_CELL]
    points = [point for cohort in cohorts for point in _curve(cohort)]
    rows = [
        (str(day), *(cell for cohort in cohorts for cell in _staying_cells(cohort, day)))
        for day in AT_RISK_DAYS
    ]
    heads = [f"{word}, {cohort.label}" for cohort in cohorts for word in ("Still followed", "Still here")]
    return Section(
        key="retention",
        title="Staying",
        finding=_staying_words(cohorts),
        columns=("Days since first session", *heads),
        rows=tuple(rows) if cohorts else (),
        formula=(
            "Kaplan-Meier estimate from the first session attended, 95 % intervals (Greenwood, log-log). "
            "Left: at least two expected sessions missed after the last one attended, then the end of the "
            "episode or four weeks without coming; the last day attended counts. Everyone else is followed "
            "until the end of the episode or today. A curve ends where fewer than five are still followed."
        ),
        chart=Chart(ChartKind.STEPS, "Days since first session", "Still here", tuple(points))
        if points
        else None,
    )


def _starting_words(initiated: Rate, days: str) -> str:
    if initiated.is_small or initiated.share is None:
        return "Too few people were admitted in these weeks to say how starting went."
    wait = f", and the median wait was {days}" if days else ""
    return f"{percent(initiated.share)} of people admitted had a service within 14 days{wait}."


def _curve(cohort: Cohort) -> list[Point]:
    curve = may_be_shown(retention(cohort.stays), smallest=SMALLEST_CELL)
    points = [Point(0, 1.0, cohort.label, 1.0, 1.0)]
    points += [Point(p.day, p.retained, cohort.label, p.low95, p.high95) for p in curve]
    last = max(
        (day for day in range(RETENTION_DAYS + 1) if at_risk_on(day, cohort.stays) >= SMALLEST_CELL),
        default=0,
    )
    end = points[-1]
    if last > (curve[-1].day if curve else 0):
        points.append(Point(last, end.y, cohort.label, end.low, end.high))
    return points


def _staying_cells(cohort: Cohort, day: int) -> tuple[str, str]:
    followed = at_risk_on(day, cohort.stays)
    if followed < SMALLEST_CELL:
        return TOO_FEW, NOTHING
    return str(followed), percent(retained_at(day, retention(cohort.stays)))


def _staying_words(cohorts: Sequence[Cohort]) -> str:
    if not cohorts:
        return "Too few people began in these weeks for a curve."
    words = []
    for cohort in cohorts:
        days = [day for day in AT_RISK_DAYS if day and at_risk_on(day, cohort.stays) >= SMALLEST_CELL]
        if days:
            share = retained_at(days[-1], retention(cohort.stays))
            words.append(f"{percent(share)} were still here after {days[-1]} days ({cohort.label})")
    return f"{'; '.join(words)}." if words else "It is too early to say how many stay."


def _cohort_cells(rate: Rate) -> tuple[str, ...]:
    early = str(rate.unknown) if not 0 < rate.unknown < SMALLEST_CELL else TOO_FEW
    if rate.is_small:
        return (TOO_FEW, NOTHING, NOTHING, early)
    return (str(rate.part), str(rate.whole), percent(rate.share), early)
