"""What would let one meeting into a person's week: the smallest change, or none at all.

`explain` asks what would give a whole week; this asks about a single meeting, whatever else is chosen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.changes import (
    Change,
    ChangeKind,
    commitment_change,
)
from iop_schedule.domain.placement.legality import Rule
from iop_schedule.domain.placement.openings import Blocked, Openings, WhyNot, blocks, group_blocks, why_not
from iop_schedule.domain.placement.prices import Prices
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
    known, opener = offers(problem), _Opener(client, problem.prices, week, free)
    found: dict[str, tuple[Change, ...]] = {}
    for one in asked:
        offer = known[one.meeting]
        if offer.group.attend is Attend.ANY:
            changes = opener.changes([(offer, one.blocks)])
        else:
            changes = opener.all_of(offer.group)
        if changes:
            found[one.meeting] = changes
    return found


@dataclass(frozen=True, slots=True)
class _Opener:
    """Finds what opens meetings for one person."""

    client: Client
    prices: Prices
    week: WeekParity
    free: Openings

    def all_of(self, group: Group) -> tuple[Change, ...] | None:
        """Return what opens every meeting of a group; None when something in the way cannot be changed."""
        own = [Offer(group, m) for m in group.meetings]
        if any(fit.clash(self.client, one, other) for one, other in combinations(own, 2)):
            return None
        found = group_blocks(self.client, group, self.week, self.free)
        if any(
            block.rule in {Rule.DAY_TOO_LONG, Rule.DOSE_OVER} for own_ in found.values() for block in own_
        ):
            return None
        return self.changes((offer, blocks(self.client, offer, self.week, self.free)) for offer in own)

    def changes(self, own: Iterable[tuple[Offer, Iterable[Blocked]]]) -> tuple[Change, ...] | None:
        """Return what together opens all of `own`; None when something in the way cannot be changed."""
        freed: dict[Commitment, list[tuple[int, int]]] = {}
        others: dict[ChangeKind, Change] = {}
        seats: list[Change] = []
        for offer, reasons in own:
            for block in reasons:
                if self._is_fixed(offer, block):
                    return None
                if block.commitment is not None:
                    start, end = fit.needed_beside(self.client, offer, block.commitment)
                    taken = (max(start, block.commitment.start), min(end, block.commitment.end))
                    freed.setdefault(block.commitment, []).append(taken)
                elif block.rule is Rule.MODALITY:
                    way, cost = offer.group.modality, self.prices.modality
                    others[ChangeKind.MODALITY] = Change(ChangeKind.MODALITY, cost, modality=way)
                elif block.rule is Rule.SEATS:
                    short = 1 - self.free.seats_left(self.client, offer, self.week)
                    cost = self.prices.seat * short
                    seats.append(Change(ChangeKind.SEAT, cost, meeting=offer.id, amount=short))
        moved = (commitment_change(one, stretches, self.prices) for one, stretches in freed.items())
        return (*moved, *others.values(), *seats)

    def _is_fixed(self, offer: Offer, block: Blocked) -> bool:
        """Return True when nobody can be asked to change what is in the way."""
        if block.rule is Rule.SEATS:
            return self.free.is_closed(self.client, offer.id, self.week)
        if block.commitment is not None and not block.commitment.negotiable:
            return True
        return block.rule in _FIXED
