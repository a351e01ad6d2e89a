"""Someone is out: their sessions of some days, each with who could lead it, saved in one go."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.substitutes import substitute
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.queries.choices import leaders_of, site_of
from iop_schedule.queries.substitutes import SessionToLead, sessions_to_lead
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.fields import blame, needed
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.forms.substitutes import KEEP, OutForm, SubstituteForm, choices_of, read_choices
from iop_schedule.web.presenting import count
from iop_schedule.web.refusals import said_in
from iop_schedule.web.security import actor, requires, viewed

substitutes = Blueprint("substitutes", __name__)


@substitutes.get("/program/substitutes")
@requires(Permission.PROGRAM_EDIT)
def choose() -> ResponseReturnValue:
    """Ask who is out; then show their sessions, each with who could lead it."""
    out = _out()
    asked = "leader" in request.args
    lines, status = _lines(out) if asked else ((), 200)
    return _page(out, lines, SubstituteForm(formdata=None), chosen={}), status


@substitutes.post("/program/substitutes")
@requires(Permission.PROGRAM_EDIT)
def save() -> ResponseReturnValue:
    """Let others lead, or cancel, as chosen for each session."""
    out, form = _out(), SubstituteForm()
    lines, status = _lines(out)
    chosen = read_choices(request.form, lines)
    if status == 200 and form.validate():  # noqa: PLR2004 - what was asked for can be answered
        with said_in(form):
            changed = substitute(
                actor=actor(), site_id=_site_id(), leaders=chosen, reason=form.reason.data or "", now=g.now
            )
            flash(
                f"{count(changed, 'session is', 'sessions are')} changed. Everyone expected is told.",
                "success",
            )
            return redirect(url_for("programs.program_week"))
    return _page(out, lines, form, chosen=dict(request.form)), 422


def _site_id() -> int:
    return site_of(actor(), whole_number(request.args.get("site"))).id


def _out() -> OutForm:
    form = OutForm(request.args if "leader" in request.args else None)
    form.offer(leaders_of(_site_id()))
    if "leader" not in request.args:
        form.from_day.data = form.until_day.data = actor().today(g.now)
    return form


def _lines(out: OutForm) -> tuple[Sequence[SessionToLead], int]:
    if not out.validate():
        return (), 422
    try:
        lines = sessions_to_lead(
            actor(),
            site_id=_site_id(),
            leader_id=out.leader.data,
            first=needed(out.from_day.data),
            last=needed(out.until_day.data),
            now=g.now,
        )
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        blame(out, refused, {})
        return (), 422
    clients = [line.client_id for line in lines if line.client_id is not None]
    if clients:
        viewed(AuditKind.PROGRAM_WEEK_VIEWED, site_id=_site_id(), details={"clients": clients})
    return lines, 200


def _page(
    out: OutForm, lines: Sequence[SessionToLead], form: SubstituteForm, *, chosen: Mapping[str, str]
) -> str:
    rows = [
        (line, choices_of(line), chosen.get(f"session-{line.occurrence_id}", str(line.suggested or KEEP)))
        for line in lines
    ]
    asked = "leader" in request.args and not out.errors
    return render_template("programs/substitutes.html", out=out, form=form, rows=rows, asked=asked)
