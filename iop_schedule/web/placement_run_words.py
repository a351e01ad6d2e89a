"""Placement runs in words: what is in a person's way, what would help, how a run stands."""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from iop_schedule.domain.availability import KIND_WORDS
from iop_schedule.domain.civil_time import DAY_NAMES, wall_time, weeks_in_words
from iop_schedule.domain.placement import Because
from iop_schedule.queries.placement_endings import Outside
from iop_schedule.queries.placement_runs import MeetingLine, ProposalLine, RunLine, RunView
from iop_schedule.vocabulary import (
    ConstraintKind,
    PlacementAim,
    ProposalKind,
    ProposalState,
    RunKind,
    RunState,
    Weekday,
    WeekParity,
)
from iop_schedule.web.forms.placement_runs import AIM_WORDS
from iop_schedule.web.presenting import SHORT_DAY_NAMES, clock_time, count, day_label, listed, span

#: A commitment as plans name it, such as `work MO 07:00-15:30 week A`.
_COMMITMENT = re.compile(r"(\w+) (MO|TU|WE|TH|FR|SA|SU) (\d\d):(\d\d)-(\d\d):(\d\d)(?: week ([AB]))?")
#: A change as plans name it, such as `work MO ends 30 min earlier` or `one seat more in 17`.
_GIVES_WAY = re.compile(r"(\w+) (MO|TU|WE|TH|FR|SA|SU) (.+)")
_MORE_SEATS = re.compile(r"(.+) more in (\d+)")
_WEEKS = re.compile(r" in ([AB]) weeks")
_FREED = re.compile(r"(\d\d):(\d\d)")

_RULES = {
    "seats": "No seat is free in the sessions that fit",
    "dose": "The sessions that fit do not add up to the prescribed hours",
    "days": "They do not fall on enough days",
    "day_length": "Days would become too long",
    "modality": "In person or online: the other sessions are the other way",
    "language": "The other sessions are in another language",
    "gender": "The other sessions are for another gender",
    "points": "A week would fit, but it would cost more than it brings",
}
_SESSION = "Another session of theirs"

STEP_WORDS = {
    "start": "Getting ready",
    "first plan": "A first plan",
    "prices": "Weighing weeks against each other",
    "rounded": "Looking for better plans",
    "dived": "Looking for better plans",
    "halved": "Proving how good it is",
    "chosen": "Choosing the best combination",
    "whole problem": "Proving how good it is",
}

KIND_LABELS = {
    ProposalKind.PLACE: "First place",
    ProposalKind.COMPLETE: "Whole week",
    ProposalKind.MOVE: "Moves",
    ProposalKind.ONE_TO_ONE: "One-to-one",
    ProposalKind.ENDS: "Loses sessions",
}

#: Why somebody is in no plan, or what became of what was proposed to them.
WHY_WORDS: Mapping[Outside | ProposalState, str] = {
    Outside.NOT_ENROLLED: "in no program",
    Outside.ELSEWHERE: "in another program",
    Outside.ON_HOLD: "on hold",
    Outside.AWAY: "away",
    Outside.NO_DOSE: "no hours prescribed",
    Outside.CHANGED: "their places or care have changed since",
    ProposalState.APPLIED: "their places have changed since",
    ProposalState.DECLINED: "their week was left as it is",
    ProposalState.STALE: "their places have changed since",
    ProposalState.UNDONE: "their new week was taken back",
}


_REPAIRS = {
    PlacementAim.STAY: "Plan anew, moving nobody else",
    PlacementAim.REACH: "Plan anew, moving a few others if it helps",
}


def run_title(line: RunLine) -> str:
    """Return what a run is called."""
    if line.kind is RunKind.REPAIR:
        return _REPAIRS[line.aim]
    if line.kind is RunKind.OPENINGS:
        return "Which groups to open"
    if line.kind is RunKind.ONE_TO_ONE:
        return "One-to-ones"
    return AIM_WORDS[line.aim]


def repair_words(view: RunView) -> str:
    """Return what a repair means for how many; empty for other runs."""
    told = view.line.summary.get("repair")
    if not told:
        return ""
    touched, others = (count(told[key], "person", "people") for key in ("affected", "moved"))
    moved = f", {others} whose week works would move" if told["moved"] else ""
    return (
        f"The change touches {touched}. {told['lost']} of them would be left without a whole week{moved}."
        " Nobody else loses a place."
    )


def kind_words(proposal: ProposalLine, view: RunView) -> str:
    """Return what a proposal does for its person, and of somebody in no plan why."""
    words = KIND_LABELS[proposal.kind]
    if proposal.kind is ProposalKind.ENDS and not proposal.minutes_after:
        words = "Has no group left"
    outside = view.outside.get(proposal.client_id)
    return f"{words}; in no plan: {WHY_WORDS[outside]}" if outside else words


def still_there_words(view: RunView) -> list[tuple[int, str, str]]:
    """Return who is left in the sessions that end: client, name, and why nothing is proposed."""
    left = view.ending.still_there if view.ending else ()
    return [(one.client_id, one.name, WHY_WORDS[one.why]) for one in left]


def apply_question(view: RunView, open_count: int) -> str:
    """Return what is asked before everything is applied."""
    begins = day_label(view.line.from_day)
    words = f"Apply {count(open_count, 'change', 'changes')}? Each person’s new week begins {begins}."
    if view.ending is None or view.ending.ended_on is not None:
        return words
    return f"{words} {end_question(view)}"


def end_question(view: RunView) -> str:
    """Return what ending the sessions means, with everyone who is left in them by name."""
    ending = view.ending
    if ending is None:
        return ""
    sessions = count(len(ending.series_ids), "weekly session ends", "weekly sessions end")
    words = f"{sessions} on {day_label(ending.last_day)}."
    if not ending.still_there:
        return words
    names = listed(one.name for one in ending.still_there)
    return f"{words} With them end, without another week, the places of {names.rstrip('.')}."


def because_words(because: Iterable[Because], day: date) -> list[str]:
    """Return what is in the way from `day` on, each kind once: `Work, Monday 7:00 am to 3:30 pm`."""
    said: dict[tuple[str, str], list[str]] = {}
    for one in because:
        what, weekday, when = _one_because(one, day)
        said.setdefault((what, when), []).append(weekday)
    return [f"{what}, {listed(days)} {when}" if all(days) else what for (what, when), days in said.items()]


def _one_because(because: Because, day: date) -> tuple[str, str, str]:
    """Return what is in the way, on which day, and when; the first alone where it is about no day."""
    found = _COMMITMENT.fullmatch(because.what)
    if found is None:
        kind, _, service = because.what.partition(" ")
        if kind == "service_type":
            return f"No {service.replace('_', ' ')} session fits, and one a week is needed", "", ""
        return _RULES.get(because.what, because.what.replace("_", " ")), "", ""
    start, end = (_minutes(found[n], found[n + 1]) for n in (3, 5))
    week = f", {weeks_in_words(WeekParity(found[7]), day)}" if found[7] else ""
    return _kind_words(found[1]), DAY_NAMES[Weekday[found[2]]], f"{span(start, end)}{week}"


def change_words(change: str, meetings: Mapping[str, MeetingLine], day: date) -> str:
    """Return what together would help from `day` on: `Work on Monday and Friday ends 30 min earlier`."""
    said: dict[tuple[str, str], list[str]] = {}
    for part in change.split("; "):
        what, weekday, how = _one_change(part, meetings, day)
        said.setdefault((what, how), []).append(weekday)
    return "; ".join(
        f"{what} on {listed(days)} {how}" if all(days) else what for (what, how), days in said.items()
    )


def _one_change(change: str, meetings: Mapping[str, MeetingLine], day: date) -> tuple[str, str, str]:
    """Return what changes, on which day, and how; the first alone where it is about no day."""
    seats = _MORE_SEATS.fullmatch(change)
    if seats is not None:
        meeting = meetings.get(seats[2])
        where = f"{meeting.name} on {DAY_NAMES[meeting.weekday]}" if meeting else "one of the sessions"
        return f"{seats[1]} more in {where}", "", ""
    found = _GIVES_WAY.fullmatch(change)
    if found is None:
        return change.replace("_", " "), "", ""
    how = _FREED.sub(lambda m: clock_time(wall_time(_minutes(m[1], m[2]))), found[3])
    how = _WEEKS.sub(lambda m: f" in {weeks_in_words(WeekParity(m[1]), day)}", how)
    return _kind_words(found[1]), DAY_NAMES[Weekday[found[2]]], how


def _kind_words(kind: str) -> str:
    return KIND_WORDS[ConstraintKind(kind)] if kind in set(ConstraintKind) else _SESSION


def _minutes(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)


def meetings_words(meetings: Iterable[MeetingLine]) -> list[str]:
    """Return sessions gathered by group and time, such as `Morning IOP: Mon, Wed 9:00 am to 12:00 pm`."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in meetings:
        when = span(one.start_minute, one.end_minute) + (f", {one.weeks}" if one.weeks else "")
        alike.setdefault((one.name, when), []).append(SHORT_DAY_NAMES[one.weekday])
    return [f"{name}: {', '.join(days)} {when}" for (name, when), days in alike.items()]


def state_chip(line: RunLine) -> tuple[str, str, str]:
    """Return how a run stands: words, tone and icon."""
    if line.is_silent:
        return "Lost", "absent", "circle-alert"
    if line.state is RunState.FINISHED:
        if line.is_proved or _are_proved(line):
            return "Best possible", "present", "check"
        if line.gap_percent is None:
            return "Not proved best", "late", "info"
        return f"Within {max(line.gap_percent, 0.01):.2f} % of the best", "late", "info"
    return {
        RunState.WAITING: ("Waiting", "outline", "clock"),
        RunState.RUNNING: ("Planning", "tone", "refresh-cw"),
        RunState.STOPPED: ("Stopped", "outline", "ban"),
        RunState.FAILED: ("Did not finish", "absent", "circle-alert"),
    }[line.state]


def _are_proved(line: RunLine) -> bool:
    """Return True when every set of new groups that a run found is proved best."""
    sets = line.summary.get("openings", ())
    return bool(sets) and all(found["proved"] for found in sets)


def quality_words(view: RunView) -> str:
    """Return how good a plan is known to be."""
    if view.line.is_proved:
        took = f"{view.plan_seconds:.1f} seconds" if view.plan_seconds >= 1 else "less than a second"
        return f"No plan is better than this one: proved in {took}."
    gap = view.line.gap_percent
    if gap is None:
        return "A good plan; how much better another one could be is not known."
    return f"A good plan; the best possible one is at most {max(gap, 0.01):.2f} percent better."


def points_words(view: RunView) -> str:
    """Return what a plan reached and what none can exceed, in points; empty without them."""
    if view.objective is None:
        return ""
    words = f"Points {view.objective:,.0f}"
    if view.bound is not None:
        words += f", bound {view.bound:,.0f}"
    return words + (", with those for what people keep." if view.line.kind is RunKind.REPAIR else ".")


def outcome_words(done: int, left: int, *, undone: bool = False) -> str:
    """Return what was done, and how many were left out."""
    verb = "taken back" if undone else "placed"
    words = f"{count(done, 'person', 'people')} {verb}."
    if left:
        words += f" {count(left, 'person was', 'people were')} left out: something has changed since."
    return words
