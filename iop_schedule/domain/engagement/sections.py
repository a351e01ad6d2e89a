"""What a report is made of: sections of plain words and numbers, the same on screen, on paper and in a file.

A section is kept exactly as it was made. Nothing in it is computed again when it is shown, so what was
handed out last year reads the same today.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from iop_schedule.domain.engagement.measures import Rate

#: Stands where a number was left out because too few people are behind it, or behind the one beside it.
TOO_FEW = "left out"
NOTHING = "–"


class ChartKind(StrEnum):
    """How the points of a chart are drawn."""

    LINE = "line"
    BARS = "bars"
    STEPS = "steps"


@dataclass(frozen=True, slots=True)
class Point:
    """One value: where it stands, how high, and how sure; shares from 0 to 1."""

    x: str | float
    y: float
    #: Which line it belongs to, where there are several.
    series: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The points of one chart with the words on its axes."""

    kind: ChartKind
    x_title: str
    y_title: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One finding with the numbers behind it and how they were counted."""

    key: str
    title: str
    #: What the numbers say, in one sentence.
    finding: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    #: How the numbers are counted.
    formula: str = ""
    chart: Chart | None = None


def as_json(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return sections as plain values to store."""
    return [asdict(section) for section in sections]


def from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[Section, ...]:
    """Return stored sections."""
    return tuple(_section(one) for one in stored)


def _section(stored: Mapping[str, Any]) -> Section:
    chart = stored["chart"]
    return Section(
        **{name: stored[name] for name in ("key", "title", "finding", "formula")},
        columns=tuple(stored["columns"]),
        rows=tuple(tuple(row) for row in stored["rows"]),
        chart=Chart(
            kind=ChartKind(chart["kind"]),
            x_title=chart["x_title"],
            y_title=chart["y_title"],
            points=tuple(Point(**point) for point in chart["points"]),
        )
        if chart
        else None,
    )


def bars(x_title: str, y_title: str, shown: Mapping[str, Rate | None]) -> Chart | None:
    """Return the rates that may be shown as bars; None where there is nothing to compare."""
    points = tuple(
        Point(name, rate.share) for name, rate in shown.items() if rate is not None and rate.share is not None
    )
    return Chart(ChartKind.BARS, x_title, y_title, points) if len(points) > 1 else None


def percent(share: float | None) -> str:
    """Return a share in percent, or a dash for none.

    >>> percent(0.8449), percent(None), percent(0)
    ('84 %', '–', '0 %')
    """
    return NOTHING if share is None else f"{100 * share:.0f} %"
