"""Charts with axes, drawn on the server as SVG: no script, no inline style, colors from the page's variables.

The renderer is an extra of the installation (`reports`) and is loaded when the first chart is drawn. Without
it there is no chart, and the table that stands under every chart is all there is.
"""

import json
import re
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from iop_schedule.domain.engagement.sections import Chart, ChartKind

WIDTH, HEIGHT = 640, 230
#: Of lying bars, without the names beside them.
_BAR_WIDTH, _BAR_HEIGHT = 440, 26
_MOST_DAYS = 13
#: Bars are drawn lying when there are names to read beside them, standing when there are weeks.
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

#: One line may be told from another without color.
_DASHES = ([1, 0], [6, 4])
_COLORS = ("var(--brand)", "var(--excused)")

#: Words are given room at this size and written smaller: the reader's font may be wider than the one here.
_MEASURED, _WRITTEN = 15, 13

_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--ink-2)",
        "titleColor": "var(--ink-2)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line-strong)",
        "tickColor": "var(--line-strong)",
        "labelFontSize": _MEASURED,
        "titleFontSize": _MEASURED,
        "titleFontWeight": "normal",
        "labelLimit": 260,
    },
    "legend": {
        "labelColor": "var(--ink-2)",
        "labelFontSize": _MEASURED,
        "title": None,
        "orient": "top",
        "labelLimit": 300,
        "symbolStrokeWidth": 2.5,
        "symbolSize": 300,
    },
}


def is_available() -> bool:
    """Return True when charts can be drawn in this installation."""
    return find_spec("vl_convert") is not None


def svg(chart: Chart) -> str | None:
    """Return the chart as SVG for a page, without any role or name of its own; None where it cannot be drawn.

    The page puts it into a figure, names it there, and prints the same numbers as a table.
    """
    return _drawn(chart) if is_available() and chart.points else None


@lru_cache(maxsize=256)
def _drawn(chart: Chart) -> str:
    import vl_convert  # noqa: PLC0415 - thirty megabytes that most requests never need

    return _plain(vl_convert.vegalite_to_svg(json.dumps(specification(chart))))


def specification(chart: Chart) -> dict[str, Any]:
    """Return the chart in the Vega-Lite language."""
    draw = {ChartKind.LINE: _line, ChartKind.BARS: _bars, ChartKind.STEPS: _steps}[chart.kind]
    values = [{"x": p.x, "y": p.y, "series": p.series, "low": p.low, "high": p.high} for p in chart.points]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": values},
        "width": WIDTH,
        "height": HEIGHT,
        "config": _CONFIG,
        **draw(chart),
    }


def _line(chart: Chart) -> dict[str, Any]:
    return {
        "mark": {
            "type": "line",
            "strokeWidth": 2.5,
            "color": _COLORS[0],
            "point": {"color": _COLORS[0], "size": 45},
        },
        "encoding": {"x": _days(chart), "y": _share(chart)},
    }


def _bars(chart: Chart) -> dict[str, Any]:
    mark: dict[str, Any] = {"type": "bar", "color": _COLORS[0], "cornerRadiusEnd": 3}
    if all(_DAY.fullmatch(str(point.x)) for point in chart.points):
        mark["width"] = {"band": min(0.85, max(0.25, len(chart.points) / 14))}
        y = {"field": "y", "type": "quantitative", "title": chart.y_title}
        return {"mark": mark, "encoding": {"x": _days(chart), "y": y}}
    return {
        "width": _BAR_WIDTH,
        "height": {"step": _BAR_HEIGHT},
        "layer": [
            {"mark": mark},
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 5,
                    "color": "var(--ink)",
                    "fontSize": _MEASURED,
                },
                "encoding": {"text": {"field": "y", "type": "quantitative", "format": ".0%"}},
            },
        ],
        "encoding": {
            "x": {**_share(chart), "axis": {"format": ".0%", "tickCount": 5}},
            "y": {"field": "x", "type": "nominal", "sort": None, "title": None, "axis": {"grid": False}},
        },
    }


def _steps(chart: Chart) -> dict[str, Any]:
    names = list(dict.fromkeys(point.series for point in chart.points))
    color = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": names, "range": list(_COLORS[: len(names)])},
        "legend": {"symbolType": "stroke", "symbolOpacity": 1} if len(names) > 1 else None,
    }
    dash = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": names, "range": list(_DASHES[: len(names)])},
    }
    x = {
        "field": "x",
        "type": "quantitative",
        "title": chart.x_title,
        "axis": {"grid": False, "tickCount": 7},
    }
    return {
        "layer": [
            {
                "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.14},
                "encoding": {"y": _share(chart, "low"), "y2": {"field": "high"}, "color": color},
            },
            {
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2.5},
                "encoding": {"y": _share(chart), "color": color, "strokeDash": {**dash, "legend": None}},
            },
        ],
        "encoding": {"x": x},
    }


def _days(chart: Chart) -> dict[str, Any]:
    """Return an axis of days, each standing for its week; as many are written out as there is room for."""
    last = max(1, len(chart.points) - 1)
    every = -(-len(chart.points) // _MOST_DAYS)
    is_written = f"datum.index * {last} % {every} < 0.5"
    label = f"{is_written} ? utcFormat(toDate(datum.value), '%b %-d') : ''"
    axis = {"labelExpr": label, "labelAngle": 0, "grid": False, "ticks": every == 1}
    return {"field": "x", "type": "ordinal", "title": chart.x_title, "sort": None, "axis": axis}


def _share(chart: Chart, field: str = "y") -> dict[str, Any]:
    top = max(1.0, *(point.y for point in chart.points), 0)
    return {
        "field": field,
        "type": "quantitative",
        "title": chart.y_title,
        "scale": {"domain": [0, top]},
        "axis": {"format": ".0%", "tickCount": 5},
    }


#: What the renderer says to assistive technology; the figure around the chart says it once and better.
_SAID = re.compile(r' (?:role|aria-[a-z]+|font-family|xmlns:xlink|pointer-events)="[^"]*"')


def _plain(drawn: str) -> str:
    return _SAID.sub("", drawn).replace(f'font-size="{_MEASURED}px"', f'font-size="{_WRITTEN}px"')
