"""Saying what a program values in a week and what changes would cost. Plans made before stay as they are."""

from collections.abc import Mapping
from datetime import datetime

from iop_schedule.actions import audit
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.placement import Valuation
from iop_schedule.models import db
from iop_schedule.queries.access import Actor, access_program
from iop_schedule.queries.placement_values import values_of
from iop_schedule.vocabulary import AuditKind


def set_placement_values(
    *, actor: Actor, program_id: int, numbers: Mapping[str, int], now: datetime
) -> Valuation:
    """Keep a program's numbers, those that are not given at their defaults; return them.

    Raises:
        NotFound, NotAllowed: the program is not this person's to plan.
        NotPossible: a number out of its bounds; the error names it.
    """
    program = access_program(actor, program_id, Permission.PLACEMENT_RUN)
    before, after = values_of(program), Valuation.of(numbers)
    if before != after:
        program.placement_numbers = after.set_numbers()
        was, is_now = before.numbers(), after.numbers()
        changed = {name: [was[name], number] for name, number in is_now.items() if was[name] != number}
        audit.record(
            AuditKind.PLACEMENT_VALUES_CHANGED, actor=actor, now=now, site_id=program.site_id,
            subject=("program", program.id), details={"changed": changed},
        )  # fmt: skip
    db.session.commit()
    return after
