"""Consents the invented clinic has on file, and one report it has handed out."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.disclosures import ConsentDetails, allow_disclosure, issue_report
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.models import Assignment, Client, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.engagement.program import Span
from iop_schedule.vocabulary import AssignmentRole

REPORTED_WEEKS = 4


def add_paperwork(*, now: datetime) -> None:
    """Record a consent of the first client and of another one, and a report that went out under the first."""
    clients = db.session.scalars(
        select(Client).where(Client.code.in_(("C002", "C008"))).order_by(Client.code)
    )
    for number, client in enumerate(list(clients)):
        manager = (
            db.session.scalars(
                select(User)
                .join(Assignment, Assignment.user_id == User.id)
                .where(Assignment.client_id == client.id, Assignment.role == AssignmentRole.CASE_MANAGER)
            )
            .unique()
            .first()
        )
        if manager is None:
            continue
        actor = actor_for(manager)
        today = actor.today(now)
        consent = allow_disclosure(actor=actor, client_id=client.id, details=_details(today), now=now)
        if number == 0:
            span = Span(ProgramWeek.containing(today).shifted(-REPORTED_WEEKS), REPORTED_WEEKS)
            issue_report(actor=actor, client_id=client.id, consent_id=consent.id, span=span, now=now)


def _details(today: date) -> ConsentDetails:
    return ConsentDetails(
        recipient="Dr. P. Invented, family practice",
        purpose="Planning care together.",
        signed_on=today - timedelta(days=20),
        expires_on=today + timedelta(days=345),
    )
