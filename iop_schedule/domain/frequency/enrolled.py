"""Several enrollments of one client as one care: a transfer goes on, a return after a gap begins again."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from iop_schedule.domain.frequency.care import CareDates, DaySpan, DoseInForce
from iop_schedule.vocabulary import Weekday

Row = TypeVar("Row")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One enrollment in one program, with what is written down about its days."""

    days: DaySpan
    #: The program's minimum a week.
    minimum_minutes: int
    doses: tuple[DoseInForce, ...] = ()
    pauses: tuple[DaySpan, ...] = ()
    closures: tuple[DaySpan, ...] = ()
    step_downs: tuple[DaySpan, ...] = ()


def as_of(rows: Iterable[Row], day: date, *, days: Callable[[Row], DaySpan]) -> Row | None:
    """Return the row whose days cover `day`, else the latest that had begun, else the first to come.

    One that begins later hides none that holds.
    """
    in_order = sorted(rows, key=lambda row: days(row).from_day)
    begun = [row for row in in_order if days(row).from_day <= day]
    covering = [row for row in begun if days(row).contains(day)]
    found = (covering or begun)[-1:] or in_order[:1]
    return found[0] if found else None


def joined(enrollments: Sequence[Enrolled], day: date) -> CareDates:
    """Return the dates of care over all enrollments; `enrolled` are those of the stay as of `day`.

    Enrollments with no treatment day between them are one stay: care went on in another program. What is
    written down about an enrollment holds on its own days only. At least one enrollment is needed.
    """
    each = _one_after_another(enrollments)
    stays: list[DaySpan] = []
    for one in each:
        if stays and _follows(one.days, stays[-1]):
            stays[-1] = replace(stays[-1], until_day=one.days.until_day)
        else:
            stays.append(one.days)
    stay = as_of(stays, day, days=lambda span: span) or stays[-1]
    return CareDates(
        enrolled=stay,
        other_stays=tuple(one for one in stays if one is not stay),
        pauses=tuple(span for one in each for span in _within(one.pauses, one.days)),
        closures=tuple(span for one in each for span in _within(one.closures, one.days)),
        step_downs=tuple(span for one in each for span in _within(one.step_downs, one.days)),
    )


def joined_doses(enrollments: Sequence[Enrolled]) -> tuple[DoseInForce, ...]:
    """Return the doses over all enrollments, each only while its enrollment lasts, in order of their days.

    An enrollment for which nothing is prescribed does not inherit the dose of the one before.
    """
    found: list[DoseInForce] = []
    for one in _one_after_another(enrollments):
        first = one.days.from_day
        doses = sorted(one.doses, key=lambda dose: dose.from_day)
        at_first = [replace(dose, from_day=first) for dose in doses if dose.from_day <= first][-1:]
        if not at_first and found:
            at_first = [DoseInForce(first, 0, 0)]
        found += at_first
        found += [dose for dose in doses if dose.from_day > first and one.days.contains(dose.from_day)]
    return tuple(found)


def minimum_in(treatment_days: Sequence[date], enrollments: Sequence[Enrolled]) -> int:
    """Return the minimum a week is judged by: in a week of a transfer the lower of the two programs'."""
    held = [
        one.minimum_minutes for one in enrollments if any(one.days.contains(day) for day in treatment_days)
    ]
    return min(held, default=0)


def _one_after_another(enrollments: Sequence[Enrolled]) -> list[Enrolled]:
    """Return them by first day, each ending at the latest before the next begins."""
    each = sorted(enrollments, key=lambda one: one.days.from_day)
    for number, following in enumerate(each[1:]):
        before, last = each[number].days, following.days.from_day - _DAY
        if before.until_day is None or before.until_day > last:
            each[number] = replace(each[number], days=replace(before, until_day=last))
    return each


def _follows(later: DaySpan, earlier: DaySpan) -> bool:
    if earlier.until_day is None:
        return False
    between = (later.from_day - earlier.until_day).days - 1
    return all((later.from_day - n * _DAY).weekday() > Weekday.FR for n in range(1, between + 1))


def _within(spans: Sequence[DaySpan], days: DaySpan) -> list[DaySpan]:
    """Return the parts of `spans` that lie in `days`."""
    found = []
    for span in spans:
        first = max(span.from_day, days.from_day)
        ends = [end for end in (span.until_day, days.until_day) if end is not None]
        last = min(ends, default=None)
        if last is None or first <= last:
            found.append(DaySpan(first, last))
    return found
