"""Charts and files of reports, for the pages that show them."""

from collections.abc import Iterable, Sequence

from flask import Flask, Response
from markupsafe import Markup

from iop_schedule.adapters import charts
from iop_schedule.adapters.csv_export import write_csv
from iop_schedule.domain.engagement.client_report import REDISCLOSURE_NOTICE
from iop_schedule.domain.engagement.sections import Section


def init_charts(app: Flask) -> None:
    """Give templates `chart_of(section)`."""
    app.jinja_env.globals["chart_of"] = chart_of


def chart_of(section: Section) -> Markup | None:
    """Return a section's chart as inline SVG; None where it has none or none can be drawn here."""
    drawn = charts.svg(section.chart) if section.chart else None
    return None if drawn is None else Markup(drawn)  # noqa: S704 - the renderer escapes the words of a chart


def csv_of(section: Section) -> Response:
    """Return the numbers of a section as a file."""
    return csv_response(section.columns, section.rows)


def csv_response(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, about_people: bool = False
) -> Response:
    """Return rows as a file whose cells no spreadsheet runs; about people, the last line is the notice."""
    lines = [*rows, *([[REDISCLOSURE_NOTICE]] if about_people else [])]
    file = "".join(write_csv(lines, list(columns)))
    headers = {"Content-Disposition": 'attachment; filename="numbers.csv"'}
    return Response(file, mimetype="text/csv", headers=headers)
