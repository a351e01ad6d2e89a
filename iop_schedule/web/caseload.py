"""The caseload: whom to contact first, and why, in ten seconds."""

from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.domain.risk.tiers import WHAT_A_TIER_IS
from iop_schedule.queries.caseload import AT_ONCE, CaseFilter, Caseload, CaseRow, Order, Show, caseload
from iop_schedule.queries.session_lines import people_named
from iop_schedule.queries.standstills import news_of_a_standstill
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.outreach import NOT_NOW_REASONS
from iop_schedule.web.security import actor, requires, viewed

cases = Blueprint("caseload", __name__)

Word = TypeVar("Word", bound=StrEnum)

#: The tiles on top, most urgent first: tier, words, tone, icon.
TILES = (
    (Tier.REACH_OUT_TODAY, "Reach out today", "reach", "phone-outgoing"),
    (Tier.REACH_OUT, "Reach out", "reach", "phone"),
    (Tier.CHECK_IN, "Check in this week", "late", "eye"),
    (Tier.NO_ACTION, "On track", "present", "check"),
    (Tier.NOT_SCORED, "Not scored", "excused", "sprout"),
)
SHOWS = (
    (Show.EVERYONE, "Everyone"),
    (Show.EARLY, "First two weeks"),
    (Show.WAITING, "Waiting for a place"),
    (Show.SET_ASIDE, "Not now"),
    (Show.NOT_RECORDED, "Marks missing"),
    (Show.REVIEW, "For clinician review"),
)
ORDERS = (
    (Order.URGENT, "Most urgent first"),
    (Order.NAME, "By name"),
    (Order.SILENT, "Longest without contact"),
)
CONTACT_TIERS = (Tier.REACH_OUT_TODAY, Tier.REACH_OUT, Tier.CHECK_IN)


@cases.get("/caseload")
@requires(Permission.CASELOAD_READ)
def show() -> ResponseReturnValue:
    """Show the people one looks after, most urgent first; filters live in the address."""
    wanted = _wanted()
    found = caseload(actor(), now=g.now, wanted=wanted, at_once=AT_ONCE)
    seen = {row.client_id for row in found.rows}.union(people_named(found.unsigned.oldest))
    viewed(AuditKind.CASELOAD_VIEWED, details={"clients": sorted(seen)})
    # A searched name stays out of other pages' addresses, which are kept in histories and logs.
    back = _address(wanted, q=None, page=wanted.page if wanted.page > 1 and not wanted.search else None)
    return render_template(
        "caseload/caseload.html",
        cases=found,
        stopped=news_of_a_standstill(actor(), now=g.now),
        tiles=_tiles(found, wanted),
        wanted=wanted,
        shows=[(value, words, found.shown[value]) for value, words in SHOWS],
        orders=ORDERS,
        sorts=_sorts(wanted),
        steps={row.client_id: next_step(row, back) for row in found.rows},
        filtered=bool(wanted.tier or wanted.show or wanted.group or wanted.search),
        checks=found.to_contact[Tier.CHECK_IN],
        urgent=found.to_contact[Tier.REACH_OUT_TODAY] + found.to_contact[Tier.REACH_OUT],
        page=_pages(found, wanted),
        here=back,
        not_now_words=dict(NOT_NOW_REASONS),
        what_a_tier_is=WHAT_A_TIER_IS,
    )


@cases.get("/caseload/how")
@requires(Permission.CASELOAD_READ)
def how() -> ResponseReturnValue:
    """Explain how the list is made: inputs, numbers, limits, and how often it is wrong."""
    return render_template("caseload/how.html", policy=MonitorPolicy(), what_a_tier_is=WHAT_A_TIER_IS)


def next_step(row: CaseRow, back: str) -> dict[str, str]:
    """Return the one button that fits the reason: its words, address, look, and whom it is for.

    `back` is where it leads once done.
    """
    client_id = row.client_id
    if row.case.waiting or row.needs_a_time:
        missing = row.case.short_minutes or None
        url = url_for("placement.person", client_id=client_id, minutes=missing)
        return {"words": "Find a time", "url": url, "kind": "primary", "whom": f"for {row.name}"}
    log = url_for("outreach.log", client_id=client_id, back=back)
    if row.tier in CONTACT_TIERS and row.not_now is None:
        urgent = row.tier is not Tier.CHECK_IN
        words = f"Call {row.first_name}" if urgent or row.phone else "Send message"
        return {"words": words, "url": log, "kind": "primary" if urgent else "quiet", "whom": ""}
    return {"words": "Log a contact", "url": log, "kind": "bare", "whom": f"with {row.name}"}


def _wanted() -> CaseFilter:
    asked = request.args
    return CaseFilter(
        tier=_word(Tier, asked.get("tier", "")),
        show=_word(Show, asked.get("show", "")) or Show.EVERYONE,
        group=asked.get("group", "")[:200],
        search=asked.get("q", "")[:80],
        order=_word(Order, asked.get("sort", "")) or Order.URGENT,
        page=asked.get("page", 1, type=int),
    )


def _word(words: type[Word], text: str) -> Word | None:
    try:
        return words(text)
    except ValueError:
        return None


def _address(wanted: CaseFilter, **changed: object) -> str:
    """Return the address of this page with the same filters, but for what has changed."""
    given: dict[str, object] = {
        "tier": wanted.tier,
        "show": wanted.show,
        "group": wanted.group,
        "q": wanted.search,
        "sort": wanted.order,
        **changed,
    }
    kept: dict[str, Any] = {name: value for name, value in given.items() if value}
    return url_for("caseload.show", **kept)


def _sorts(wanted: CaseFilter) -> dict[str, dict[str, object]]:
    """Return the columns one can sort by; the list has one direction for each."""
    columns = (
        ("name", "Client", Order.NAME, "ascending", None),
        ("urgent", "Why they are here", Order.URGENT, "descending", None),
        ("contact", "Last contact", Order.SILENT, "ascending", "hide-t"),
    )
    return {
        key: {
            "label": label,
            "url": _address(wanted, sort=order),
            "direction": direction if order is wanted.order else None,
            "class": css,
        }
        for key, label, order, direction, css in columns
    }


def _pages(found: Caseload, wanted: CaseFilter) -> dict[str, object]:
    number, pages = found.number, found.pages
    return {
        "number": number,
        "pages": pages,
        "total": found.matching,
        "before_url": _address(wanted, page=number - 1) if number > 1 else None,
        "after_url": _address(wanted, page=number + 1) if number < pages else None,
    }


def _tiles(shown: Caseload, wanted: CaseFilter) -> list[dict[str, object]]:
    return [
        {
            "label": words,
            "number": shown.counts[tier],
            "tone": tone,
            "icon": symbol,
            "url": _address(wanted, tier=None if tier is wanted.tier else tier),
            "current": tier is wanted.tier,
        }
        for tier, words, tone, symbol in TILES
    ]
