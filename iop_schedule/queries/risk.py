"""The monitor settings in force, and what else the monitor reads beside sessions."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from iop_schedule.domain.civil_time import local_day
from iop_schedule.domain.placement import rota_changes, rota_days
from iop_schedule.domain.risk.monitor import MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.self_report import SelfReport
from iop_schedule.models import ClientConstraint, MonitorVersion, OutreachAttempt, SelfReportRow, db
from iop_schedule.vocabulary import ContactResult

#: How old a self-report may be and still ask for a look.
SELF_REPORT_DAYS = 35
#: How far back a rota is looked at for changes: twice the usual look-back of a misfit.
ROTA_LOOKS_BACK = timedelta(weeks=12)


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """The settings a program's tiers are derived with, prepared once for all its clients."""

    #: None for the defaults of this release.
    version_id: int | None
    settings: MonitorSettings

    @property
    def policy(self) -> MonitorPolicy:
        """Return the numbers."""
        return self.settings.policy


def policies_in_force(
    program_ids: Collection[int | None], *, at: datetime
) -> dict[int | None, PolicyInForce]:
    """Return the settings of each program at an instant; the defaults where it has none, and under None."""
    defaults = PolicyInForce(None, MonitorSettings(MonitorPolicy()))
    found: dict[int | None, PolicyInForce] = dict.fromkeys([None, *program_ids], defaults)
    statement = (
        select(MonitorVersion)
        .where(MonitorVersion.program_id.in_(program_ids), MonitorVersion.from_at <= at)
        .order_by(MonitorVersion.program_id, MonitorVersion.number)
    )
    latest = {row.program_id: row for row in db.session.scalars(statement)}
    return found | {program_id: in_force(row) for program_id, row in latest.items()}


def policy_in_force(program_id: int, *, now: datetime) -> MonitorPolicy:
    """Return the numbers of one program at `now`."""
    return policies_in_force([program_id], at=now)[program_id].policy


def in_force(row: MonitorVersion | None) -> PolicyInForce:
    """Return a stored version ready for use; the defaults for None."""
    if row is None:
        return PolicyInForce(None, MonitorSettings(MonitorPolicy()))
    return PolicyInForce(row.id, MonitorSettings(policy_of(row)))


def policy_named(version_id: int | None) -> MonitorPolicy:
    """Return the numbers of a stored version; the defaults of this release for None."""
    return in_force(db.session.get(MonitorVersion, version_id) if version_id is not None else None).policy


def policy_of(row: MonitorVersion) -> MonitorPolicy:
    """Return the numbers of a stored version, under its own name."""
    return MonitorPolicy(**{**row.numbers, "version": version_name(row.number)})


def version_name(number: int) -> str:
    """Return how a program's own version is named wherever a tier is stored or printed."""
    return f"{MonitorPolicy().version} v{number}"


def last_contacts(
    zones: Mapping[int, ZoneInfo], *, now: datetime, known_at: datetime | None = None
) -> dict[int, date]:
    """Return the last day each client in `zones` was reached, on the calendar of their site.

    With `known_at`, from what had been entered by that instant and not yet taken back.
    """
    statement = (
        select(OutreachAttempt.client_id, OutreachAttempt.at)
        .where(
            OutreachAttempt.client_id.in_(zones),
            OutreachAttempt.result == ContactResult.REACHED,
            OutreachAttempt.at <= now,
            *stood(OutreachAttempt.recorded_at, OutreachAttempt.undone_at, known_at),
        )
        .order_by(OutreachAttempt.at)
    )
    return {client_id: local_day(at, zones[client_id]) for client_id, at in db.session.execute(statement)}


def self_reports(
    client_ids: Collection[int], *, today: date, known_at: datetime | None = None
) -> dict[int, SelfReport]:
    """Return each client's latest self-report of the last weeks up to `today`; `known_at` as above."""
    statement = (
        select(SelfReportRow)
        .where(
            SelfReportRow.client_id.in_(client_ids),
            SelfReportRow.day <= today,
            SelfReportRow.day > today - timedelta(days=SELF_REPORT_DAYS),
            *stood(SelfReportRow.recorded_at, SelfReportRow.withdrawn_at, known_at),
        )
        .order_by(SelfReportRow.day, SelfReportRow.id)
    )
    return {
        row.client_id: SelfReport(row.use_score, row.risk_score, row.protective_score)
        for row in db.session.scalars(statement)
    }


def stood(
    recorded_at: InstrumentedAttribute[datetime],
    taken_back_at: InstrumentedAttribute[datetime | None],
    known_at: datetime | None,
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an entry stands, or stood at `known_at`."""
    if known_at is None:
        return (taken_back_at.is_(None),)
    return recorded_at <= known_at, or_(taken_back_at.is_(None), taken_back_at > known_at)


def commitments_changed(client_ids: Collection[int], *, today: date) -> dict[int, list[date]]:
    """Return the days on which hard commitments begin or have ended, by client.

    Those of a rota given as single dates are told from the dates, for the last weeks up to `today`.
    """
    first = today - ROTA_LOOKS_BACK
    days: dict[int, set[date]] = defaultdict(set)
    shifts: dict[int, list[tuple[date, time, time]]] = defaultdict(list)
    for row in db.session.execute(_hard(client_ids, *rota_days(first=first, last=today))):
        if row.day is not None:
            shifts[row.client_id].append((row.day, row.local_start, row.local_end))
            continue
        days[row.client_id].add(row.from_day)
        if row.until_day is not None:
            days[row.client_id].add(row.until_day + timedelta(days=1))
    for client_id, rota in shifts.items():
        days[client_id].update(rota_changes(rota, first=first, last=today))
    return {client_id: sorted(days[client_id]) for client_id in client_ids}


def _hard(
    client_ids: Collection[int], first: date, last: date
) -> Select[int, date | None, time, time, date, date | None]:
    """Return the weekly hard commitments, and those of single dates from `first` to `last`."""
    return select(
        ClientConstraint.client_id,
        ClientConstraint.day,
        ClientConstraint.local_start,
        ClientConstraint.local_end,
        ClientConstraint.from_day,
        ClientConstraint.until_day,
    ).where(
        ClientConstraint.client_id.in_(client_ids),
        ClientConstraint.withdrawn_at.is_(None),
        ClientConstraint.hard.is_(True),
        or_(ClientConstraint.weekday.is_not(None), ClientConstraint.day.between(first, last)),
    )
