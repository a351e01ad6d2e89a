"""A program's written policy on who is placed first, with the people it names."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, Enrollment, PriorityMark, db
from iop_schedule.queries.access import Actor, access_program, sees_client
from iop_schedule.queries.choices import Choice
from iop_schedule.queries.placement_caseload import priority_classes
from iop_schedule.queries.prescription import OPEN


@dataclass(frozen=True, slots=True)
class PriorityLine:
    """One line of the policy and whom it names."""

    id: int
    name: str
    weight: int
    source: str
    people: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A program's policy, and who could be named."""

    program_id: int
    program: str
    lines: tuple[PriorityLine, ...]
    #: Everyone in an open episode of care of the program whom no line names.
    others: tuple[Choice, ...]

    @property
    def client_ids(self) -> list[int]:
        """Return everyone a line names, or is offered to name."""
        named = (one for line in self.lines for one in line.people)
        people = (*named, *self.others) if self.lines else ()
        return sorted(one.id for one in people)


def policy_view(actor: Actor, program_id: int, *, now: datetime) -> Policy:
    """Return the policy of a program at the actor's sites.

    Raises:
        NotFound: there is no such program at their sites.
    """
    program = access_program(actor, program_id, Permission.PLACEMENT_RUN)
    statement = (
        select(Client, PriorityMark.priority_class_id)
        .join(Enrollment, Enrollment.client_id == Client.id)
        .outerjoin(PriorityMark, PriorityMark.enrollment_id == Enrollment.id)
        .where(
            Enrollment.program_id == program.id,
            Enrollment.status.in_(OPEN),
            sees_client(actor, now=now),
        )
        .order_by(Client.preferred_name, Client.given_name, Client.family_name, Client.id)
    )
    named: dict[int | None, dict[int, Choice]] = {}
    for client, line in db.session.execute(statement):
        named.setdefault(line, {})[client.id] = Choice(client.id, f"{client.short_name} ({client.code})")
    lines = tuple(
        PriorityLine(line.id, line.name, line.weight, line.source, _by_name(named.get(line.id, {}).values()))
        for line in priority_classes(program.id)
    )
    return Policy(program.id, program.name, lines, _by_name(named.get(None, {}).values()))


def _by_name(people: Iterable[Choice]) -> tuple[Choice, ...]:
    return tuple(sorted(people, key=lambda c: (c.name, c.id)))
