"""One client's report over some weeks, and a caseload in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from iop_schedule.domain.civil_time import days_between
from iop_schedule.domain.engagement.client_report import client_sections
from iop_schedule.domain.engagement.sections import Section
from iop_schedule.domain.frequency import WeeklyFrequency, total
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, db
from iop_schedule.queries.access import Actor, access_client, visible_clients
from iop_schedule.queries.engagement.program import Span
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.names import names_apart


@dataclass(frozen=True, slots=True)
class ClientReport:
    """What a report about one client says, and the names on it."""

    client_id: int
    #: As on lists, and as on a record that must not be mistaken.
    short_name: str
    full_name: str
    program: str
    site: str
    span: Span
    #: Empty when the client was not in care in these weeks.
    sections: tuple[Section, ...]

    @property
    def is_empty(self) -> bool:
        """Return True when there is nothing to report."""
        return not self.sections


def client_report(actor: Actor, client_id: int, span: Span, *, now: datetime) -> ClientReport:
    """Return the report of one client over `span`, weeks outside care left out.

    Raises:
        NotFound: not this person's to see.
    """
    client = access_client(actor, client_id, Permission.REPORTS_READ, now=now)
    care = care_records([client.id], first_day=span.first.monday, last_day=span.last.sunday, now=now)[
        client.id
    ]
    weeks = [
        week
        for week in care.weeks(span.first, span.weeks)
        if any(care.dates.is_enrolled(day) for day in week.first_week.treatment_days)
    ]
    return ClientReport(
        client_id=client.id,
        short_name=client.short_name,
        full_name=client.full_name,
        program=care.program_name,
        site=client.site.name,
        span=span,
        sections=client_sections(weeks) if weeks else (),
    )


@dataclass(frozen=True, slots=True)
class CaseloadLine:
    """One client of a caseload over some weeks."""

    client_id: int
    name: str
    program: str
    #: All weeks together.
    frequency: WeeklyFrequency
    goal_met: int
    goal_weeks: int
    last_attended: date | None


def caseload_lines(actor: Actor, span: Span, *, now: datetime) -> list[CaseloadLine]:
    """Return everyone `actor` is responsible for who was in care in these weeks, by name.

    The statements do not grow with the number of people.
    """
    actor.require(Permission.REPORTS_READ)
    clients: Sequence[Client] = db.session.scalars(visible_clients(actor, now=now)).all()
    names = names_apart(clients)
    care = care_records(
        [c.id for c in clients], first_day=span.first.monday, last_day=span.last.sunday, now=now
    )
    lines = []
    for client in clients:
        record = care[client.id]
        weeks = record.weeks(span.first, span.weeks)
        if not any(
            record.dates.is_enrolled(day) for day in days_between(span.first.monday, span.last.sunday)
        ):
            continue
        judged = [week.goal_met for week in weeks if week.goal_met is not None]
        lines.append(
            CaseloadLine(
                client_id=client.id,
                name=names[client.id],
                program=record.program_name,
                frequency=total(weeks),
                goal_met=sum(judged),
                goal_weeks=len(judged),
                last_attended=max(
                    (fact.local_day for fact in record.facts if fact.state.is_attended), default=None
                ),
            )
        )
    return lines
