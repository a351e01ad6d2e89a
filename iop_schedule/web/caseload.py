"""The caseload: whom to contact first, and why, in ten seconds."""

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.domain.risk.tiers import WHAT_A_TIER_IS
from iop_schedule.queries.caseload import Caseload, caseload
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.security import actor, requires, viewed

cases = Blueprint("caseload", __name__)

#: The tiles on top, most urgent first: tier, words, tone, icon.
TILES = (
    (Tier.REACH_OUT_TODAY, "Reach out today", "reach", "phone-outgoing"),
    (Tier.REACH_OUT, "Reach out", "reach", "phone"),
    (Tier.CHECK_IN, "Check in", "late", "eye"),
    (Tier.NO_ACTION, "On track", "present", "check"),
    (Tier.NOT_SCORED, "Not scored", "excused", "sprout"),
)


@cases.get("/caseload")
@requires(Permission.CASELOAD_READ)
def show() -> ResponseReturnValue:
    """Show the people one looks after, most urgent first; filters live in the address."""
    tier = _tier(request.args.get("tier", ""))
    group, search = request.args.get("group", ""), request.args.get("q", "")[:80]
    by_name = request.args.get("sort") == "name"
    shown = caseload(actor(), now=g.now, tier=tier, group=group, search=search, by_name=by_name)
    viewed(AuditKind.CASELOAD_VIEWED, details={"clients": [row.client_id for row in shown.rows]})
    return render_template(
        "caseload/caseload.html",
        cases=shown,
        tiles=_tiles(shown, tier),
        tier=tier,
        group=group,
        search=search,
        by_name=by_name,
        filtered=bool(tier or group or search),
        what_a_tier_is=WHAT_A_TIER_IS,
    )


def _tier(text: str) -> Tier | None:
    try:
        return Tier(text)
    except ValueError:
        return None


def _tiles(shown: Caseload, current: Tier | None) -> list[dict[str, object]]:
    return [
        {
            "label": words,
            "number": shown.counts[tier],
            "tone": tone,
            "icon": symbol,
            "url": url_for("caseload.show", tier=None if tier is current else tier.value),
            "current": tier is current,
        }
        for tier, words, tone, symbol in TILES
    ]
