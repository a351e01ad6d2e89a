"""What a program values in a week, and who said so last."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iop_schedule.domain.civil_time import local, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.placement import Valuation
from iop_schedule.models import AuditEvent, Program, User, db
from iop_schedule.queries.access import Actor, access_program
from iop_schedule.vocabulary import AuditKind


@dataclass(frozen=True, slots=True)
class ValuesView:
    """What the page shows on which an administrator changes a program's numbers."""

    program_id: int
    program: str
    values: Valuation
    #: Who changed them last and when, on the clock of the site; empty until somebody has.
    changed_by: str
    changed_at: datetime | None


def values_of(program: Program) -> Valuation:
    """Return what a program values; the defaults where it says nothing."""
    return Valuation.of(program.placement_numbers)


def values_for(actor: Actor, program_id: int) -> ValuesView:
    """Return a program's numbers for changing; raises as `access_program`."""
    program = access_program(actor, program_id, Permission.PLACEMENT_RUN)
    statement = (
        select(AuditEvent.at, (User.given_name + " " + User.family_name).label("name"))
        .join(User, User.id == AuditEvent.actor_id)
        .where(
            AuditEvent.kind == AuditKind.PLACEMENT_VALUES_CHANGED,
            AuditEvent.subject == "program",
            AuditEvent.subject_id == str(program.id),
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    last = next(iter(db.session.execute(statement)), None)
    return ValuesView(
        program_id=program.id,
        program=program.name,
        values=values_of(program),
        changed_by=last.name if last else "",
        changed_at=local(last.at, zone(program.site.zone)) if last else None,
    )
