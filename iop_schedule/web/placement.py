"""Placing one person: plans that fit their week, and why each other meeting does not."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions.placement import place
from iop_schedule.domain import placement as rules
from iop_schedule.domain.availability import KIND_WORDS, in_words
from iop_schedule.domain.civil_time import wall_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotFound
from iop_schedule.queries.placement import BlockedView, MeetingView, PlacementView, PlanView, placement_for
from iop_schedule.vocabulary import AuditKind, ConstraintKind
from iop_schedule.web.forms.days import parse_day
from iop_schedule.web.presenting import clock_time, count, duration, hours
from iop_schedule.web.security import actor, requires, viewed

placement = Blueprint("placement", __name__)

#: Digits of the largest id both databases keep.
LONGEST_ID = 9

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@placement.get("/clients/<int:client_id>/place")
@requires(Permission.PLACEMENT_READ)
def person(client_id: int) -> ResponseReturnValue:
    """Show the plans for one person from a day on."""
    return _page(client_id, parse_day(request.args.get("from", "")))


@placement.post("/clients/<int:client_id>/place")
@requires(Permission.PLACEMENT_DECIDE)
def decide(client_id: int) -> ResponseReturnValue:
    """Give the person the chosen places; what cannot be is said, and nothing is changed."""
    day = parse_day(request.form.get("from", ""))
    if day is None:
        return _page(client_id, None, problem="Enter the first day, like 11/27/2026."), 422
    try:
        place(actor=actor(), client_id=client_id, series_ids=_chosen(), from_day=day, now=g.now)
    except NotFound:
        raise
    except DomainError as refused:
        return _page(client_id, day, problem=refused.message), refused.status
    flash("Placed. The sessions are on their schedule.", "success")
    return redirect(url_for("placement.person", client_id=client_id))


def _chosen() -> list[int]:
    texts = request.form.getlist("meeting")
    if not all(text.isdecimal() and len(text) <= LONGEST_ID for text in texts):
        raise NotFound
    return [int(text) for text in texts]


def _page(client_id: int, day: date | None, *, problem: str = "") -> str:
    shown = placement_for(actor(), client_id, from_day=day, now=g.now)
    viewed(AuditKind.PLACEMENT_VIEWED, client_id=client_id)
    return render_template(
        "placement/person.html",
        shown=shown,
        problem=problem,
        plans=[_plan(plan, shown) for plan in shown.plans],
        blocked=[(_words(b.meeting), _because(b, shown)) for b in shown.blocked],
        also_fit=[_words(meeting) for meeting in shown.also_fit],
        current=[_words(meeting) for meeting in shown.current],
        own=[
            (DAY_NAMES[weekday], [f"{title}, {_span(i.start, i.end)}" for title, i in stretches])
            for weekday, stretches in shown.own.items()
            if weekday.is_treatment_day
        ],
    )


@dataclass(frozen=True, slots=True)
class MeetingWords:
    """One meeting in words."""

    series_id: int
    day: str
    time: str
    group: str
    where: str
    leader: str
    seats: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class PlanWords:
    """One plan in words."""

    headline: str
    meetings: tuple[MeetingWords, ...]
    reasons: tuple[tuple[str, str], ...]
    is_current: bool


def _span(start: int, end: int) -> str:
    return f"{clock_time(wall_time(start))} to {clock_time(wall_time(end))}"


def _words(meeting: MeetingView) -> MeetingWords:
    seats = (
        "no seat left" if meeting.seats_left <= 0 else f"{count(meeting.seats_left, 'seat', 'seats')} left"
    )
    return MeetingWords(
        series_id=meeting.series_id,
        day=DAY_NAMES[meeting.weekday],
        time=_span(meeting.start_minute, meeting.end_minute),
        group=meeting.group_name,
        where=f"{meeting.room}, {meeting.program_name}",
        leader=meeting.leader,
        seats=seats,
        is_current=meeting.is_current,
    )


def _plan(plan: PlanView, shown: PlacementView) -> PlanWords:
    facts = plan.facts
    reasons = [("target", f"{hours(facts.minutes)} of {hours(facts.dose_minutes)} hours")]
    reasons.append(("calendar-days", count(len(facts.days), "day a week", "days a week")))
    if facts.nearest_gap:
        gap = facts.nearest_gap
        reasons.append(("clock", f"{duration(gap.minutes)} to spare beside {_own(gap.commitment)}"))
    else:
        reasons.append(("clock", "No overlap with their own times"))
    if facts.same_counselor:
        reasons.append(("user-round", f"Same counselor each time: {plan.meetings[0].leader}"))
    if facts.evenings:
        reasons.append(("moon", count(facts.evenings, "evening", "evenings")))
    for _, commitment in facts.soft_overlaps:
        reasons.append(("triangle-alert", f"Overlaps {_own(commitment)}, which they would rather keep"))
    fewest = min((left for _, left in facts.seats_left_after), default=0)
    reasons.append(("armchair", f"{count(fewest, 'seat', 'seats')} left in the fullest session afterwards"))
    if facts.kept and facts.added:
        reasons.append(("repeat", f"Keeps {len(facts.kept)}, changes {len(facts.added)} of their sessions"))
    groups = list(dict.fromkeys(m.group_name for m in plan.meetings))
    return PlanWords(
        headline=" and ".join(groups),
        meetings=tuple(_words(meeting) for meeting in plan.meetings),
        reasons=tuple(reasons),
        is_current=bool(shown.current) and not facts.added and not facts.dropped,
    )


def _own(commitment: rules.Commitment) -> str:
    return commitment.label or KIND_WORDS[ConstraintKind(commitment.kind)].lower()


def _because(blocked: BlockedView, shown: PlacementView) -> list[str]:
    words = [f"overlaps their {blocked.own_session}"] if blocked.own_session else []
    seen: dict[str, None] = dict.fromkeys(words)
    for block in blocked.blocks:
        seen[_rule_words(block, shown)] = None
    return list(seen)


def _rule_words(block: rules.Blocked, shown: PlacementView) -> str:
    if block.commitment is not None:
        own = in_words(shown.behind[block.commitment])
        return f"overlaps {own[:1].lower()}{own[1:]} (travel counted)"
    return _RULE_WORDS.get(block.rule, "does not fit")


_RULE_WORDS = {
    rules.Rule.LANGUAGE: "held in a language they do not speak",
    rules.Rule.GENDER: "for another gender",
    rules.Rule.MODALITY: "they cannot attend that way (in person or online)",
    rules.Rule.SEATS: "full",
    rules.Rule.DAY_TOO_LONG: "longer than their day allows",
    rules.Rule.DOSE_OVER: "more than their dose allows",
    rules.Rule.WHOLE_GROUP: "the group is taken whole, and another meeting of it does not fit",
}
