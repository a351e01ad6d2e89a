"""Attendance by week, group, weekday and reminder."""

from collections.abc import Mapping, Sequence
from datetime import date

from iop_schedule.domain.civil_time import DAY_NAMES, ProgramWeek
from iop_schedule.domain.engagement import measures
from iop_schedule.domain.engagement.measures import Rate
from iop_schedule.domain.engagement.program_facts import ProgramFacts
from iop_schedule.domain.engagement.sections import (
    NOTHING,
    TOO_FEW,
    Chart,
    ChartKind,
    Point,
    Section,
    bars,
    percent,
)

#: The first curve is drawn from this many weeks on.
FEWEST_WEEKS = 4
#: A difference this small is not worth a sentence.
_SAME = 0.03

_ATTENDANCE = (
    "Attended (wholly or in part) out of sessions with a person expected. Excused, canceled by the program, "
    "closed, paused and not recorded sessions are on neither side; “recorded” says for how many of the "
    "sessions held there is a mark."
)

_RATE_COLUMNS = ("Attended", "Expected", "Rate", "Recorded", "People")


def by_week(facts: ProgramFacts) -> Section:
    """Return attendance by program week."""
    rates = measures.attendance_by((ProgramWeek.containing(s.day), s.person, s.state) for s in facts.seen)
    shown = measures.for_export({week: rates[week] for week in sorted(rates)})
    points = tuple(
        Point(week.monday.isoformat(), rate.share)
        for week, rate in shown.items()
        if rate and rate.share is not None
    )
    enough = len(points) >= FEWEST_WEEKS
    return Section(
        key="week",
        title="Attendance by week",
        finding=_trend(points) if enough else _not_enough(len(points)),
        columns=("Week of", *_RATE_COLUMNS),
        rows=tuple((_day(week.monday), *_rate_cells(rate)) for week, rate in shown.items()),
        formula=_ATTENDANCE,
        chart=Chart(ChartKind.LINE, "Week of", "Attended", points) if enough else None,
    )


def by_group(facts: ProgramFacts) -> Section:
    """Return attendance by group; one-to-ones are one line."""
    rates = measures.attendance_by((s.group, s.person, s.state) for s in facts.seen)
    return _by("group", "Attendance by group", "Group", {key: rates[key] for key in sorted(rates)})


def by_weekday(facts: ProgramFacts) -> Section:
    """Return attendance by day of the week."""
    rates = measures.attendance_by((s.day.weekday(), s.person, s.state) for s in facts.seen)
    return _by(
        "weekday", "Attendance by weekday", "Day", {DAY_NAMES[key]: rates[key] for key in sorted(rates)}
    )


def reminders(facts: ProgramFacts) -> Section:
    """Return attendance by what became of the reminder."""
    rates = measures.attendance_by((s.reminder, s.person, s.state) for s in facts.seen)
    shown = measures.for_export({key: rates[key] for key in sorted(rates)})
    return Section(
        key="reminders",
        title="Reminders",
        finding=_spread(shown, what="attendance with reminders"),
        columns=("That day", *_RATE_COLUMNS),
        rows=tuple((name, *_rate_cells(rate)) for name, rate in shown.items()),
        formula=(
            "Each session counts under what became of the message about its day; confirmed means that the "
            "last answer was to come. People choose whether they get reminders, so a difference does not "
            f"show what reminders do. {_ATTENDANCE}"
        ),
        chart=bars("That day", "Attended", shown),
    )


def _by(key: str, title: str, heading: str, rates: Mapping[str, Rate]) -> Section:
    shown = measures.for_export(rates)
    return Section(
        key=key,
        title=title,
        finding=_spread(shown),
        columns=(heading, *_RATE_COLUMNS),
        rows=tuple((name, *_rate_cells(rate)) for name, rate in shown.items()),
        formula=_ATTENDANCE,
        chart=bars(heading, "Attended", shown),
    )


def _rate_cells(rate: Rate | None) -> tuple[str, ...]:
    if rate is None:
        return (TOO_FEW, NOTHING, NOTHING, NOTHING, NOTHING)
    return (
        str(rate.part),
        str(rate.whole),
        percent(rate.share),
        percent(rate.completeness),
        str(rate.size) if rate.whole else "0",
    )


def _spread(shown: Mapping[str, Rate | None], *, what: str = "attendance") -> str:
    known = {name: rate.share for name, rate in shown.items() if rate is not None and rate.share is not None}
    if not known:
        return "Too few people or sessions to compare."
    best, worst = max(known, key=lambda n: known[n]), min(known, key=lambda n: known[n])
    if len(known) == 1:
        return f"{best}: {percent(known[best])} attended."
    if known[best] - known[worst] <= _SAME:
        return f"There is little difference in {what}: {percent(known[worst])} to {percent(known[best])}."
    return f"{best} was attended most ({percent(known[best])}), {worst} least ({percent(known[worst])})."


def _trend(points: Sequence[Point]) -> str:
    half = len(points) // 2
    before, after = _mean(points[:half]), _mean(points[-half:])
    if abs(after - before) <= _SAME:
        return f"Attendance stayed about level, at {percent(after)}."
    word = "rose" if after > before else "fell"
    return f"Attendance {word} from {percent(before)} in the first half of this time to {percent(after)}."


def _mean(points: Sequence[Point]) -> float:
    return sum(point.y for point in points) / len(points)


def _not_enough(weeks: int) -> str:
    return f"Not enough weeks yet: {weeks} so far. The first curve appears after {FEWEST_WEEKS} weeks."


def _day(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"
