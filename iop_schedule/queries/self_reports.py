"""The brief self-reports of one client: scores, and what they ask for."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.self_report import SelfReport
from iop_schedule.models import SelfReportRow, User, db
from iop_schedule.queries.access import Actor, access_client


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One self-report."""

    id: int
    day: date
    report: SelfReport
    by: str


@dataclass(frozen=True, slots=True)
class Reports:
    """One client's self-reports, newest first."""

    client_id: int
    name: str
    lines: tuple[ReportLine, ...]


def reports_of(actor: Actor, client_id: int, *, now: datetime) -> Reports:
    """Return one client's self-reports that were not taken back.

    Raises:
        NotFound: not this person's client.
    """
    client = access_client(actor, client_id, Permission.SELF_REPORT, now=now)
    statement = (
        select(SelfReportRow, User.given_name, User.family_name)
        .join(User, User.id == SelfReportRow.recorded_by_id)
        .where(SelfReportRow.client_id == client.id, SelfReportRow.withdrawn_at.is_(None))
        .order_by(SelfReportRow.day.desc(), SelfReportRow.id.desc())
    )
    return Reports(
        client_id=client.id,
        name=client.short_name,
        lines=tuple(
            ReportLine(
                row.id,
                row.day,
                SelfReport(row.use_score, row.risk_score, row.protective_score),
                f"{given} {family}".strip(),
            )
            for row, given, family in db.session.execute(statement)
        ),
    )
