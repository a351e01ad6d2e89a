"""A program's written policy on who is placed first, and whom it names."""

from datetime import datetime

from sqlalchemy import func, select

from iop_schedule.actions import audit
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Enrollment, PriorityClass, PriorityMark, Program, db
from iop_schedule.queries.access import Actor, access_client, access_program
from iop_schedule.queries.prescription import OPEN
from iop_schedule.vocabulary import AuditKind

LIGHTEST, HEAVIEST = 2, 9


def add_priority(
    *, actor: Actor, program_id: int, name: str, weight: int, source: str, now: datetime
) -> PriorityClass:
    """Add a line to the policy: placing one of these people counts as much as placing `weight` others.

    Raises:
        NotFound: the program is not at this person's site.
        NotPossible: the line has no words, the policy has it already, or the weight is out of bounds.
    """
    program = access_program(actor, program_id, Permission.PLACEMENT_RUN)
    if not name.strip():
        message = "Say whom this is about, as the policy does."
        raise NotPossible(message, field="name")
    if not LIGHTEST <= weight <= HEAVIEST:
        message = f"Choose {LIGHTEST} to {HEAVIEST}; everyone else counts 1."
        raise NotPossible(message, field="weight")
    same = select(func.count()).where(
        PriorityClass.program_id == program.id, PriorityClass.name == name.strip()
    )
    if db.session.scalar(same):
        message = "The policy has this line already."
        raise NotPossible(message, field="name")
    line = PriorityClass(program_id=program.id, name=name.strip(), weight=weight, source=source.strip())
    db.session.add(line)
    _record(actor, program, now, added=line.name, weight=weight)
    db.session.commit()
    return line


def remove_priority(*, actor: Actor, program_id: int, priority_id: int, now: datetime) -> None:
    """Take a line out of the policy; those it named count like everyone else.

    Raises:
        NotFound: the program is not at this person's site, or has no such line.
    """
    program, line = _line(actor, program_id, priority_id)
    for mark in db.session.scalars(select(PriorityMark).where(PriorityMark.priority_class_id == line.id)):
        db.session.delete(mark)
    db.session.flush()
    db.session.delete(line)
    _record(actor, program, now, removed=line.name)
    db.session.commit()


def _line(actor: Actor, program_id: int, priority_id: int) -> tuple[Program, PriorityClass]:
    program = access_program(actor, program_id, Permission.PLACEMENT_RUN)
    line = db.session.get(PriorityClass, priority_id)
    if line is None or line.program_id != program.id:
        raise NotFound
    return program, line


def name_person(
    *, actor: Actor, program_id: int, client_id: int, priority_id: int | None, now: datetime
) -> None:
    """Say that a line of the policy names a client of the program; None says that none does.

    Raises:
        NotFound: the program, the line or the client is not this person's.
        NotPossible: the client is in no open episode of care of the program.
    """
    program = access_program(actor, program_id, Permission.PLACEMENT_RUN)
    line = None if priority_id is None else _line(actor, program_id, priority_id)[1]
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    statement = select(Enrollment).where(
        Enrollment.client_id == client.id, Enrollment.program_id == program.id, Enrollment.status.in_(OPEN)
    )
    enrollments = db.session.scalars(statement.order_by(Enrollment.from_day)).all()
    if not enrollments:
        message = f"{client.called} is not in {program.name}."
        raise NotPossible(message, field="client_id")
    for enrollment in enrollments:
        _mark(enrollment, line)
    audit.record(
        AuditKind.PRIORITIES_CHANGED, actor=actor, now=now, subject=("program", program.id),
        client_id=client.id, site_id=program.site_id, details={"named_by": line and line.id},
    )  # fmt: skip
    db.session.commit()


def _mark(enrollment: Enrollment, line: PriorityClass | None) -> None:
    mark = db.session.scalars(
        select(PriorityMark).where(PriorityMark.enrollment_id == enrollment.id)
    ).one_or_none()
    if mark is not None and line is None:
        db.session.delete(mark)
    elif mark is not None and line is not None:
        mark.priority_class_id = line.id
    elif line is not None:
        db.session.add(PriorityMark(enrollment_id=enrollment.id, priority_class_id=line.id))


def _record(actor: Actor, program: Program, now: datetime, **details: object) -> None:
    audit.record(
        AuditKind.PRIORITIES_CHANGED, actor=actor, now=now, subject=("program", program.id),
        site_id=program.site_id, details=details,
    )  # fmt: skip
