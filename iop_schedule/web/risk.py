"""One client's engagement, signals and their replay, a program's monitor, and brief self-reports."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import monitor as settings
from iop_schedule.actions import transactions
from iop_schedule.actions.self_report import record_self_report, withdraw_self_report
from iop_schedule.domain.engagement.client_report import day_words
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.errors import NotPossible
from iop_schedule.queries.client_engagement import PAGE_SIZE, client_engagement
from iop_schedule.queries.client_timeline import Kind
from iop_schedule.queries.monitor import MonitorView, monitor_view
from iop_schedule.queries.monitor_preview import MonitorPreview, monitor_preview
from iop_schedule.queries.risk_signals import signal_view
from iop_schedule.queries.self_reports import reports_of
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.caseload import TILES
from iop_schedule.web.forms.days import parse_day
from iop_schedule.web.forms.fields import blame, needed
from iop_schedule.web.forms.outreach import CHANNELS, RESULTS
from iop_schedule.web.forms.risk import MORE_NUMBERS, PRINTED, SOURCES, MonitorForm, SilentForm
from iop_schedule.web.forms.self_report import ITEMS, SelfReportForm
from iop_schedule.web.security import actor, requires, viewed

risk = Blueprint("risk", __name__)

KINDS = (
    (Kind.SESSION, "Sessions"),
    (Kind.CONTACT, "Contacts"),
    (Kind.TIMES, "Times"),
    (Kind.PLACE, "Places and dose"),
    (Kind.MESSAGE, "Messages"),
    (Kind.SIGNAL, "Signals"),
)
MOST_SHOWN = 1000


@risk.get("/clients/<int:client_id>/engagement")
@requires(Permission.OUTREACH_LOG)
def client(client_id: int) -> ResponseReturnValue:
    """Show where one client stands, half a year of days, and what happened; as of today or a past day."""
    kind = next((one for one in Kind if one == request.args.get("kind")), None)
    asked = request.args.get("n", PAGE_SIZE, type=int)
    shown = min(max(asked, PAGE_SIZE), MOST_SHOWN)
    found = client_engagement(
        actor(),
        client_id,
        now=g.now,
        kind=kind,
        shown=shown,
        as_of=parse_day(request.args.get("as_of", "")),
        as_recorded=request.args.get("recorded") == "then",
    )
    viewed(AuditKind.CLIENT_VIEWED, client_id=client_id, details={"page": "engagement"})
    when: dict[str, Any] = {}
    if found.is_past:
        when = {"as_of": found.as_of.isoformat(), "recorded": "then" if found.as_recorded else None}
    return render_template(
        "risk/client.html",
        found=found,
        kinds=KINDS,
        kind=kind,
        more_url=url_for("risk.client", client_id=client_id, kind=kind, n=shown + PAGE_SIZE, **when)
        + "#timeline",
        when=when,
        channels=dict(CHANNELS),
        results=dict(RESULTS),
        has_more=found.event_count > shown,
        may_report=holds(actor().role, Permission.SELF_REPORT),
        may_see_how=holds(actor().role, Permission.CASELOAD_READ),
    )


@risk.get("/signals/<int:signal_id>")
@requires(Permission.OUTREACH_LOG)
def signal(signal_id: int) -> ResponseReturnValue:
    """Replay one signal."""
    found = signal_view(actor(), signal_id, now=g.now)
    viewed(AuditKind.SIGNAL_REPLAYED, client_id=found.client_id, details={"signal": signal_id})
    return render_template("risk/signal.html", found=found)


@risk.get("/programs/<int:program_id>/monitor")
@requires(Permission.MONITOR_MANAGE)
def monitor(program_id: int) -> ResponseReturnValue:
    """Show a program's monitor: settings, versions, and what it said."""
    return _monitor_page(program_id)


@risk.post("/programs/<int:program_id>/monitor")
@requires(Permission.MONITOR_MANAGE)
def adopt(program_id: int) -> ResponseReturnValue:
    """Put other settings in force."""
    form = MonitorForm()
    standing = monitor_view(actor(), program_id, now=g.now).policy
    preview: MonitorPreview | None = None
    if form.validate():
        try:
            numbers = form.numbers(standing)
            preview = monitor_preview(actor(), program_id, numbers, now=g.now)
            if "preview" in request.form:
                return _monitor_page(program_id, form=form, preview=preview)
            settings.adopt(
                actor=actor(),
                program_id=program_id,
                numbers=numbers,
                note=form.note.data or "",
                origin=form.origin,
                now=g.now,
            )
        except NotPossible as refused:
            transactions.abandon()
            blame(form, refused, {})
        else:
            flash("In force from now on. Earlier signals keep the settings they name.", "success")
            return redirect(url_for("risk.monitor", program_id=program_id))
    return _monitor_page(program_id, form=form), 422


@risk.post("/programs/<int:program_id>/monitor/silent")
@requires(Permission.MONITOR_MANAGE)
def silent(program_id: int) -> ResponseReturnValue:
    """Keep tiers to the administrators for a while, or show them."""
    form = SilentForm()
    monitor_view(actor(), program_id, now=g.now)
    if form.validate():
        try:
            settings.keep_silent(
                actor=actor(), program_id=program_id, until_day=form.silent_until.data, now=g.now
            )
        except NotPossible as refused:
            transactions.abandon()
            blame(form, refused, {})
        else:
            flash("Saved.", "success")
            return redirect(url_for("risk.monitor", program_id=program_id))
    return _monitor_page(program_id, silent_form=form), 422


@risk.get("/clients/<int:client_id>/self-reports")
@requires(Permission.SELF_REPORT)
def self_reports(client_id: int) -> ResponseReturnValue:
    """Show the scores of a client's self-reports, and the form for another."""
    form = SelfReportForm(formdata=None)
    form.day.data = actor().today(g.now)
    return _reports_page(client_id, form)


@risk.post("/clients/<int:client_id>/self-reports")
@requires(Permission.SELF_REPORT)
def record_report(client_id: int) -> ResponseReturnValue:
    """Keep the scores of a self-report."""
    form = SelfReportForm()
    reports_of(actor(), client_id, now=g.now)
    if form.validate():
        try:
            record_self_report(
                actor=actor(),
                client_id=client_id,
                day=needed(form.day.data),
                report=form.report(),
                items=form.items(),
                now=g.now,
            )
        except NotPossible as refused:
            transactions.abandon()
            blame(form, refused, {number: f"item_{number}" for number in ITEMS})
        else:
            flash("Saved.", "success")
            return redirect(url_for("risk.self_reports", client_id=client_id))
    return _reports_page(client_id, form), 422


@risk.post("/self-reports/<int:self_report_id>/withdraw")
@requires(Permission.SELF_REPORT)
def withdraw_report(self_report_id: int) -> ResponseReturnValue:
    """Take a self-report entered by mistake back."""
    client_id = withdraw_self_report(actor=actor(), report_id=self_report_id, now=g.now)
    flash("Taken back.", "success")
    return redirect(url_for("risk.self_reports", client_id=client_id))


def _monitor_page(
    program_id: int,
    *,
    form: MonitorForm | None = None,
    silent_form: SilentForm | None = None,
    preview: MonitorPreview | None = None,
) -> str:
    found = monitor_view(actor(), program_id, now=g.now)
    if form is None:
        form = MonitorForm(formdata=None)
        form.show(found.policy)
        form.fill_in(request.args)
    if silent_form is None:
        silent_form = SilentForm(formdata=None, data={"silent_until": found.silent_until})
    viewed(AuditKind.MONITOR_VIEWED, subject=("program", program_id))
    tiers = [(words, found.tiers.get(Tier(tier), 0)) for tier, words, _, _ in TILES]
    return render_template(
        "risk/monitor.html",
        found=found,
        form=form,
        silent_form=silent_form,
        tiers=tiers,
        more_numbers=MORE_NUMBERS,
        more_errors=any(form[name].errors for name in form.more_names()),
        about=_about_numbers(found),
        preview=preview,
        rows=[(words, preview.now.get(tier, 0), preview.then.get(tier, 0)) for tier, words, _, _ in TILES]
        if preview
        else [],
    )


def _about_numbers(found: MonitorView) -> dict[str, str]:
    """Return, for each number, its default, where that comes from, and who changed it last."""
    about = {}
    for name, source in SOURCES.items():
        words = f"Default {getattr(found.defaults, name):{PRINTED}} ({source})."
        version = found.changed.get(name)
        if version:
            words += f" Last changed by {version.by} on {day_words(version.from_at)}."
        about[name] = words
    return about


def _reports_page(client_id: int, form: SelfReportForm) -> str:
    found = reports_of(actor(), client_id, now=g.now)
    viewed(AuditKind.CLIENT_VIEWED, client_id=client_id, details={"page": "self-reports"})
    return render_template(
        "risk/self_reports.html", found=found, form=form, items=[form[f"item_{number}"] for number in ITEMS]
    )
