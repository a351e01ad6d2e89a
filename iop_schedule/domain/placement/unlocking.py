"""What would let one meeting into a person's week: the smallest change, or none at all.

`explain` asks what would give a whole week; this asks about a single meeting, whatever else is chosen.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.changes import (
    ONE_SEAT_MORE,
    OTHER_MODALITY,
    Change,
    ChangeKind,
    commitment_change,
)
from iop_schedule.domain.placement.legality import Rule
from iop_schedule.domain.placement.openings import Blocked, Openings, WhyNot, blocks, group_blocks, why_not
from iop_schedule.domain.placement.problem import Client, Commitment, Group, Offer, Problem, offers
from iop_schedule.vocabulary import Attend, WeekParity

#: What nobody can be asked to change for a meeting.
_FIXED = frozenset({Rule.LEVEL, Rule.LANGUAGE, Rule.GENDER, Rule.DAY_TOO_LONG, Rule.DOSE_OVER})


def unlocking(
    problem: Problem,
    client_id: str,
    free: Openings | None = None,
    week: WeekParity = WeekParity.EVERY,
    *,
    why: Sequence[WhyNot] | None = None,
) -> dict[str, tuple[Change, ...]]:
    """Return, for each meeting that cannot be used, the smallest changes that would let it be.

    A group that is attended whole is opened whole. Meetings that no change opens are not in the answer.

    Args:
        problem: the groups and the person.
        client_id: whose week it is.
        free: what others leave; by default every seat.
        week: as `why_not`.
        why: what `why_not` answers to the same question, when it has been asked.

    Raises:
        KeyError: the problem has no such client.
    """
    client, free = problem.client(client_id), free or Openings()
    asked = why_not(problem, client_id, free, week) if why is None else why
    known = offers(problem)
    found: dict[str, tuple[Change, ...]] = {}
    for one in asked:
        offer = known[one.meeting]
        if offer.group.attend is Attend.ANY:
            changes = _changes(client, [(offer, one.blocks)], week, free)
        else:
            changes = _all_of(client, offer.group, week, free)
        if changes:
            found[one.meeting] = changes
    return found


def _all_of(client: Client, group: Group, week: WeekParity, free: Openings) -> tuple[Change, ...] | None:
    own = [Offer(group, m) for m in group.meetings]
    if any(fit.clash(client, one, other) for one, other in combinations(own, 2)):
        return None
    reasons = (block.rule for found in group_blocks(client, group, week, free).values() for block in found)
    if any(rule in {Rule.DAY_TOO_LONG, Rule.DOSE_OVER} for rule in reasons):
        return None
    return _changes(client, [(offer, blocks(client, offer, week, free)) for offer in own], week, free)


def _changes(
    client: Client, own: Iterable[tuple[Offer, Iterable[Blocked]]], week: WeekParity, free: Openings
) -> tuple[Change, ...] | None:
    """Return what together opens all of `own`; None when something in the way cannot be changed."""
    freed: dict[Commitment, list[tuple[int, int]]] = {}
    others: dict[ChangeKind, Change] = {}
    seats: list[Change] = []
    for offer, reasons in own:
        for block in reasons:
            if block.rule in _FIXED or (block.rule is Rule.SEATS and free.is_closed(client, offer.id, week)):
                return None
            if block.commitment is not None:
                start, end = fit.needed_beside(client, offer, block.commitment)
                taken = (max(start, block.commitment.start), min(end, block.commitment.end))
                freed.setdefault(block.commitment, []).append(taken)
            elif block.rule is Rule.MODALITY:
                wanted = offer.group.modality
                others[ChangeKind.MODALITY] = Change(ChangeKind.MODALITY, OTHER_MODALITY, modality=wanted)
            elif block.rule is Rule.SEATS:
                short = 1 - free.seats_left(client, offer, week)
                seats.append(Change(ChangeKind.SEAT, ONE_SEAT_MORE * short, meeting=offer.id, amount=short))
    moved = (commitment_change(commitment, stretches) for commitment, stretches in freed.items())
    return (*moved, *others.values(), *seats)
