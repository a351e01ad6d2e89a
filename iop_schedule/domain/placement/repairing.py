"""A program after something of it changed: whom that touches, and what people keep of their weeks."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from iop_schedule.domain.civil_time import weeks_within
from iop_schedule.domain.placement.legality import BrokenRule, Rule, broken_rules
from iop_schedule.domain.placement.openings import openings
from iop_schedule.domain.placement.problem import (
    Choice,
    Group,
    Meeting,
    Plan,
    Problem,
    choice_of,
    meetings_in,
    offers,
    weeks_by_meeting,
)
from iop_schedule.vocabulary import Weekday

#: A week that breaks only these is incomplete, as it may have been for long.
INCOMPLETE = frozenset({Rule.DOSE_SHORT, Rule.DAYS_SHORT, Rule.REQUIRED_TYPE, Rule.WHOLE_GROUP})


def without_meetings(problem: Problem, closed: Collection[str]) -> Problem:
    """Return the problem without some meetings; a group attended whole goes on with those that are left."""
    kept = (
        replace(group, meetings=tuple(m for m in group.meetings if m.id not in closed))
        for group in problem.groups
    )
    clients = (
        replace(
            client,
            current=_without(client.current, closed),
            closed=tuple(m for m in client.closed if m not in closed),
            kept_seats=tuple(m for m in client.kept_seats if m not in closed),
        )
        for client in problem.clients
    )
    return replace(problem, groups=tuple(group for group in kept if group.meetings), clients=tuple(clients))


def _without(choice: Choice, closed: Collection[str]) -> Choice:
    return choice_of({m: week for m, week in weeks_by_meeting(choice).items() if m not in closed})


@dataclass(frozen=True, slots=True)
class Touched:
    """People with places after a change, each in one of three, in the order of the problem."""

    #: Cannot keep what they have.
    affected: tuple[str, ...]
    #: Not affected, with a week that breaks no rule.
    whole: tuple[str, ...]
    #: Not affected; their week was incomplete, or broke some other rule, before.
    incomplete: tuple[str, ...]


def touched(problem: Problem, before: Mapping[str, Choice], earlier: Problem | None = None) -> Touched:
    """Return whom a change affects.

    Args:
        problem: after the change.
        before: what people attended; where a meeting has more people than seats, all of them are affected.
        earlier: before the change: only what is broken now and was not then affects anybody. Without it,
            a week that is merely incomplete affects nobody.
    """
    broken, known = _broken(problem, before), _broken(earlier, before) if earlier else {}
    people = [c.id for c in problem.clients if before.get(c.id)]
    new = {client: broken[client] - known.get(client, set()) for client in people}
    affected = {
        client
        for client, found in new.items()
        if any(earlier is not None or rule not in INCOMPLETE for rule, _ in found)
    }
    return Touched(
        affected=tuple(c for c in people if c in affected),
        whole=tuple(c for c in people if c not in affected and not broken[c]),
        incomplete=tuple(c for c in people if c not in affected and broken[c]),
    )


def _broken(problem: Problem, before: Mapping[str, Choice]) -> dict[str, set[tuple[Rule, tuple[str, ...]]]]:
    """Return the rules that each person's week breaks, with where."""
    found: dict[str, set[tuple[Rule, tuple[str, ...]]]] = {client: set() for client in before}
    for broken in broken_rules(problem, Plan(before)):
        for client in _whom(broken, before):
            found[client].add((broken.rule, broken.meetings))
    return found


def _whom(broken: BrokenRule, before: Mapping[str, Choice]) -> Iterator[str]:
    """Yield whom a broken rule is about: of a meeting with too few seats, everyone who is in it."""
    if broken.client is not None:
        yield broken.client
        return
    weeks = weeks_within(broken.week)
    for client, choice in before.items():
        if any(set(broken.meetings) & set(meetings_in(choice, week)) for week in weeks):
            yield client


def with_meeting_moved(
    group: Group, meeting_id: str, *, weekday: Weekday, start: int, end: int, break_minutes: int
) -> Group:
    """Return the group with one of its meetings at another time; unchanged when it has no such meeting."""

    def moved(meeting: Meeting) -> Meeting:
        return replace(meeting, weekday=weekday, start=start, end=end, break_minutes=break_minutes)

    meetings = tuple(moved(one) if one.id == meeting_id else one for one in group.meetings)
    return replace(group, meetings=meetings)


def with_what_is_left(
    problem: Problem, plan: Plan, before: Mapping[str, Choice], affected: Collection[str]
) -> dict[str, Choice]:
    """Return everyone's weeks: the plan's, and for those without one what they keep.

    People not `affected` keep all they have; the others what is left of it: not seats that somebody else
    has, and nothing with somebody they are kept apart from.
    """
    after: dict[str, Choice] = {**plan.assignments}
    rest = [c.id for c in problem.clients if c.id not in after]
    after |= {client: before.get(client, ()) for client in rest if client not in affected}
    known = offers(problem)
    for client in problem.clients:
        if client.id in after:
            continue
        free = openings(problem, client.id, after)
        after[client.id] = choice_of(
            {
                m: week
                for m, week in weeks_by_meeting(before.get(client.id, ())).items()
                if m in known
                and free.seats_left(client, known[m], week) > 0
                and not free.is_closed(client, m, week)
            }
        )
    return after
