"""What is left for one person: seats, and which meetings nothing but the person's own week decides."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from iop_schedule.domain.civil_time import BOTH_WEEKS
from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.legality import Rule
from iop_schedule.domain.placement.problem import (
    Choice,
    Client,
    Commitment,
    Group,
    Offer,
    Problem,
    apart_pairs,
    meetings_in,
    seats_taken,
)
from iop_schedule.vocabulary import Attend, WeekParity


@dataclass(frozen=True, slots=True)
class Openings:
    """Seats others hold, and meetings that are closed to one person, in week A and in week B."""

    taken_a: Mapping[str, int] = field(default_factory=dict)
    taken_b: Mapping[str, int] = field(default_factory=dict)
    closed_a: frozenset[str] = frozenset()
    closed_b: frozenset[str] = frozenset()

    def seats_left(self, client: Client, offer: Offer, week: WeekParity) -> int:
        """Return the seats free for the client in `week`; for EVERY, those free in both weeks."""
        seats = offer.meeting.seats + (offer.id in client.kept_seats)
        left_a, left_b = seats - self.taken_a.get(offer.id, 0), seats - self.taken_b.get(offer.id, 0)
        if week is WeekParity.EVERY:
            return min(left_a, left_b)
        return left_a if week is WeekParity.A else left_b

    def is_closed(self, client: Client, meeting: str, week: WeekParity) -> bool:
        """Return True when the meeting is not open to the client in some week that `week` covers."""
        return (
            meeting in client.closed
            or (week is not WeekParity.B and meeting in self.closed_a)
            or (week is not WeekParity.A and meeting in self.closed_b)
        )


def openings(problem: Problem, client_id: str, others: Mapping[str, Choice]) -> Openings:
    """Return what `others` leave for one person, whose own entry in `others` is ignored."""
    apart = {other for pair in apart_pairs(problem) if client_id in pair for other in pair - {client_id}}
    taken: dict[WeekParity, Counter[str]] = {}
    closed: dict[WeekParity, frozenset[str]] = {}
    held = {other: choice for other, choice in others.items() if other != client_id}
    for week in BOTH_WEEKS:
        taken[week] = seats_taken(problem, held, week)
        closed[week] = frozenset(m for o in apart & held.keys() for m in meetings_in(held[o], week))
    return Openings(taken[WeekParity.A], taken[WeekParity.B], closed[WeekParity.A], closed[WeekParity.B])


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why one meeting cannot be part of a person's week: one rule, and what it is about."""

    rule: Rule
    commitment: Commitment | None = None
    #: For a group that is attended whole: the other meeting of it that does not work.
    meeting: str | None = None
    #: For a commitment: the minutes of it that the meeting and the way there would take.
    minutes: int = 0


def blocks(client: Client, offer: Offer, week: WeekParity, free: Openings) -> list[Blocked]:
    """Return every rule that keeps this one meeting out of the client's week; [] when it can be used.

    A meeting closed for a reason that must not be told comes as SEATS, like a full one.
    """
    return list(_each_block(client, offer, week, free))


def _each_block(client: Client, offer: Offer, week: WeekParity, free: Openings) -> Iterator[Blocked]:
    if not fit.level_suits(client, offer.group):
        yield Blocked(Rule.LEVEL)
    if not fit.speaks(client, offer.group):
        yield Blocked(Rule.LANGUAGE)
    if not fit.gender_welcome(client, offer.group):
        yield Blocked(Rule.GENDER)
    if not fit.modality_suits(client, offer.group.modality):
        yield Blocked(Rule.MODALITY)
    for commitment in fit.overlapped(client, offer, week):
        if commitment.hard:
            yield Blocked(Rule.COMMITMENT, commitment, minutes=_shared_minutes(client, offer, commitment))
    if free.seats_left(client, offer, week) <= 0 or free.is_closed(client, offer.id, week):
        yield Blocked(Rule.SEATS)
    if offer.meeting.minutes > client.dose.max_minutes_per_day:
        yield Blocked(Rule.DAY_TOO_LONG)
    if offer.meeting.minutes > client.dose.most_minutes:
        yield Blocked(Rule.DOSE_OVER)


def _is_open(client: Client, offer: Offer, week: WeekParity, free: Openings) -> bool:
    """Return whether nothing is in the way of a meeting of a group that suits: no `blocks`, but quicker."""
    minutes, dose = offer.meeting.minutes, client.dose
    return (
        minutes <= dose.max_minutes_per_day
        and minutes <= dose.most_minutes
        and free.seats_left(client, offer, week) > 0
        and not free.is_closed(client, offer.id, week)
        and not any(c.hard for c in fit.overlapped(client, offer, week))
    )


def _shared_minutes(client: Client, offer: Offer, commitment: Commitment) -> int:
    start, end = fit.needed_beside(client, offer, commitment)
    return min(end, commitment.end) - max(start, commitment.start)


def group_blocks(client: Client, group: Group, week: WeekParity, free: Openings) -> dict[str, list[Blocked]]:
    """Return what is in the way of each meeting of a group, seen as the whole that it may have to be."""
    own = [Offer(group, m) for m in group.meetings]
    found = {o.id: blocks(client, o, week, free) for o in own}
    if group.attend is Attend.ANY:
        return found
    shared = _whole_limits(client, own)
    return {o.id: found[o.id] + _siblings(client, o, own, found) + shared for o in own}


def _siblings(
    client: Client, offer: Offer, own: list[Offer], found: Mapping[str, list[Blocked]]
) -> list[Blocked]:
    return [
        Blocked(Rule.WHOLE_GROUP, meeting=other.id)
        for other in own
        if other.id != offer.id and (found[other.id] or fit.clash(client, offer, other))
    ]


def _whole_limits(client: Client, own: list[Offer]) -> list[Blocked]:
    per_day: Counter[int] = Counter()
    for offer in own:
        per_day[offer.meeting.weekday] += offer.meeting.minutes
    limits: list[Blocked] = []
    if len(own) > 1 and max(per_day.values()) > client.dose.max_minutes_per_day:
        limits.append(Blocked(Rule.DAY_TOO_LONG))
    if len(own) > 1 and per_day.total() > client.dose.most_minutes:
        limits.append(Blocked(Rule.DOSE_OVER))
    return limits


def usable(problem: Problem, client: Client, week: WeekParity, free: Openings) -> list[Offer]:
    """Return the meetings that could be part of the client's week, in the order of the problem.

    A group that is attended whole is there with all its meetings or not at all.
    """
    return [offer for group in problem.groups for offer in _usable_of(client, group, week, free)]


def _usable_of(client: Client, group: Group, week: WeekParity, free: Openings) -> list[Offer]:
    if not fit.suits(client, group):
        return []
    own = [Offer(group, m) for m in group.meetings]
    if group.attend is Attend.ANY:
        return [o for o in own if _is_open(client, o, week, free)]
    return [] if any(group_blocks(client, group, week, free).values()) else own


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A meeting that cannot be used, and every rule in the way."""

    meeting: str
    group: str
    blocks: tuple[Blocked, ...]


def why_not(
    problem: Problem,
    client_id: str,
    free: Openings | None = None,
    week: WeekParity = WeekParity.EVERY,
) -> list[WhyNot]:
    """Return every meeting that cannot be part of this person's week, each with all rules in its way.

    Args:
        problem: the groups and the person.
        client_id: whose week it is.
        free: what others leave; by default every seat.
        week: A or B asks about that week only, EVERY about a plan that holds in both.

    Raises:
        KeyError: the problem has no such client.
    """
    client, free = problem.client(client_id), free or Openings()
    return [
        WhyNot(meeting, group.id, tuple(dict.fromkeys(reasons)))
        for group in problem.groups
        for meeting, reasons in group_blocks(client, group, week, free).items()
        if reasons
    ]


def fitting_groups(problem: Problem, client_id: str, free: Openings | None = None) -> list[str]:
    """Return the groups of which this person could attend something: "5 groups fit your week".

    Raises:
        KeyError: the problem has no such client.
    """
    client = problem.client(client_id)
    fitting = usable(problem, client, WeekParity.EVERY, free or Openings())
    return list(dict.fromkeys(o.group.id for o in fitting))
