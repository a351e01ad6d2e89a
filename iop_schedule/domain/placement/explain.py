"""Why nobody found a week for this person, and the cheapest changes that would give one."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from iop_schedule.domain.placement.best_week import best_weeks
from iop_schedule.domain.placement.changes import Atom, Change, apply_changes, change_code, change_words
from iop_schedule.domain.placement.cheapest_change import ChangeSearch, Way
from iop_schedule.domain.placement.clash import Clash, ClashKind
from iop_schedule.domain.placement.openings import Openings, usable
from iop_schedule.domain.placement.prepared import candidates, limits
from iop_schedule.domain.placement.problem import Because, Client, Problem, Unplaced, WouldFit
from iop_schedule.domain.placement.smallest_clash import smallest_clash
from iop_schedule.domain.placement.smallest_set import MOST_LOOKS
from iop_schedule.domain.placement.week_facts import WeekPlan
from iop_schedule.domain.placement.week_search import WeekSearch
from iop_schedule.domain.placement.words import commitment_code, commitment_words, hours
from iop_schedule.vocabulary import WeekParity

#: How many proposals a person is shown.
MOST_PROPOSALS = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changes that together let a person be placed, what they are priced at, and the plan they allow."""

    changes: tuple[Change, ...]
    cost: int
    #: The best plan once the changes are made: asking again then gives this one.
    plan: WeekPlan


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one person has no legal week, and what would help."""

    client: str
    clash: tuple[Clash, ...]
    #: Cheapest first.
    proposals: tuple[Proposal, ...]
    #: The most minutes that fit as things are, of the dose.
    reachable_minutes: int
    dose_minutes: int


def explain(
    problem: Problem,
    client_id: str,
    free: Openings | None = None,
    *,
    count: int = MOST_PROPOSALS,
    looks: int = MOST_LOOKS,
) -> Explanation | None:
    """Return why one person has no legal week and up to `count` cheapest changes; None when there is one.

    No proposal contains all changes of a cheaper one, so each is another way out. Nothing can be dropped
    from the clash; with fewer `looks` it is found sooner but may not be the smallest.

    Raises:
        KeyError: the problem has no such client.
    """
    client, free = problem.client(client_id), free or Openings()
    problem = replace(problem, clients=(client,))
    clash = smallest_clash(problem, client, free, looks=looks)
    if not clash:
        return None
    proposals = tuple(_proposal(problem, client, free, way) for way in _ways(problem, client, free, count))
    reachable = _reachable_minutes(problem, client, free)
    return Explanation(client_id, clash, proposals, reachable, client.dose.minutes)


def _proposal(problem: Problem, client: Client, free: Openings, way: Way) -> Proposal:
    changed = apply_changes(problem, client.id, way.changes)
    (plan,) = best_weeks(changed, client.id, free, count=1)
    return Proposal(way.changes, way.cost, plan)


@dataclass(frozen=True, slots=True, order=True)
class _Branch:
    rank: tuple[int, int]
    way: Way = field(compare=False)
    ruled_out: frozenset[Atom] = field(compare=False)


def _ways(problem: Problem, client: Client, free: Openings, count: int) -> list[Way]:
    """Return the cheapest changes, none of which contains all that an earlier one changes.

    A further way must lack something of every way before it, so the search branches on what that is.
    """
    if count < 1:
        return []
    search = ChangeSearch(problem, client, free)
    found: list[Way] = []
    seen: set[frozenset[Atom]] = set()
    heap: list[_Branch] = []

    def look(ruled_out: frozenset[Atom]) -> None:
        if ruled_out not in seen:
            seen.add(ruled_out)
            way = search.cheapest(ruled_out, below=_dearest(found, heap, count))
            if way is not None:
                heapq.heappush(heap, _Branch((way.cost, len(seen)), way, ruled_out))

    look(frozenset())
    while heap:
        branch = heapq.heappop(heap)
        contained = next((w for w in found if w.atoms <= branch.way.atoms), None)
        if contained is None:
            found.append(branch.way)
            if len(found) == count:
                break
        for atom in sorted((contained or branch.way).atoms, key=repr):
            look(branch.ruled_out | {atom})
    return found


def _dearest(found: Sequence[Way], heap: Sequence[_Branch], count: int) -> int | None:
    """Return what the last way to be found will cost at most, or None when that is not known yet.

    Each way is the cheapest where its branch looks, so nothing cheaper than it lies within its changes:
    those waiting that contain none of the others will all be found, unless cheaper ones are first.
    """
    ways = list(found)
    for branch in sorted(heap):
        if not any(way.atoms <= branch.way.atoms for way in ways):
            ways.append(branch.way)
            if len(ways) == count:
                return branch.way.cost
    return None


def _reachable_minutes(problem: Problem, client: Client, free: Openings) -> int:
    """Return the most minutes that fit the person's week as it is, of any type, as far as prescribed."""
    anything = replace(client, dose=replace(client.dose, min_days=0, required=()))
    asked = replace(limits(anything, problem.weights, 0), least_minutes=0)

    def reached(week: WeekParity) -> int:
        own = usable(problem, client, week, free)
        found = WeekSearch(candidates(anything, own), asked).best([o.meeting.minutes for o in own])
        return 0 if found is None else found.value

    return min(reached(week) for week in problem.weeks_for(client))


def clash_code(clash: Clash) -> str:
    """Return one part of a clash as files name it, such as `work MO 07:00-15:30` or `seats`."""
    if clash.commitment is not None:
        return commitment_code(clash.commitment)
    return f"{clash.kind.value} {clash.service_type}" if clash.service_type else clash.kind.value


_CLASH_WORDS = {
    ClashKind.DOSE: "the prescribed hours",
    ClashKind.DAYS: "the number of days",
    ClashKind.DAY_LENGTH: "the most hours a day",
    ClashKind.SEATS: "groups without an open seat",
    ClashKind.MODALITY: "how you can attend",
    ClashKind.LANGUAGE: "the language of the groups",
    ClashKind.GENDER: "whom the groups are for",
}


def clash_words(clash: Clash) -> str:
    """Return one part of a clash as its owner would say it."""
    if clash.commitment is not None:
        return commitment_words(clash.commitment)
    if clash.service_type is not None:
        return f"at least one {clash.service_type} meeting"
    return _CLASH_WORDS[clash.kind]


def sentences(explanation: Explanation) -> list[str]:
    """Return the explanation in plain sentences, for the person it is about.

    It names the person's own commitments and the program's groups, never another person.
    """
    parts = [clash_words(c) for c in explanation.clash if c.kind is not ClashKind.DOSE]
    reached, dose = hours(explanation.reachable_minutes), hours(explanation.dose_minutes)
    what = f"{_listed(parts)}: " if parts else ""
    first = f"{what}{reached} of {dose} fit." if reached != dose else f"{_listed(parts)} cannot all be had."
    help_ = [
        f"It would fit if: {_listed([change_words(c) for c in proposal.changes])}."
        for proposal in explanation.proposals
    ]
    return [first[:1].upper() + first[1:], *help_]


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def unplaced(explanation: Explanation) -> Unplaced:
    """Return the explanation as plan files carry it."""
    return Unplaced(
        client=explanation.client,
        because=tuple(Because(clash_code(c), c.blocks, c.commitment is not None) for c in explanation.clash),
        would_fit_if=tuple(
            WouldFit("; ".join(change_code(c) for c in p.changes), p.cost, p.plan.choice)
            for p in explanation.proposals
        ),
    )
