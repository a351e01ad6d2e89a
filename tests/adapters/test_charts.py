"""Charts as the pages take them: no script, no style, no name of their own, the page's colors."""

import re
import sys

import pytest

from iop_schedule.adapters import charts
from iop_schedule.domain.engagement.sections import Chart, ChartKind, Point

WEEKS = Chart(ChartKind.LINE, "Week of", "Attended", (Point("2026-01-05", 0.8), Point("2026-01-12", 0.9)))
BARS = Chart(ChartKind.BARS, "Group", "Attended", (Point("<b>Tom & Ana</b>", 0.8), Point("Evening", 1.1)))
HOURS = Chart(ChartKind.BARS, "Week of", "Hours", (Point("2026-01-05", 9), Point("2026-01-12", 6)))
CURVES = Chart(
    ChartKind.STEPS, "Days", "Still here",
    (Point(0, 1, "now", 1, 1), Point(9, 0.8, "now", 0.6, 0.9), Point(0, 1, "before", 1, 1)),
)  # fmt: skip


@pytest.mark.parametrize("chart", [WEEKS, BARS, HOURS, CURVES], ids=["line", "bars", "weeks", "steps"])
def test_a_chart_is_plain_svg_in_the_colors_of_the_page(chart: Chart) -> None:
    drawn = charts.svg(chart)
    assert drawn is not None
    assert drawn.startswith("<svg ")
    assert not re.search(r'<script|<style| style=| role=| aria-| on\w+=|href="http|font-family', drawn)
    assert "var(--brand)" in drawn
    assert chart.y_title in drawn
    colors = set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn))
    assert {color for color in colors if not color.startswith("var(--")} <= {"none", "transparent"}


def test_words_of_a_chart_cannot_be_markup() -> None:
    drawn = charts.svg(BARS)
    assert drawn is not None
    assert "<b>" not in drawn
    assert "&lt;b&gt;Tom &amp; Ana" in drawn


def test_two_curves_differ_in_more_than_color() -> None:
    drawn = charts.svg(CURVES)
    assert drawn is not None
    assert 'stroke-dasharray="6,4"' in drawn
    assert (drawn.count(">now<"), drawn.count(">before<")) == (1, 1)


def test_without_the_renderer_there_is_no_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    monkeypatch.setattr(charts, "find_spec", lambda _: None)
    assert not charts.is_available()
    assert charts.svg(WEEKS) is None


def test_nothing_is_drawn_from_nothing() -> None:
    assert charts.svg(Chart(ChartKind.LINE, "Week of", "Attended", ())) is None
