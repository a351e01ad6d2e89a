"""Reports about programs and caseloads: on screen, on paper, as files; long ones in the background."""

import logging
from threading import Lock, Thread
from typing import Any

from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule import clock
from iop_schedule.actions import report_runs
from iop_schedule.domain.engagement.program_report import program_sections
from iop_schedule.domain.engagement.sections import Section
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.queries.choices import programs_of
from iop_schedule.queries.engagement.clients import CaseloadLine, caseload_lines
from iop_schedule.queries.engagement.program import (
    READ_AT_ONCE,
    Span,
    latest_span,
    program_facts,
    sessions_in,
)
from iop_schedule.queries.risk import policy_in_force
from iop_schedule.vocabulary import AuditKind, ReportKind
from iop_schedule.web.forms.reports import HistoryForm, ProgramReportForm, SpanForm
from iop_schedule.web.report_files import csv_of, csv_response
from iop_schedule.web.security import actor, polled, requires, viewed

reports = Blueprint("reports", __name__)
log = logging.getLogger(__name__)

USUAL_WEEKS = 12
#: How long a test waits for the background; browsers never do.
_PATIENCE = 60.0
_one_at_a_time = Lock()


@reports.get("/reports")
@requires(Permission.REPORTS_READ)
def overview() -> ResponseReturnValue:
    """Show which reports there are."""
    return render_template("engagement/overview.html")


@reports.get("/reports/program")
@requires(Permission.REPORTS_READ)
def program() -> ResponseReturnValue:
    """Show how one program does; a report that would take long is offered in the background instead."""
    form, status = _program_form()
    if status != 200 or not form.program.data:  # noqa: PLR2004
        return render_template("engagement/program.html", form=form, sections=(), span=None), status
    span, program_id = form.span(), form.program_id()
    long = sessions_in(actor(), program_id, span) > READ_AT_ONCE
    sections = () if long else _sections(program_id, span)
    viewed(AuditKind.REPORT_VIEWED, subject=("program", program_id), details=_asked(span))
    return render_template(
        "engagement/program_print.html" if "print" in request.args else "engagement/program.html",
        form=form,
        span=span,
        sections=sections,
        is_long=long,
        title=form.program_name(),
        printed_at=_printed_at(),
        query=_query(),
        back=url_for("reports.program", **_query()),
        csv_url=lambda key: url_for("reports.program_csv", section=key, **_query()),
    )


@reports.get("/reports/program/<section>.csv")
@requires(Permission.REPORTS_READ)
def program_csv(section: str) -> ResponseReturnValue:
    """Hand out the numbers of one section; few people are left out here like everywhere."""
    form, status = _program_form()
    if status != 200 or not form.program.data:  # noqa: PLR2004
        raise NotFound
    span, program_id = form.span(), form.program_id()
    found = _named(_sections(program_id, span), section)
    viewed(
        AuditKind.REPORT_EXPORTED,
        subject=("program", program_id),
        details={**_asked(span), "section": section},
    )
    return csv_of(found)


@reports.post("/reports/program")
@requires(Permission.REPORTS_READ)
def program_in_background() -> ResponseReturnValue:
    """Have a long report made in the background and show how far it is."""
    form, status = _program_form()
    if status != 200 or not form.program.data:  # noqa: PLR2004
        return render_template("engagement/program.html", form=form, sections=(), span=None), 422
    try:
        run_id = report_runs.request_program_report(
            actor=actor(), program_id=form.program_id(), span=form.span(), now=g.now
        )
    except NotPossible as refused:
        flash(refused.message, "problem")
        return redirect(url_for("reports.program", **_query()))
    _begin(run_id)
    return redirect(url_for("reports.run", report_id=run_id))


def _program_form() -> tuple[ProgramReportForm, int]:
    form = ProgramReportForm(request.args, usual=latest_span(actor(), weeks=USUAL_WEEKS, now=g.now))
    form.offer(programs_of(actor()))
    return form, 200 if form.validate() else 422


def _query() -> dict[str, Any]:
    """Return what stands in the address, as it is handed on."""
    return {name: value for name in ("program", "since", "until") if (value := request.args.get(name, ""))}


def _sections(program_id: int, span: Span) -> tuple[Section, ...]:
    policy = policy_in_force(program_id, now=g.now)
    return program_sections(program_facts(actor(), program_id, span, policy=policy, now=g.now))


def _asked(span: Span) -> dict[str, object]:
    return {"first": str(span.first), "weeks": span.weeks}


def _named(sections: tuple[Section, ...], key: str) -> Section:
    found = next((section for section in sections if section.key == key), None)
    if found is None:
        raise NotFound
    return found


@reports.get("/reports/runs/<string(length=32):report_id>")
@requires(Permission.REPORTS_READ)
@polled
def run(report_id: str) -> ResponseReturnValue:
    """Show how far a report is, or the report."""
    shown = report_runs.find(actor=actor(), run_id=report_id)
    if not shown.is_working:
        viewed(AuditKind.REPORT_VIEWED, subject=("report_run", report_id), details={"kind": shown.kind})
    back = "reports.history" if shown.kind is ReportKind.HISTORY else "reports.program"
    return render_template(
        "engagement/program_print.html" if "print" in request.args else "engagement/run.html",
        run=shown,
        sections=shown.sections,
        title="Trying settings" if shown.kind is ReportKind.HISTORY else "Program report",
        printed_at=_printed_at(),
        above=url_for(back),
        adopt_url=url_for("risk.monitor", program_id=shown.asked["program"], **_as_text(shown.fitted))
        if shown.fitted and holds(actor().role, Permission.MONITOR_MANAGE)
        else None,
        back=url_for("reports.run", report_id=report_id),
        csv_url=lambda key: url_for("reports.run_csv", report_id=report_id, section=key),
    )


def _as_text(numbers: dict[str, float]) -> dict[str, Any]:
    return {name: f"{value:g}" for name, value in numbers.items()}


@reports.get("/reports/runs/<string(length=32):report_id>/<section>.csv")
@requires(Permission.REPORTS_READ)
def run_csv(report_id: str, section: str) -> ResponseReturnValue:
    """Hand out the numbers of one section of a report made in the background."""
    shown = report_runs.find(actor=actor(), run_id=report_id)
    found = _named(shown.sections, section)
    viewed(AuditKind.REPORT_EXPORTED, subject=("report_run", report_id), details={"section": section})
    return csv_of(found)


@reports.route("/reports/history", methods=["GET", "POST"])
@requires(Permission.REPORTS_READ)
def history() -> ResponseReturnValue:
    """Ask what settings of the monitor would have done in a program's own past."""
    form = HistoryForm()
    offered = programs_of(actor())
    form.offer(offered)
    if request.method == "GET":
        first = offered[0].id if offered else None
        form.show(policy_in_force(first or 0, now=g.now), program_id=first)
    elif form.validate():
        try:
            run_id = report_runs.request_history(
                actor=actor(), program_id=int(form.program.data), asked=form.asked(), now=g.now
            )
        except NotPossible as refused:
            form.form_errors.append(refused.message)
        else:
            _begin(run_id)
            return redirect(url_for("reports.run", report_id=run_id))
    return render_template("engagement/history.html", form=form), 422 if form.errors else 200


@reports.get("/reports/caseload")
@requires(Permission.REPORTS_READ)
def caseload() -> ResponseReturnValue:
    """Show the hours of everyone one is responsible for, in numbers."""
    form, lines, status = _caseload()
    return render_template(
        "engagement/caseload_print.html" if "print" in request.args else "engagement/caseload.html",
        form=form,
        lines=lines,
        span=form.span(),
        printed_at=_printed_at(),
        query=_query(),
    ), status


@reports.get("/reports/caseload.csv")
@requires(Permission.REPORTS_READ)
def caseload_csv() -> ResponseReturnValue:
    """Hand out the same numbers as a file that carries the notice of 42 CFR 2.32."""
    form, lines, status = _caseload()
    if status != 200:  # noqa: PLR2004
        raise NotFound
    viewed(
        AuditKind.REPORT_EXPORTED,
        details={**_asked(form.span()), "clients": [line.client_id for line in lines]},
    )
    return csv_response(CASELOAD_COLUMNS, [_caseload_row(line) for line in lines], about_people=True)


CASELOAD_COLUMNS = (
    "client",
    "program",
    "attended_minutes",
    "offered_minutes",
    "prescribed_minutes",
    "sessions_attended",
    "sessions_held",
    "excused",
    "not_recorded",
    "weeks_goal_met",
    "weeks_with_goal",
    "days_with_3_hours",
    "last_attended",
)


def _caseload() -> tuple[SpanForm, list[CaseloadLine], int]:
    form = SpanForm(request.args, usual=latest_span(actor(), weeks=4, now=g.now))
    fine = form.validate()
    lines = caseload_lines(actor(), form.span(), now=g.now)
    details = {**_asked(form.span()), "clients": [line.client_id for line in lines]}
    viewed(AuditKind.REPORT_VIEWED, details={"page": "caseload", **details})
    return form, lines, 200 if fine else 422


def _caseload_row(line: CaseloadLine) -> list[str]:
    span = line.frequency
    numbers = (
        span.delivered_minutes,
        span.eligible_minutes,
        span.prescribed_minutes,
        span.sessions_attended,
        span.sessions_held,
        span.excused,
        span.not_recorded,
        line.goal_met,
        line.goal_weeks,
        span.billable_days,
    )
    last = line.last_attended.isoformat() if line.last_attended else ""
    return [line.name, line.program, *map(str, numbers), last]


def _printed_at() -> str:
    today = actor().today(g.now)
    return f"{today:%b} {today.day}, {today.year}"


def _begin(run_id: str) -> None:
    """Make a report in a thread of this server, so that nobody waits for an answer.

    If the server ends meanwhile, a tick of the scheduler takes it up again.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    thread = Thread(target=_work, args=(app, run_id), name="report", daemon=True)
    thread.start()
    if app.testing:
        thread.join(_PATIENCE)


def _work(app: Flask, run_id: str) -> None:
    with _one_at_a_time, app.app_context():
        try:
            report_runs.work_off(now=clock.now(), run_id=run_id)
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            # Only the kind: messages of database errors quote people's data.
            log.error("a report could not be made: %s", type(error).__name__)  # noqa: TRY400
