"""One client's report, the consents to hand it out, and the accounting of what was handed out."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.disclosures import allow_disclosure, issue_report, revoke_disclosure
from iop_schedule.domain.engagement.client_report import REDISCLOSURE_NOTICE, day_words
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.queries.engagement.clients import client_report
from iop_schedule.queries.engagement.disclosures import disclosures_of, issued_report
from iop_schedule.queries.engagement.program import latest_span
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.fields import blame
from iop_schedule.web.forms.reports import ConsentForm, IssueForm, SpanForm
from iop_schedule.web.security import actor, requires, viewed

disclosures = Blueprint("disclosures", __name__)

USUAL_WEEKS = 12


@disclosures.get("/clients/<int:client_id>/report")
@requires(Permission.REPORTS_READ)
def report(client_id: int) -> ResponseReturnValue:
    """Show one client's hours over some weeks as a report would say them."""
    return _report_page(client_id, IssueForm())


@disclosures.post("/clients/<int:client_id>/report")
@requires(Permission.DISCLOSE)
def issue(client_id: int) -> ResponseReturnValue:
    """Keep the report as it goes out under a consent, and write the line of the accounting."""
    form, span = IssueForm(), _span_form()
    form.offer(_consents(client_id))
    if form.validate() and span.validate():
        try:
            issued = issue_report(
                actor=actor(),
                client_id=client_id,
                consent_id=form.chosen(),
                span=span.span(),
                now=g.now,
            )
        except NotFound:
            raise
        except NotPossible as refused:
            blame(form, refused, {})
        else:
            flash("The report is kept as it goes out, and the disclosure is recorded.", "success")
            return redirect(url_for("disclosures.issued", client_id=client_id, issued_id=issued.id))
    return _report_page(client_id, form)


def _report_page(client_id: int, form: IssueForm) -> ResponseReturnValue:
    span = _span_form()
    fine = span.validate()
    shown = client_report(actor(), client_id, span.span(), now=g.now)
    may_disclose = holds(actor().role, Permission.DISCLOSE)
    consents = _consents(client_id) if may_disclose else []
    form.offer(consents)
    viewed(AuditKind.CLIENT_VIEWED, client_id=client_id, details={"page": "report"})
    page = render_template(
        "engagement/client.html",
        shown=shown,
        span_form=span,
        form=form,
        may_disclose=may_disclose,
        has_consent=bool(consents),
        query={name: request.args[name] for name in ("since", "until") if request.args.get(name)},
        notice=REDISCLOSURE_NOTICE,
    )
    return page, 200 if fine and not form.errors else 422


def _span_form() -> SpanForm:
    return SpanForm(request.args, usual=latest_span(actor(), weeks=USUAL_WEEKS, now=g.now))


def _consents(client_id: int) -> list[tuple[int, str]]:
    found = disclosures_of(actor(), client_id, now=g.now).usable
    return [(c.id, f"{c.recipient}: {c.purpose} (until {day_words(c.expires_on)})") for c in found]


@disclosures.get("/clients/<int:client_id>/reports/<int:issued_id>")
@requires(Permission.DISCLOSE)
def issued(client_id: int, issued_id: int) -> ResponseReturnValue:
    """Show a report exactly as it was handed out, ready for paper."""
    shown = issued_report(actor(), client_id, issued_id, now=g.now)
    viewed(AuditKind.REPORT_VIEWED, client_id=client_id, subject=("issued_report", issued_id))
    return render_template("engagement/issued.html", shown=shown, notice=REDISCLOSURE_NOTICE)


@disclosures.get("/clients/<int:client_id>/disclosures")
@requires(Permission.DISCLOSE)
def accounting(client_id: int) -> ResponseReturnValue:
    """Show consents and what was disclosed."""
    return _accounting_page(client_id, ConsentForm())


@disclosures.post("/clients/<int:client_id>/disclosures")
@requires(Permission.DISCLOSE)
def allow(client_id: int) -> ResponseReturnValue:
    """Record a consent the client has signed."""
    form = ConsentForm()
    disclosures_of(actor(), client_id, now=g.now)
    if form.validate():
        try:
            allow_disclosure(actor=actor(), client_id=client_id, details=form.details(), now=g.now)
        except NotFound:
            raise
        except NotPossible as refused:
            blame(form, refused, {})
        else:
            flash("The consent is recorded.", "success")
            return redirect(url_for("disclosures.accounting", client_id=client_id))
    return _accounting_page(client_id, form)


@disclosures.post("/clients/<int:client_id>/disclosures/<int:consent_id>/revoke")
@requires(Permission.DISCLOSE)
def revoke(client_id: int, consent_id: int) -> ResponseReturnValue:
    """Record that the client takes a consent back."""
    revoke_disclosure(actor=actor(), client_id=client_id, consent_id=consent_id, now=g.now)
    flash("The consent is revoked. Nothing more goes out under it.", "success")
    return redirect(url_for("disclosures.accounting", client_id=client_id))


def _accounting_page(client_id: int, form: ConsentForm) -> ResponseReturnValue:
    shown = disclosures_of(actor(), client_id, now=g.now)
    viewed(AuditKind.DISCLOSURES_VIEWED, client_id=client_id)
    page = render_template("engagement/disclosures.html", shown=shown, form=form)
    return page, 422 if form.errors else 200
