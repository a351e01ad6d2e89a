"""Keeping the scores of brief self-reports, in a lane of their own."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from iop_schedule.actions import audit
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.self_report import SelfReport
from iop_schedule.errors import NotPossible
from iop_schedule.models import SelfReportRow, db
from iop_schedule.queries.access import Actor, access_about_client, access_client
from iop_schedule.vocabulary import AuditKind

OLDEST = timedelta(days=366)


class NotThatDay(NotPossible):
    """The day it was filled in lies within the last year, and not in the future."""


class NoScore(NotPossible):
    """Enter the items of at least one subscale, or a subscale itself."""


def record_self_report(
    *,
    actor: Actor,
    client_id: int,
    day: date,
    report: SelfReport,
    items: Mapping[str, int],
    now: datetime,
) -> SelfReportRow:
    """Keep the scores of one self-report; the items too where they were entered.

    Raises:
        NotFound: not this person's client.
        NotThatDay, NoScore: it cannot be of that day, or says nothing.
    """
    client = access_client(actor, client_id, Permission.SELF_REPORT, now=now)
    if not actor.today(now) - OLDEST <= day <= actor.today(now):
        raise NotThatDay(field="day")
    if report.use is None and report.risk is None and report.protective is None:
        raise NoScore(field="use_score")
    row = SelfReportRow(
        client_id=client.id,
        day=day,
        use_score=report.use,
        risk_score=report.risk,
        protective_score=report.protective,
        items=dict(items),
        recorded_at=now,
        recorded_by_id=actor.user_id,
    )
    db.session.add(row)
    db.session.flush()
    details = {"report": row.id, "day": day.isoformat()}
    audit.record(AuditKind.SELF_REPORT_RECORDED, actor=actor, client_id=client.id, now=now, details=details)
    db.session.commit()
    return row


def withdraw_self_report(*, actor: Actor, report_id: int, now: datetime) -> int:
    """Take a self-report entered by mistake back and return whose it was; twice changes nothing."""
    row = access_about_client(actor, SelfReportRow, report_id, Permission.SELF_REPORT, now=now)
    if row.withdrawn_at is None:
        row.withdrawn_at, row.withdrawn_by_id = now, actor.user_id
        details = {"report": row.id}
        audit.record(
            AuditKind.SELF_REPORT_WITHDRAWN, actor=actor, client_id=row.client_id, now=now, details=details
        )
    client_id = row.client_id
    db.session.commit()
    return client_id
