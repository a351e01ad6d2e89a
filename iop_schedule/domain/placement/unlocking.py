"""What would let one meeting into a person's week: the smallest change, or none at all.

`explain` asks what would give a whole week; this asks about a single meeting, whatever else is chosen.
"""

from collections.abc import Sequence
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
from iop_schedule.domain.placement.openings import Openings, blocks, group_blocks
from iop_schedule.domain.placement.problem import Client, Commitment, Group, Offer, Problem
from iop_schedule.vocabulary import Attend, WeekParity

#: What nobody can be asked to change for a meeting.
_FIXED = frozenset({Rule.LANGUAGE, Rule.GENDER, Rule.DAY_TOO_LONG, Rule.DOSE_OVER})


def unlocking(
    problem: Problem,
    client_id: str,
    free: Openings | None = None,
    week: WeekParity = WeekParity.EVERY,
) -> dict[str, tuple[Change, ...]]:
    """Return, for each meeting that cannot be used, the smallest changes that would let it be.

    A group that is attended whole is opened whole. Meetings that no change opens are not in the answer.

    Raises:
        KeyError: the problem has no such client.
    """
    client, free = problem.client(client_id), free or Openings()
    found: dict[str, tuple[Change, ...]] = {}
    for group in problem.groups:
        blocked = [m for m, reasons in group_blocks(client, group, week, free).items() if reasons]
        own = [Offer(group, m) for m in group.meetings]
        if group.attend is Attend.ALL:
            changes = _all_of(client, group, own, week, free) if blocked else None
            found |= {meeting: changes for meeting in blocked if changes}
        else:
            for offer in own:
                changes = _changes(client, [offer], week, free) if offer.id in blocked else None
                found |= {offer.id: changes} if changes else {}
    return found


def _all_of(
    client: Client, group: Group, own: Sequence[Offer], week: WeekParity, free: Openings
) -> tuple[Change, ...] | None:
    if any(fit.clash(client, one, other) for one, other in combinations(own, 2)):
        return None
    too_much = (
        block.rule
        for reasons in group_blocks(client, group, week, free).values()
        for block in reasons
        if block.rule in {Rule.DAY_TOO_LONG, Rule.DOSE_OVER}
    )
    return None if any(too_much) else _changes(client, own, week, free)


def _changes(
    client: Client, own: Sequence[Offer], week: WeekParity, free: Openings
) -> tuple[Change, ...] | None:
    """Return what together opens all of `own`; None when something in the way cannot be changed."""
    freed: dict[Commitment, list[tuple[int, int]]] = {}
    others: dict[ChangeKind, Change] = {}
    seats: list[Change] = []
    for offer in own:
        for block in blocks(client, offer, week, free):
            if block.rule in _FIXED or (block.rule is Rule.SEATS and free.is_closed(offer.id, week)):
                return None
            if block.commitment is not None:
                start, end = fit.needed_beside(client, offer, block.commitment)
                taken = (max(start, block.commitment.start), min(end, block.commitment.end))
                freed.setdefault(block.commitment, []).append(taken)
            elif block.rule is Rule.MODALITY:
                wanted = offer.group.modality
                others[ChangeKind.MODALITY] = Change(ChangeKind.MODALITY, OTHER_MODALITY, modality=wanted)
            elif block.rule is Rule.SEATS:
                short = 1 - free.seats_left(offer, week)
                seats.append(Change(ChangeKind.SEAT, ONE_SEAT_MORE * short, meeting=offer.id, amount=short))
    moved = (commitment_change(commitment, stretches) for commitment, stretches in freed.items())
    return (*moved, *others.values(), *seats)
