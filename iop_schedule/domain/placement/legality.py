"""What makes a weekly plan legal. Solver, manual edits and imports all answer to `broken_rules`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.problem import (
    Alternating,
    Choice,
    Client,
    Offer,
    Plan,
    Problem,
    apart_pairs,
    meetings_in,
    offers,
    weeks_of,
)
from iop_schedule.domain.placement.words import commitment_words, day_name, hours
from iop_schedule.vocabulary import Attend, WeekParity


class Rule(StrEnum):
    """The rules a plan can break, as codes that stay the same in files and tests."""

    UNKNOWN_CLIENT = "unknown_client"
    UNKNOWN_MEETING = "unknown_meeting"
    TWICE = "twice"
    NOT_ALTERNATING = "not_alternating"
    LEVEL = "level_of_care"
    LANGUAGE = "language"
    GENDER = "gender"
    MODALITY = "modality"
    COMMITMENT = "commitment"
    OVERLAP = "overlap"
    TRAVEL = "travel"
    DOSE_SHORT = "dose_short"
    DOSE_OVER = "dose_over"
    DAYS_SHORT = "days_short"
    DAY_TOO_LONG = "day_too_long"
    REQUIRED_TYPE = "required_type"
    WHOLE_GROUP = "whole_group"
    SEATS = "seats"
    KEEP_APART = "keep_apart"


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One rule that a plan breaks: which, for whom, at which meetings, and a plain sentence."""

    rule: Rule
    #: None for a rule about a meeting rather than a person.
    client: str | None
    meetings: tuple[str, ...]
    message: str
    #: EVERY for a weekly plan; otherwise the week in which it is broken.
    week: WeekParity = WeekParity.EVERY


def broken_rules(problem: Problem, plan: Plan) -> list[BrokenRule]:
    """Return every rule that `plan` breaks, person by person and then meeting by meeting; [] when legal.

    Source: docs/sources.md#placement-rules
    """
    known = offers(problem)
    clients = {c.id: c for c in problem.clients}
    broken: list[BrokenRule] = []
    for client_id, choice in plan.assignments.items():
        client = clients.get(client_id)
        if client is None:
            message = f"There is no client {client_id} in this problem. Remove the assignment."
            broken.append(BrokenRule(Rule.UNKNOWN_CLIENT, client_id, (), message))
        else:
            broken += broken_for(problem, client, choice, known)
    broken += _placed_and_unplaced(plan)
    for week in (WeekParity.A, WeekParity.B):
        broken += _across_clients(problem, plan, known, clients, week)
    return _merged(broken)


def broken_for(
    problem: Problem, client: Client, choice: Choice, known: Mapping[str, Offer]
) -> list[BrokenRule]:
    """Return the rules that one person's own choice breaks, whatever others do."""
    broken: list[BrokenRule] = []
    if isinstance(choice, Alternating) and len(problem.weeks_for(client)) == 1:
        message = (
            f"{client.id} has a plan for A and one for B weeks, but this program plans every week alike."
        )
        broken.append(BrokenRule(Rule.NOT_ALTERNATING, client.id, (), message))
    for week, meetings in weeks_of(choice):
        review = _WeekReview(problem, client, meetings, week, known)
        broken += review.broken()
    return broken


class _WeekReview:
    """Goes through one person's week, rule by rule."""

    def __init__(
        self,
        problem: Problem,
        client: Client,
        meetings: Sequence[str],
        week: WeekParity,
        known: Mapping[str, Offer],
    ) -> None:
        self._problem, self._client, self._week, self._known = problem, client, week, known
        self._listed = meetings
        self._chosen = [known[m] for m in dict.fromkeys(meetings) if m in known]

    def broken(self) -> list[BrokenRule]:
        checks: tuple[Callable[[], Iterator[BrokenRule]], ...] = (
            self._listing,
            self._each_meeting,
            self._pairs,
            self._dose,
            self._days,
            self._required,
            self._whole_groups,
        )
        return [broken for check in checks for broken in check()]

    def _rule(self, rule: Rule, meetings: Sequence[str], message: str) -> BrokenRule:
        return BrokenRule(rule, self._client.id, tuple(meetings), message, self._week)

    def _listing(self) -> Iterator[BrokenRule]:
        for meeting, times in Counter(self._listed).items():
            if meeting not in self._known:
                message = (
                    f"There is no meeting {meeting} in this problem. Choose another for {self._client.id}."
                )
                yield self._rule(Rule.UNKNOWN_MEETING, (meeting,), message)
            if times > 1:
                message = f"{meeting} is listed {times} times for {self._client.id}. List it once."
                yield self._rule(Rule.TWICE, (meeting,), message)

    def _each_meeting(self) -> Iterator[BrokenRule]:
        for offer in self._chosen:
            yield from self._people_rules(offer)
            for commitment in fit.overlapped(self._client, offer, self._week):
                if commitment.hard:
                    what = commitment_words(commitment)
                    message = f"{offer.id} and the way there overlap {what}, for {self._client.id}."
                    yield self._rule(Rule.COMMITMENT, (offer.id,), message)

    def _people_rules(self, offer: Offer) -> Iterator[BrokenRule]:
        client, group = self._client, offer.group
        if not fit.level_suits(client, group):
            message = f"{offer.id} is at a level of care at which {client.id} is not enrolled."
            yield self._rule(Rule.LEVEL, (offer.id,), message)
        if not fit.speaks(client, offer.group):
            message = f"{offer.id} is held in {group.language}, which {client.id} does not speak."
            yield self._rule(Rule.LANGUAGE, (offer.id,), message)
        if not fit.gender_welcome(client, offer.group):
            message = f"{offer.id} is a group for {group.gender.value} participants; {client.id} is not."
            yield self._rule(Rule.GENDER, (offer.id,), message)
        if not fit.modality_suits(client, group.modality):
            held = group.modality.value.replace("_", " ")
            message = f"{offer.id} is {held}, and {client.id} cannot attend that way."
            yield self._rule(Rule.MODALITY, (offer.id,), message)

    def _pairs(self) -> Iterator[BrokenRule]:
        for i, one in enumerate(self._chosen):
            for other in self._chosen[i + 1 :]:
                pair = (one.id, other.id)
                if fit.overlap(one, other):
                    message = f"{one.id} and {other.id} overlap. {self._client.id} can attend one of them."
                    yield self._rule(Rule.OVERLAP, pair, message)
                elif fit.travel_overlaps(self._client, one, other):
                    message = (
                        f"{self._client.id} has too little time to travel between {one.id} and {other.id}."
                    )
                    yield self._rule(Rule.TRAVEL, pair, message)

    def _dose(self) -> Iterator[BrokenRule]:
        client, dose = self._client, self._client.dose
        minutes = sum(o.meeting.minutes for o in self._chosen)
        ids = [o.id for o in self._chosen]
        if minutes < dose.minutes:
            message = f"{client.id} reaches {hours(minutes)} of the prescribed {hours(dose.minutes)}."
            yield self._rule(Rule.DOSE_SHORT, ids, message)
        if minutes > dose.most_minutes:
            message = f"{client.id} reaches {hours(minutes)}; {hours(dose.most_minutes)} is the most allowed."
            yield self._rule(Rule.DOSE_OVER, ids, message)

    def _days(self) -> Iterator[BrokenRule]:
        client, dose = self._client, self._client.dose
        days = sorted({o.meeting.weekday for o in self._chosen})
        if len(days) < dose.min_days:
            there = "1 day" if len(days) == 1 else f"{len(days)} days"
            message = f"{client.id} attends on {there}; at least {dose.min_days} are needed."
            yield self._rule(Rule.DAYS_SHORT, [o.id for o in self._chosen], message)
        for day in days:
            on_day = [o for o in self._chosen if o.meeting.weekday == day]
            minutes = sum(o.meeting.minutes for o in on_day)
            if minutes > dose.max_minutes_per_day:
                most = hours(dose.max_minutes_per_day)
                message = (
                    f"{client.id} has {hours(minutes)} on {day_name(day)}; {most} a day is the most allowed."
                )
                yield self._rule(Rule.DAY_TOO_LONG, [o.id for o in on_day], message)

    def _required(self) -> Iterator[BrokenRule]:
        there = {o.group.service_type for o in self._chosen}
        for needed in dict.fromkeys(self._client.dose.required):
            if needed not in there:
                message = f"{self._client.id} needs at least one {needed} meeting a week. Add one."
                yield self._rule(Rule.REQUIRED_TYPE, (), message)

    def _whole_groups(self) -> Iterator[BrokenRule]:
        chosen = {o.id for o in self._chosen}
        for group in self._problem.groups:
            missing = [m.id for m in group.meetings if m.id not in chosen]
            if group.attend is Attend.ALL and 0 < len(missing) < len(group.meetings):
                add = ", ".join(missing)
                message = f"{group.id} is attended whole: add {add} for {self._client.id}, or leave it."
                yield self._rule(Rule.WHOLE_GROUP, missing, message)


def _placed_and_unplaced(plan: Plan) -> Iterator[BrokenRule]:
    for unplaced in plan.unplaced:
        if unplaced.client in plan.assignments:
            message = f"{unplaced.client} is listed both with a plan and without one."
            yield BrokenRule(Rule.TWICE, unplaced.client, (), message)


def _across_clients(
    problem: Problem,
    plan: Plan,
    known: Mapping[str, Offer],
    clients: Mapping[str, Client],
    week: WeekParity,
) -> Iterator[BrokenRule]:
    present: dict[str, list[str]] = {}
    for client_id, choice in plan.assignments.items():
        for meeting in dict.fromkeys(meetings_in(choice, week)):
            if client_id in clients and meeting in known:
                present.setdefault(meeting, []).append(client_id)
    for meeting, people in present.items():
        seats = known[meeting].meeting.seats + sum(meeting in clients[one].kept_seats for one in people)
        if len(people) > seats:
            message = f"{meeting} has {seats} seats and {len(people)} people."
            yield BrokenRule(Rule.SEATS, None, (meeting,), message, week)
    for client in problem.clients:
        closed = [m for m in client.closed if client.id in present.get(m, ())]
        yield from _not_to_be_given(closed, [client.id], week)
    for pair in sorted(apart_pairs(problem), key=sorted):
        both = [m for m, people in present.items() if pair <= set(people)]
        # One entry for each of the two, so that neither names the other.
        yield from _not_to_be_given(both, sorted(pair), week)


def _not_to_be_given(
    meetings: Sequence[str], clients: Sequence[str], week: WeekParity
) -> Iterator[BrokenRule]:
    for client in clients if meetings else ():
        message = f"{', '.join(meetings)} cannot be given to {client}. Choose another meeting."
        yield BrokenRule(Rule.KEEP_APART, client, tuple(meetings), message, week)


def _merged(broken: list[BrokenRule]) -> list[BrokenRule]:
    """Return `broken` with what holds alike in weeks A and B across clients said once."""
    merged: list[BrokenRule] = []
    for rule in broken:
        twin = replace(rule, week=WeekParity.A)
        if rule.rule in {Rule.SEATS, Rule.KEEP_APART} and rule != twin and twin in merged:
            merged[merged.index(twin)] = replace(rule, week=WeekParity.EVERY)
        else:
            merged.append(rule)
    return merged
