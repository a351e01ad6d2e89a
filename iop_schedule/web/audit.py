"""The audit trail: who saw and changed what. Read-only."""

from typing import Any

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.audit_export import export_trail
from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.audit import AuditFilter, audit_page, kinds
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.audit import AuditFilterForm
from iop_schedule.web.security import actor, requires, viewed

audit = Blueprint("audit", __name__)


@audit.get("/audit")
@requires(Permission.AUDIT_READ)
def trail() -> ResponseReturnValue:
    """Show the trail of the administrator's own sites, newest first; the filters live in the address."""
    form = AuditFilterForm(request.args)
    fine = form.validate()
    wanted = form.value() if fine else AuditFilter()
    page = audit_page(actor(), wanted)
    form.offer(staff=page.staff, clients=page.clients, kinds=kinds())
    viewed(AuditKind.AUDIT_VIEWED, details={"rows": len(page.lines), "filters": sorted(_filters(form))})
    filters = _filters(form)
    return render_template(
        "audit/trail.html",
        form=form,
        page=page,
        filtered=bool(filters),
        newest_url=url_for("audit.trail", **filters) if wanted.before_id else None,
        older_url=url_for("audit.trail", **filters, before=page.older_than) if page.older_than else None,
        export_url=url_for("audit.export", **filters),
    ), (200 if fine else 422)


@audit.get("/audit.csv")
@requires(Permission.AUDIT_READ)
def export() -> ResponseReturnValue:
    """Hand out what the filters show as a file; the trail keeps that it was."""
    form = AuditFilterForm(request.args)
    wanted = form.value() if form.validate() else AuditFilter()
    file = "".join(export_trail(actor=actor(), wanted=wanted, now=g.now))
    headers = {"Content-Disposition": 'attachment; filename="records.csv"'}
    return Response(file, mimetype="text/csv", headers=headers)


def _filters(form: AuditFilterForm) -> dict[str, Any]:
    """Return the filters in use as they stand in the address; the page is not one of them."""
    return {
        name: request.args[name]
        for name in ("who", "what", "client", "since", "until")
        if request.args.get(name) and not form[name].errors
    }
