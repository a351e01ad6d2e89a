"""What other settings would make of a program's people today, before anybody puts them in force."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.monitor import MonitorSettings
from iop_schedule.domain.risk.policy import revised
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.queries.access import Actor, access_program
from iop_schedule.queries.case_snapshots import cases_of
from iop_schedule.queries.cases import derive
from iop_schedule.queries.monitor import in_care
from iop_schedule.queries.risk import PolicyInForce, policy_in_force


@dataclass(frozen=True, slots=True)
class MonitorPreview:
    """How many people have each tier now, and would have it with other settings."""

    now: dict[Tier, int]
    then: dict[Tier, int]
    #: How many would move from one tier to another.
    moves: dict[tuple[Tier, Tier], int]

    @property
    def sentence(self) -> str:
        """Return what would change, in one sentence."""
        if not self.moves:
            return "As of today, this would move nobody."
        into: Counter[Tier] = Counter()
        for (_, tier), people in self.moves.items():
            into[tier] += people
        ordered = sorted(into.items(), key=lambda one: -one[0].rank)
        words = [f"{n} {'person' if n == 1 else 'people'} to “{tier.label}”" for tier, n in ordered]
        *first, last = words
        return f"As of today, this would move {', '.join(first) + ' and ' if first else ''}{last}."


def monitor_preview(
    actor: Actor, program_id: int, numbers: dict[str, Any], *, now: datetime
) -> MonitorPreview:
    """Return what `numbers` instead of those in force would make of everyone in care today.

    Raises:
        NotFound: not this person's program.
        BadNumber: the numbers mean nothing; the error names the field.
    """
    program = access_program(actor, program_id, Permission.MONITOR_MANAGE)
    policy = revised(policy_in_force(program.id, now=now), numbers)
    ids = in_care(program.id)
    current = {client_id: case.tier for client_id, case in cases_of(ids, now=now).items()}
    tried = derive(ids, now=now, tried=PolicyInForce(None, MonitorSettings(policy)))
    moves = Counter(
        (current[client_id], case.tier)
        for client_id, case in tried.items()
        if current[client_id] is not case.tier
    )
    return MonitorPreview(
        now=dict(Counter(current.values())),
        then=dict(Counter(case.tier for case in tried.values())),
        moves=dict(moves),
    )
