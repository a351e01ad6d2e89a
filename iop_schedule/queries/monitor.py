"""A program's monitor as its administrator sees it: settings, versions, and what it said, week by week."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.outreach import BACK_WITHIN_DAYS
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.policy import MonitorPolicy, numbers_of
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.models import (
    AttendanceRecord,
    Enrollment,
    MonitorVersion,
    Occurrence,
    RiskSignal,
    RosterEntry,
    User,
    db,
)
from iop_schedule.queries.access import Actor, access_program
from iop_schedule.queries.case_snapshots import cases_of
from iop_schedule.queries.risk import policies_in_force, version_name
from iop_schedule.vocabulary import AttendanceStatus, EnrollmentStatus

WEEKS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version of the settings."""

    name: str
    from_at: datetime
    by: str
    note: str
    origin: str


@dataclass(frozen=True, slots=True)
class WeekOfSignals:
    """What the monitor said in one week, and what became of those people without or with a call."""

    week: ProgramWeek
    signals: int
    silent: int
    people: int
    #: Signals at least 7 days old, and how many of those people attended within 7 days.
    old_enough: int
    back: int


@dataclass(frozen=True, slots=True)
class MonitorView:
    """One program's monitor."""

    program_id: int
    name: str
    policy: MonitorPolicy
    defaults: MonitorPolicy
    silent_until: date | None
    is_silent: bool
    #: Within so many days of a miss the program takes make-ups.
    make_up_days: int
    people: int
    tiers: dict[Tier, int]
    weeks: tuple[WeekOfSignals, ...]
    versions: tuple[VersionLine, ...]
    #: By number of the policy: the version that changed it last; none for what was never changed.
    changed: dict[str, VersionLine]
    today: date

    @property
    def alerts_per_100_client_weeks(self) -> float | None:
        """Return the signals of full weeks shown for every 100 people and weeks; None without people."""
        full = self.weeks[1:]
        return (
            100 * sum(w.signals for w in full) / (self.people * len(full)) if self.people and full else None
        )


def monitor_view(actor: Actor, program_id: int, *, now: datetime) -> MonitorView:
    """Return a program's monitor with what it said in the last weeks.

    Raises:
        NotFound: not this person's program.
    """
    program = access_program(actor, program_id, Permission.MONITOR_MANAGE)
    today = actor.today(now)
    ids = in_care(program.id)
    versions = _versions(program.id)
    cases = cases_of(ids, now=now)
    return MonitorView(
        program_id=program.id,
        name=program.name,
        policy=policies_in_force([program.id], at=now)[program.id].policy,
        defaults=MonitorPolicy(),
        silent_until=program.silent_until,
        is_silent=program.silent_until is not None and today <= program.silent_until,
        make_up_days=program.make_up_days,
        people=len(ids),
        tiers=dict(Counter(case.tier for case in cases.values())),
        weeks=_weeks(program.id, today=today, now=now),
        versions=tuple(reversed(versions)),
        changed=_changed_last(program.id, versions),
        today=today,
    )


def in_care(program_id: int) -> set[int]:
    """Return the clients who are in care in a program."""
    statement = select(Enrollment.client_id).where(
        Enrollment.program_id == program_id, Enrollment.status == EnrollmentStatus.ACTIVE
    )
    return set(db.session.scalars(statement))


def _versions(program_id: int) -> tuple[VersionLine, ...]:
    statement = (
        select(MonitorVersion, User.given_name, User.family_name)
        .join(User, User.id == MonitorVersion.made_by_id)
        .where(MonitorVersion.program_id == program_id)
        .order_by(MonitorVersion.number)
    )
    return tuple(
        VersionLine(version_name(row.number), row.from_at, f"{given} {family}".strip(), row.note, row.origin)
        for row, given, family in db.session.execute(statement)
    )


def _changed_last(program_id: int, versions: tuple[VersionLine, ...]) -> dict[str, VersionLine]:
    statement = select(MonitorVersion.numbers).where(MonitorVersion.program_id == program_id)
    stored = db.session.scalars(statement.order_by(MonitorVersion.number)).all()
    before = numbers_of(MonitorPolicy())
    found: dict[str, VersionLine] = {}
    for numbers, version in zip(stored, versions, strict=True):
        found |= {name: version for name, value in numbers.items() if before.get(name) != value}
        before = numbers
    return found


def _weeks(program_id: int, *, today: date, now: datetime) -> tuple[WeekOfSignals, ...]:
    this = ProgramWeek.containing(today)
    first = this.shifted(1 - WEEKS_SHOWN)
    signals = db.session.scalars(
        select(RiskSignal).where(RiskSignal.program_id == program_id, RiskSignal.day >= first.monday)
    ).all()
    back = _first_attended([signal.id for signal in signals])
    by_week: dict[ProgramWeek, list[RiskSignal]] = defaultdict(list)
    for signal in signals:
        by_week[ProgramWeek.containing(signal.day)].append(signal)
    return tuple(_week(this.shifted(-n), by_week[this.shifted(-n)], back, now) for n in range(WEEKS_SHOWN))


def _week(
    week: ProgramWeek, signals: Collection[RiskSignal], back: dict[int, datetime], now: datetime
) -> WeekOfSignals:
    limit = timedelta(days=BACK_WITHIN_DAYS)
    old = [signal for signal in signals if now - signal.raised_at >= limit]
    return WeekOfSignals(
        week=week,
        signals=len(signals),
        silent=sum(signal.silent for signal in signals),
        people=len({signal.client_id for signal in signals}),
        old_enough=len(old),
        back=sum(s.id in back and back[s.id] - s.raised_at <= limit for s in old),
    )


def _first_attended(signal_ids: Collection[int]) -> dict[int, datetime]:
    """Return, for each signal, the start of the first session its client attended after it."""
    statement = (
        select(RiskSignal.id, func.min(Occurrence.starts_at))
        .join(RosterEntry, RosterEntry.client_id == RiskSignal.client_id)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .join(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(
            RiskSignal.id.in_(signal_ids),
            Occurrence.starts_at > RiskSignal.raised_at,
            AttendanceRecord.status.in_((AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART)),
        )
        .group_by(RiskSignal.id)
    )
    return {signal_id: at for signal_id, at in db.session.execute(statement) if at is not None}
