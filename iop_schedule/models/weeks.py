"""Weeks A and B in SQL, counted as `civil_time.letter_of` counts them, on both databases."""

from datetime import date
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, case, func, not_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from iop_schedule.domain.civil_time import WEEKS_COUNT_FROM
from iop_schedule.models.placement_choices import SeatHold
from iop_schedule.models.series import SeriesMember
from iop_schedule.vocabulary import WeekParity

WithWeeks = type[SeriesMember] | type[SeatHold]


class IsWeekA(FunctionElement[bool]):
    """Whether a column's day lies in a week A."""

    type = Boolean()
    inherit_cache = True


@compiles(IsWeekA, "sqlite")
def _sqlite(element: IsWeekA, compiler: Any, **options: Any) -> str:
    day = compiler.process(element.clauses, **options)
    return f"(CAST(julianday({day}) - julianday('{WEEKS_COUNT_FROM}') AS INTEGER) / 7 % 2 = 0)"


@compiles(IsWeekA, "postgresql")
def _postgresql(element: IsWeekA, compiler: Any, **options: Any) -> str:
    day = compiler.process(element.clauses, **options)
    return f"(mod((({day}) - DATE '{WEEKS_COUNT_FROM}') / 7, 2) = 0)"


def attended_on(row: WithWeeks, day: ColumnElement[date] | Any) -> ColumnElement[bool]:
    """Return the condition that the weeks of `row` include the one that `day`, another column, lies in."""
    is_a = IsWeekA(day)
    return or_(
        row.week == WeekParity.EVERY,
        and_(row.week == WeekParity.A, is_a),
        and_(row.week == WeekParity.B, not_(is_a)),
    )


def people_in(row: WithWeeks, week: WeekParity) -> ColumnElement[int]:
    """Return the number of clients among rows who are there in `week`, A or B."""
    other = WeekParity.B if week is WeekParity.A else WeekParity.A
    return func.count(case((row.week != other, row.client_id)).distinct())
