"""What was understood of a calendar, line by line: words for people, commitments for their week.

A line travels through the page that shows it and comes back when the person keeps it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from iop_schedule.adapters.ical_upload.results import BusyDate, BusyPattern, UploadSummary, UploadWindow
from iop_schedule.adapters.ical_upload.summary import Hours, describe
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import days_between
from iop_schedule.vocabulary import ConstraintKind, Weekday, WeekParity


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was understood, and the commitments that say the same."""

    sentence: str
    commitments: tuple[Commitment, ...]


def lines_of(summary: UploadSummary, kind: ConstraintKind, window: UploadWindow) -> list[Line]:
    """Return the busy times of a calendar as lines to keep or leave out.

    A pattern that holds until the end of the window most likely goes on: its commitments have no last day.
    """
    weekly = [
        Line(one.sentence, tuple(_weekly(one, day, kind, window) for day in one.weekdays))
        for one in summary.patterns
    ]
    return weekly + [Line(one.sentence, (_dated(one, kind),)) for one in summary.single_dates]


def _weekly(pattern: BusyPattern, weekday: Weekday, kind: ConstraintKind, window: UploadWindow) -> Commitment:
    # The next date would lie behind the window.
    step = timedelta(weeks=1 if pattern.week is WeekParity.EVERY else 2)
    goes_on = pattern.until_day + step > window.last_day
    return Commitment(
        kind=kind,
        weekday=weekday,
        local_start=pattern.local_start,
        local_end=pattern.local_end,
        ends_next_day=pattern.ends_next_day,
        week=pattern.week,
        anchor_day=None if pattern.week is WeekParity.EVERY else pattern.anchor_day,
        from_day=pattern.from_day,
        until_day=None if goes_on else pattern.until_day,
        exceptions=frozenset(day for day in pattern.except_days if day.weekday() == weekday),
    )


def _dated(one: BusyDate, kind: ConstraintKind) -> Commitment:
    return Commitment(
        kind=kind,
        day=one.day,
        local_start=one.local_start,
        local_end=one.local_end,
        ends_next_day=one.ends_next_day,
        from_day=one.day,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """How the times of a later calendar differ from those of an earlier one, in words."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    #: Dates on which both say the same.
    same: int


def difference(before: Iterable[Commitment], after: Iterable[Commitment], window: UploadWindow) -> Difference:
    """Return what changes within the window when `after` takes the place of `before`."""
    was, will_be = _held(before, window), _held(after, window)
    return Difference(
        new=_words(will_be, was, window),
        gone=_words(was, will_be, window),
        same=sum(len(days & was.get(hours, set())) for hours, days in will_be.items()),
    )


def _held(commitments: Iterable[Commitment], window: UploadWindow) -> dict[Hours, set[date]]:
    held: dict[Hours, set[date]] = defaultdict(set)
    days = list(days_between(window.first_day, window.last_day))
    for one in commitments:
        hours = Hours(one.local_start, one.local_end, ends_next_day=one.ends_next_day)
        held[hours].update(day for day in days if one.begins_on(day))
    return held


def _words(
    held: dict[Hours, set[date]], besides: dict[Hours, set[date]], window: UploadWindow
) -> tuple[str, ...]:
    only = {hours: days - besides.get(hours, set()) for hours, days in held.items()}
    patterns, dates = describe({hours: days for hours, days in only.items() if days}, window)
    return tuple([one.sentence for one in patterns] + [one.sentence for one in dates])


def packed(lines: Sequence[Line]) -> list[Any]:
    """Return lines as plain values, for a signed page."""
    return [[line.sentence, [_packed(one) for one in line.commitments]] for line in lines]


def unpacked(content: list[Any]) -> list[Line]:
    """Return the lines that `packed` was given."""
    return [Line(sentence, tuple(_unpacked(one) for one in commitments)) for sentence, commitments in content]


def _packed(one: Commitment) -> dict[str, Any]:
    first = one.weekday if one.weekday is not None else str(one.day)
    return {
        "kind": one.kind,
        "on": first,
        "at": [f"{one.local_start:%H:%M}", f"{one.local_end:%H:%M}", one.ends_next_day],
        "week": [one.week, str(one.anchor_day or "")],
        "from": str(one.from_day),
        "until": str(one.until_day or ""),
        "not": [str(day) for day in sorted(one.exceptions)],
    }


def _unpacked(said: dict[str, Any]) -> Commitment:
    start, end, next_day = said["at"]
    week, anchor = said["week"]
    on = said["on"]
    return Commitment(
        kind=ConstraintKind(said["kind"]),
        weekday=Weekday(on) if isinstance(on, int) else None,
        day=None if isinstance(on, int) else date.fromisoformat(on),
        local_start=time.fromisoformat(start),
        local_end=time.fromisoformat(end),
        ends_next_day=next_day,
        week=WeekParity(week),
        anchor_day=_day(anchor),
        from_day=date.fromisoformat(said["from"]),
        until_day=_day(said["until"]),
        exceptions=frozenset(date.fromisoformat(day) for day in said["not"]),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
