"""One client's hours, program week by program week, with the sessions behind every number."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from iop_schedule.domain.permissions import Permission
from iop_schedule.queries.frequency import client_frequency
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.days import parse_day
from iop_schedule.web.security import actor, requires, viewed

frequency = Blueprint("frequency", __name__)

#: Weeks on the page, the current one included.
WEEKS_SHOWN = 12


@frequency.get("/clients/<int:client_id>/attendance")
@requires(Permission.ATTENDANCE_READ)
def client(client_id: int) -> ResponseReturnValue:
    """Show what was delivered against what was offered and prescribed, as of today or any past day."""
    as_recorded = request.args.get("recorded") == "then"
    shown = client_frequency(
        actor(),
        client_id,
        weeks=WEEKS_SHOWN,
        now=g.now,
        as_of=parse_day(request.args.get("as_of", "")),
        as_recorded=as_recorded,
    )
    viewed(AuditKind.CLIENT_VIEWED, client_id=client_id, details={"page": "attendance"})
    return render_template("frequency/client.html", shown=shown, as_recorded=as_recorded)
