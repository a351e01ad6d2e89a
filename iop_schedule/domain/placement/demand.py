"""Who has less than their hours, when they are free, and what one more group would do for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from iop_schedule.domain.civil_time import BOTH_WEEKS
from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.best_week import best_weeks
from iop_schedule.domain.placement.legality import broken_for
from iop_schedule.domain.placement.openings import Openings, usable
from iop_schedule.domain.placement.problem import (
    Choice,
    Client,
    Group,
    Meeting,
    Offer,
    Problem,
    offers,
    seats_taken,
)
from iop_schedule.vocabulary import Modality, Weekday, WeekParity

HALF_HOUR = 30


def without_their_hours(problem: Problem, held: Mapping[str, Choice]) -> list[Client]:
    """Return who has no week that is legal for them, those who count most first; then as in the problem."""
    known = offers(problem)
    short = [
        client
        for client in problem.clients
        if broken_for(problem, client, held.get(client.id, ()), known) and client.dose.minutes > 0
    ]
    return sorted(short, key=lambda client: -client.priority)


def free_people(
    clients: Iterable[Client], site: str | None, first: int, last: int
) -> dict[tuple[Weekday, int], tuple[str, ...]]:
    """Return who is free in each half hour of the treatment days, by weekday and start in minutes.

    Args:
        clients: whose weeks.
        site: where they would come; None for telehealth, to which nobody travels.
        first: minutes after midnight at which the first half hour begins.
        last: at which the last one ends.
    """
    listed = list(clients)
    return {
        (weekday, start): tuple(c.id for c in listed if _is_free(c, site, weekday, start))
        for weekday in Weekday
        if weekday.is_treatment_day
        for start in range(first, last, HALF_HOUR)
    }


def _is_free(client: Client, site: str | None, weekday: Weekday, start: int) -> bool:
    modality = Modality.TELEHEALTH if site is None else Modality.IN_PERSON
    if not fit.modality_suits(client, modality):
        return False
    slot = Offer(
        Group("", "", modality, "", (), site=site), Meeting("", weekday, start, start + HALF_HOUR, 1)
    )
    return not any(c.hard for c in fit.overlapped(client, slot, WeekParity.EVERY))


@dataclass(frozen=True, slots=True)
class Effect:
    """What one more group would do."""

    #: People short of their hours of whose week some meeting of it could be part.
    could_come: tuple[str, ...]
    #: People who would reach their hours with it, and do not without it.
    would_reach: tuple[str, ...]
    #: Those of them who have no place at all today.
    would_be_placed: tuple[str, ...]


def effect_of(problem: Problem, held: Mapping[str, Choice], draft: Group) -> Effect:
    """Return what opening `draft` would do for those short of their hours, who choose one after the other.

    Everybody else keeps their places; those short of their hours may change theirs.
    """
    short = without_their_hours(problem, held)
    with_draft = replace(problem, groups=(*problem.groups, draft))
    others = {c: choice for c, choice in held.items() if c not in {one.id for one in short}}
    before, after = _reach(problem, short, others), _reach(with_draft, short, others)
    own = {m.id for m in draft.meetings}
    could = tuple(c.id for c in short if own & could_attend(with_draft, c))
    reach = tuple(c for c in after if c not in before)
    return Effect(could, reach, tuple(c for c in reach if not held.get(c)))


def could_attend(problem: Problem, client: Client) -> frozenset[str]:
    """Return the meetings that could be part of the client's week if every seat were free."""
    return frozenset(o.id for o in usable(problem, client, WeekParity.EVERY, Openings()))


def _reach(problem: Problem, short: Sequence[Client], others: Mapping[str, Choice]) -> list[str]:
    """Return who of `short` finds a whole week beside `others`, one after the other."""
    a, b = (seats_taken(problem, others, week) for week in BOTH_WEEKS)
    found = []
    for client in short:
        plans = best_weeks(problem, client.id, Openings(a, b), count=1)
        if plans:
            found.append(client.id)
            own = {client.id: plans[0].choice}
            a.update(seats_taken(problem, own, WeekParity.A))
            b.update(seats_taken(problem, own, WeekParity.B))
    return found
