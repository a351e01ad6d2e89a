"""The half hours in which people short of their hours are free, as a table of numbers and shades."""

from dataclasses import dataclass

from iop_schedule.domain.civil_time import wall_time
from iop_schedule.queries.demand import FIRST_MINUTE, LAST_MINUTE, DemandView
from iop_schedule.vocabulary import Weekday
from iop_schedule.web.presenting import clock_time

SHADES = 5
HALF_HOUR = 30


@dataclass(frozen=True, slots=True)
class DemandCell:
    """One half hour of one day: how many people are free, and how dark it is, 0 to 5."""

    weekday: int
    start_minute: int
    number: int
    shade: int


@dataclass(frozen=True, slots=True)
class DemandRow:
    """One half hour of all days."""

    label: str
    cells: tuple[DemandCell, ...]


def demand_rows(view: DemandView) -> list[DemandRow]:
    """Return the rows of the table, from the morning on."""
    return [
        DemandRow(
            label=clock_time(wall_time(start)),
            cells=tuple(_cell(view, weekday, start) for weekday in Weekday if weekday.is_treatment_day),
        )
        for start in range(FIRST_MINUTE, LAST_MINUTE, HALF_HOUR)
    ]


def _cell(view: DemandView, weekday: Weekday, start: int) -> DemandCell:
    number = view.slots.get((weekday, start), 0)
    return DemandCell(weekday, start, number, -(-number * SHADES // view.people) if view.people else 0)
