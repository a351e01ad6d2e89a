"""A placement answer in words and small pictures, as staff read it: plans, obstacles, changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from flask import current_app, url_for

from iop_schedule.domain import placement as rules
from iop_schedule.domain.availability import KIND_WORDS
from iop_schedule.domain.civil_time import BOTH_WEEKS, DAY_NAMES, first_week, weeks_in_words, weeks_label
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.queries.placement import BlockedView, MeetingView, PlacementView, PlanView, PlanWeek, WayOut
from iop_schedule.queries.placement_dates import Missed
from iop_schedule.queries.placement_offers import OfferedSession
from iop_schedule.queries.placement_problem import SESSION
from iop_schedule.vocabulary import ConstraintKind, Modality, Role, ServiceType, Weekday, WeekParity
from iop_schedule.web.forms.chosen_places import place_text
from iop_schedule.web.forms.programs import SERVICE_WORDS
from iop_schedule.web.presenting import MIDNIGHT, count, day_label, duration, hours, listed, span
from iop_schedule.web.wish_words import wish_reasons

#: Dates on which a plan does not hold that are named; the others are counted.
DATES_NAMED = 4


@dataclass(frozen=True, slots=True)
class MiniDay:
    """One column of a mini week: its letter, the person's own times, the sessions. Minutes of the day."""

    letter: str
    own: tuple[tuple[int, int], ...]
    sessions: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class MeetingWords:
    """One meeting in words."""

    series_id: int
    day: str
    time: str
    group: str
    where: str
    leader: str
    #: `weeks of Nov 30, Dec 14…`; empty for every week.
    weeks: str = ""


@dataclass(frozen=True, slots=True)
class WeekWords:
    """One week of a plan in words and as a picture."""

    #: `Weeks of Nov 30, Dec 14…`; empty when it is the same each week.
    label: str
    days: str
    meetings: tuple[MeetingWords, ...]
    #: An icon and what it stands beside.
    reasons: tuple[tuple[str, str], ...]
    picture: tuple[MiniDay, ...]


@dataclass(frozen=True, slots=True)
class PlanWords:
    """One plan in words: a week, or two that alternate."""

    headline: str
    #: For screen readers and button texts: `Monday, Wednesday and Friday`.
    days: str
    weeks: tuple[WeekWords, ...]
    #: As forms carry them.
    places: tuple[str, ...]
    is_current: bool


@dataclass(frozen=True, slots=True)
class BlockedGroup:
    """One group that cannot be used, with what stands in the way and the nearest change that would help."""

    name: str
    where: str
    #: Each with the days it is about: `Mon, Tue: overlaps work (store shift), 1:30 pm to 9:30 pm`.
    lines: tuple[str, ...]
    unlock: str


@dataclass(frozen=True, slots=True)
class WayWords:
    """Changes that would give a week; each with the address of the page where it is made, if any."""

    changes: tuple[tuple[str, str], ...]
    plan: PlanWords


def meeting_words(meeting: MeetingView, day: date | None = None) -> MeetingWords:
    """Return one meeting in words; with `day`, in which weeks from then on, if not in each."""
    return MeetingWords(
        series_id=meeting.series_id,
        day=DAY_NAMES[meeting.weekday],
        time=span(meeting.start_minute, meeting.end_minute),
        group=meeting.group_name,
        where=f"{meeting.room}, {meeting.program_name}",
        leader=meeting.leader,
        weeks=weeks_in_words(meeting.week, day) if day else "",
    )


def plan_words(plan: PlanView, shown: PlacementView) -> PlanWords:
    """Return one plan in words, the strongest reasons first."""
    weeks = tuple(_week_words(week, plan, shown) for week in plan.weeks)
    return PlanWords(
        headline=listed(dict.fromkeys(m.group_name for m in plan.meetings)),
        days="; ".join(f"{one.label}: {one.days}" if one.label else one.days for one in weeks),
        weeks=weeks,
        places=tuple(place_text(series_id, week) for series_id, week in plan.places.items()),
        is_current=bool(shown.places) and plan.places == shown.places,
    )


def _week_words(week: PlanWeek, plan: PlanView, shown: PlacementView) -> WeekWords:
    reasons = _reasons(week)
    if week is plan.weeks[0]:
        reasons += _reasons_of_all(plan)
    return WeekWords(
        label=weeks_label(week.week, shown.from_day),
        days=listed(dict.fromkeys(DAY_NAMES[m.weekday] for m in week.meetings)),
        meetings=tuple(meeting_words(meeting) for meeting in week.meetings),
        reasons=tuple(reasons),
        picture=mini_week(week.meetings, shown.own_in[week.week]),
    )


def _reasons_of_all(plan: PlanView) -> list[tuple[str, str]]:
    reasons = []
    if plan.spares_seats:
        reasons.append(("hand-heart", "Leaves seats to people who can only come then"))
    if plan.missed:
        reasons.append(("calendar-x", _missed_words(plan.missed)))
    return reasons


def _reasons(plan: PlanWeek) -> list[tuple[str, str]]:
    facts = plan.facts
    reasons = [("target", f"{hours(facts.minutes)} of {hours(facts.dose_minutes)} hours")]
    reasons.append(("calendar-days", count(len(facts.days), "day a week", "days a week")))
    if facts.nearest_gap:
        gap = facts.nearest_gap
        reasons.append(("clock", f"{duration(gap.minutes)} to spare beside {own_words(gap.commitment)}"))
    else:
        reasons.append(("clock", "No overlap with their own times"))
    reasons += wish_reasons(plan)
    if facts.same_counselor and not facts.wishes.with_counselor:
        reasons.append(("user-round", f"Same counselor each time: {plan.meetings[0].leader}"))
    if facts.evenings:
        reasons.append(("moon", count(facts.evenings, "evening", "evenings")))
    for _, commitment in facts.soft_overlaps:
        reasons.append(("triangle-alert", f"Overlaps {own_words(commitment)}, which they would rather keep"))
    scarce = [DAY_NAMES[m.weekday] for m in plan.meetings if m.is_scarce and not m.is_current]
    if scarce:
        reasons.append(("hourglass", f"Takes a scarce seat on {listed(dict.fromkeys(scarce))}"))
    fewest = min((left for _, left in facts.seats_left_after), default=0)
    left = "No seat" if fewest == 0 else count(fewest, "seat", "seats")
    reasons.append(("armchair", f"{left} left in the fullest session afterwards"))
    if facts.kept or facts.dropped:
        reasons.append(("repeat", _changes_from_today(facts)))
    return reasons


def _changes_from_today(facts: rules.WeekFacts) -> str:
    if not facts.added and not facts.dropped:
        return "Nothing changes for them"
    kept = f"Keeps {len(facts.kept)} of their sessions" if facts.kept else "Keeps none of their sessions"
    changed = [f"starts {len(facts.added)}"] if facts.added else []
    changed += [f"ends {len(facts.dropped)}"] if facts.dropped else []
    return f"{kept}, {listed(changed)}"


def _missed_words(missed: Sequence[Missed]) -> str:
    """Return the dates on which a plan does not hold, the first few by name."""
    dates = count(len(missed), "date", "dates")
    named = "; ".join(f"{day_label(one.day)}: {one.why}" for one in missed[:DATES_NAMED])
    more = f"; and {len(missed) - DATES_NAMED} more" if len(missed) > DATES_NAMED else ""
    return f"Does not hold on {dates} in 12 weeks ({named}{more}). Each can be made up."


def mini_week(
    meetings: Iterable[MeetingView], own: Mapping[Weekday, tuple[tuple[str, Interval[int]], ...]]
) -> tuple[MiniDay, ...]:
    """Return the columns Monday to Friday of a mini week."""
    chosen = list(meetings)
    return tuple(
        MiniDay(
            letter=DAY_NAMES[weekday][:2],
            own=tuple((i.start, i.end) for _, i in own.get(weekday, ())),
            sessions=tuple((m.start_minute, m.end_minute) for m in chosen if m.weekday == weekday),
        )
        for weekday in Weekday
        if weekday.is_treatment_day
    )


def offered_words(option: Iterable[OfferedSession], day: date) -> str:
    """Return when one offered week is: `Monday 9:00 am to 12:00 pm and …`; of every other week, which."""
    return listed(
        f"{DAY_NAMES[one.weekday]} {span(one.start_minute, one.end_minute)}"
        + (f" ({weeks_in_words(one.week, day)})" if one.week is not WeekParity.EVERY else "")
        for one in option
    )


def own_lines(shown: PlacementView) -> list[tuple[str, list[str]]]:
    """Return what each treatment day of the person's week holds, with the weeks where it is not in each."""
    lines = []
    for weekday, stretches in shown.own.items():
        if weekday.is_treatment_day:
            own = [f"{title}, {span(i.start, i.end)}{_weeks_of_own(shown, weekday, (title, i))}"
                   for title, i in stretches]  # fmt: skip
            lines.append((DAY_NAMES[weekday], own))
    return lines


def _weeks_of_own(shown: PlacementView, weekday: Weekday, stretch: tuple[str, Interval[int]]) -> str:
    weeks = [week for week in BOTH_WEEKS if stretch in shown.own_in[week].get(weekday, ())]
    return f", {weeks_in_words(weeks[0], shown.from_day)}" if len(weeks) == 1 else ""


def own_words(commitment: rules.Commitment) -> str:
    """Return what staff call a commitment of the person: `work (store shift)`, `their one-to-one`."""
    if commitment.kind == SESSION:
        return f"their {commitment.label}"
    kind = KIND_WORDS[ConstraintKind(commitment.kind)].lower()
    return f"{kind} ({commitment.label})" if commitment.label else kind


def blocked_groups(shown: PlacementView) -> list[BlockedGroup]:
    """Return what keeps each group out, one entry a group, in the order of their names."""
    found = []
    for _, own in groupby(shown.blocked, key=lambda b: (b.meeting.group_name, b.meeting.group_id)):
        blocked = list(own)
        first = blocked[0].meeting
        found.append(
            BlockedGroup(
                name=first.group_name,
                where=f"{first.room}, {first.program_name}",
                lines=tuple(_obstacles(blocked, shown)),
                unlock=_unlock(blocked, shown),
            )
        )
    return found


def _obstacles(blocked: list[BlockedView], shown: PlacementView) -> list[str]:
    """Return each thing in the way once, with the days it is about."""
    days: dict[str, dict[str, None]] = {}
    for one in blocked:
        for block in one.blocks:
            words = _rule_words(block, shown)
            days.setdefault(words, {})[DAY_NAMES[one.meeting.weekday][:3]] = None
    return [f"{', '.join(names)}: {words}" for words, names in days.items()]


def _rule_words(block: rules.Blocked, shown: PlacementView) -> str:
    commitment = block.commitment
    if commitment is None:
        return _RULE_WORDS.get(block.rule, "does not fit")
    behind = shown.behind.get(commitment)
    start, end = (commitment.start, commitment.end)
    if behind is not None:
        # As it was entered: without its travel, and beyond midnight.
        start, end = behind.start_minute, (behind.end_minute - 1) % MIDNIGHT + 1
    return f"overlaps {own_words(commitment)}, {span(start, end)}{_often(commitment, shown)} (travel counted)"


def _often(commitment: rules.Commitment, shown: PlacementView) -> str:
    """Return in which weeks a commitment stands, when it is not in each."""
    if commitment.week is WeekParity.EVERY:
        return ""
    first = first_week(commitment.week, shown.from_day) + timedelta(days=commitment.weekday)
    return f", every other week from {first:%b} {first.day}"


_RULE_WORDS = {
    rules.Rule.LEVEL: "at another level of care",
    rules.Rule.LANGUAGE: "held in a language they do not speak",
    rules.Rule.GENDER: "for another gender",
    rules.Rule.MODALITY: "they cannot attend that way (in person or online)",
    rules.Rule.SEATS: "full",
    rules.Rule.DAY_TOO_LONG: "longer than their day allows",
    rules.Rule.DOSE_OVER: "more than their dose allows",
    rules.Rule.WHOLE_GROUP: "the group is taken whole, and another meeting of it does not fit",
}


def _unlock(blocked: list[BlockedView], shown: PlacementView) -> str:
    """Return the cheapest change that opens a meeting of the group."""
    openable = [one for one in blocked if one.unlocked_by]
    if not openable:
        return "Nothing that could be changed"
    nearest = min(openable, key=lambda one: sum(change.cost for change in one.unlocked_by))
    words = listed(change_words(change, shown, with_day=False) for change in nearest.unlocked_by)
    return f"{DAY_NAMES[nearest.meeting.weekday]}, if {words}"


def change_words(change: rules.Change, shown: PlacementView, *, with_day: bool = True) -> str:
    """Return a change as a clause: `work (store shift) on Monday ended 30 min earlier`."""
    if change.commitment is not None:
        day = f" on {DAY_NAMES[change.commitment.weekday]}" if with_day else ""
        return f"{own_words(change.commitment)}{day} {_gives_way(change)}"
    if change.meeting is not None:
        meeting = shown.meetings[change.meeting]
        seats = "one seat more" if change.amount == 1 else f"{change.amount} seats more"
        where = f" in {meeting.group_name} on {DAY_NAMES[meeting.weekday]}" if with_day else ""
        return f"there were {seats}{where}"
    if change.modality is not None:
        return "they could attend " + ("online" if change.modality is Modality.TELEHEALTH else "in person")
    if change.kind is rules.ChangeKind.DOSE:
        return f"{count(change.amount // 60, 'hour', 'hours')} less a week were enough"
    if change.kind is rules.ChangeKind.DAYS:
        return f"{count(change.amount, 'day', 'days')} less a week were enough"
    return f"a week without {_service(change.service_type)} were enough"


def _service(word: str | None) -> str:
    return SERVICE_WORDS[ServiceType(word)].lower() if word else "it"


def _gives_way(change: rules.Change) -> str:
    commitment, freed = change.commitment, change.freed
    if commitment is None:
        return ""
    week = "" if commitment.week is WeekParity.EVERY else " every other week"
    start, end = freed[0][0], freed[-1][1]
    if len(freed) > 1 or (start > commitment.start and end < commitment.end):
        return f"left {listed(span(s, e) for s, e in freed)} free{week}"
    if (start, end) == (commitment.start, commitment.end):
        return f"were at another time{week}"
    if start == commitment.start:
        return f"started {duration(end - start)} later{week}"
    return f"ended {duration(end - start)} earlier{week}"


def way_words(way: WayOut, shown: PlacementView, role: Role) -> WayWords:
    """Return a way out in words, each change with the page where it can be made."""
    changes = tuple((change_words(one, shown), _where_to_change(one, shown, role)) for one in way.changes)
    return WayWords(changes, plan_words(way.plan, shown))


def _where_to_change(change: rules.Change, shown: PlacementView, role: Role) -> str:
    behind = shown.behind.get(change.commitment) if change.commitment is not None else None
    if behind is not None and behind.id is not None:
        return url_for("availability.their_change", client_id=shown.client_id, commitment_id=behind.id)
    if change.meeting is not None:
        group = shown.meetings[change.meeting].group_id
        may_edit = holds(role, Permission.PROGRAM_EDIT)
        return url_for("programs.edit_group" if may_edit else "programs.group", group_id=group)
    if change.kind is rules.ChangeKind.MODALITY and "people.edit_client" in current_app.view_functions:
        return url_for("people.edit_client", client_id=shown.client_id)
    return url_for("people.client", client_id=shown.client_id)


_CLASH_WORDS = {
    rules.ClashKind.DOSE: "the prescribed hours",
    rules.ClashKind.DAYS: "the number of days",
    rules.ClashKind.DAY_LENGTH: "the most hours a day",
    rules.ClashKind.SEATS: "groups without an open seat",
    rules.ClashKind.MODALITY: "how they can attend",
    rules.ClashKind.LANGUAGE: "the language of the groups",
    rules.ClashKind.GENDER: "whom the groups are for",
}


def clash_words(clash: rules.Clash, shown: PlacementView) -> str:
    """Return one part of what cannot all be had."""
    if clash.commitment is not None:
        one = clash.commitment
        return f"{own_words(one)} on {DAY_NAMES[one.weekday]}, {span(one.start, one.end)}{_often(one, shown)}"
    if clash.service_type is not None:
        return f"at least one session of {_service(clash.service_type)}"
    return _CLASH_WORDS[clash.kind]
