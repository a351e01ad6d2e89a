"""A case manager's caseload: whom to contact first, and why. Everything is derived when it is asked for."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.frequency import SessionFact
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.monitor import MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.reasons import ReasonKind, Tier
from iop_schedule.domain.risk.tiers import assess
from iop_schedule.models import Client, ClientConstraint, Enrollment, Group, Series, SeriesMember, db
from iop_schedule.queries.access import Actor, visible_clients
from iop_schedule.queries.availability import OpenClash, open_clashes
from iop_schedule.queries.frequency import CareRecord, care_records
from iop_schedule.queries.names import names_apart
from iop_schedule.vocabulary import EnrollmentStatus

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Weeks in the strip and the line, the current one included.
WEEKS_SHOWN = 8
#: How far back the monitor reads.
LOOKS_BACK = timedelta(weeks=52)
#: Most reasons of the tier printed for one person.
REASONS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One person on the caseload."""

    client_id: int
    name: str
    first_name: str
    groups: tuple[str, ...]
    tier: Tier
    reasons: tuple[str, ...]
    #: The person's times and their sessions do not fit, or misses follow a pattern: look for a time.
    needs_a_time: bool
    #: Enrolled but without a place yet.
    waiting: bool
    done_minutes: int
    goal_minutes: int
    #: States per week, oldest first, as the heat strip takes them.
    strip: tuple[tuple[str, ...], ...]
    hours: tuple[float, ...]
    goal_hours: float
    not_recorded: int
    last_attended: date | None
    phone: str


@dataclass(frozen=True, slots=True)
class Caseload:
    """Everyone a case manager looks after, most urgent first."""

    rows: tuple[CaseRow, ...]
    today: date
    #: All group names on the caseload, for the filter.
    groups: tuple[str, ...]
    #: How many people have each tier, before any filter.
    counts: dict[Tier, int]
    waiting: int
    #: Sessions over without their attendance, which may still change this list.
    not_recorded: int

    @property
    def people(self) -> int:
        """Return how many people are on the caseload, before any filter."""
        return sum(self.counts.values())


def caseload(
    actor: Actor,
    *,
    now: datetime,
    tier: Tier | None = None,
    group: str = "",
    search: str = "",
    by_name: bool = False,
) -> Caseload:
    """Return the clients `actor` looks after; filters narrow the rows, never the counts."""
    actor.require(Permission.CASELOAD_READ)
    today = actor.today(now)
    clients = db.session.scalars(visible_clients(actor, now=now)).all()
    rows = _rows(actor, clients, today=today, now=now)
    shown = [row for row in rows if _matches(row, tier=tier, group=group, search=search)]
    shown.sort(key=lambda r: (0 if by_name else -r.tier.rank, not r.waiting, r.name.casefold(), r.client_id))
    return Caseload(
        rows=tuple(shown),
        today=today,
        groups=tuple(sorted({name for row in rows for name in row.groups})),
        counts={one: sum(row.tier is one for row in rows) for one in Tier},
        waiting=sum(row.waiting for row in rows),
        not_recorded=sum(row.not_recorded for row in rows),
    )


def _matches(row: CaseRow, *, tier: Tier | None, group: str, search: str) -> bool:
    return (
        (tier is None or row.tier is tier)
        and (not group or group in row.groups)
        and search.strip().casefold() in row.name.casefold()
    )


def _rows(actor: Actor, clients: Sequence[Client], *, today: date, now: datetime) -> list[CaseRow]:
    ids = [client.id for client in clients]
    names = names_apart(clients)
    week = ProgramWeek.containing(today)
    records = care_records(ids, first_day=today - LOOKS_BACK, last_day=week.sunday, now=now)
    groups, waiting = _group_names(ids, today), _waiting(ids)
    changed = _commitments_changed(ids)
    clashes = _clashes_by_client(open_clashes(actor, now=now))
    settings = MonitorSettings(MonitorPolicy())
    return [
        _row(
            client,
            records[client.id],
            name=names[client.id],
            week=week,
            today=today,
            now=now,
            groups=groups[client.id],
            waiting=client.id in waiting and not groups[client.id],
            changed=changed[client.id],
            clashes=clashes.get(client.id, ()),
            settings=settings,
        )
        for client in clients
    ]


def _row(
    client: Client,
    care: CareRecord,
    *,
    name: str,
    week: ProgramWeek,
    today: date,
    now: datetime,
    groups: tuple[str, ...],
    waiting: bool,
    changed: Sequence[date],
    clashes: Sequence[OpenClash],
    settings: MonitorSettings,
) -> CaseRow:
    weeks = care.weeks(week.shifted(1 - WEEKS_SHOWN), WEEKS_SHOWN)
    result = assess(
        care.facts,
        policy=settings,
        now=now,
        today=today,
        dates=care.dates,
        weeks=weeks,
        commitments_changed_on=changed,
    )
    reasons = [reason.sentence for reason in result.reasons[:REASONS_SHOWN]] + _clash_words(clashes)
    if waiting:
        reasons = ["Waiting for a place in a group."]
    attended = [fact.local_day for fact in care.facts if fact.state.is_attended]
    return CaseRow(
        client_id=client.id,
        name=name,
        first_name=client.called,
        groups=groups,
        tier=result.tier,
        reasons=tuple(reasons),
        needs_a_time=bool(clashes) or any(r.kind is ReasonKind.MISFIT for r in result.reasons),
        waiting=waiting,
        done_minutes=weeks[-1].delivered_minutes,
        goal_minutes=weeks[-1].prescribed_minutes,
        strip=_strip(care.facts, [w.first_week for w in weeks]),
        hours=tuple(w.delivered_minutes / 60 for w in weeks[:-1]),
        goal_hours=max((w.prescribed_minutes for w in weeks), default=0) / 60,
        not_recorded=sum(fact.state is SessionState.NOT_RECORDED for fact in care.facts),
        last_attended=max(attended, default=None),
        phone=client.phone,
    )


def _clash_words(clashes: Sequence[OpenClash]) -> list[str]:
    """Return one sentence for each group or one-to-one, however many of its days are affected."""
    by_name: dict[str, list[OpenClash]] = defaultdict(list)
    for clash in clashes:
        by_name[clash.session_name].append(clash)
    return [f"{name} on {_when(found)} does not fit their week any more." for name, found in by_name.items()]


def _when(clashes: Sequence[OpenClash]) -> str:
    first = clashes[0].first_day
    if sum(clash.times for clash in clashes) == 1:
        return f"{first:%a}, {first:%b} {first.day}"
    return _listed(f"{DAY_NAMES[day]}s" for day in sorted({clash.first_day.weekday() for clash in clashes}))


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _strip(facts: Sequence[SessionFact], weeks: Sequence[ProgramWeek]) -> tuple[tuple[str, ...], ...]:
    states: dict[ProgramWeek, list[str]] = defaultdict(list)
    for fact in facts:
        if fact.state not in _NOT_ON_STRIP:
            word = "to_mark" if fact.state is SessionState.NOT_RECORDED else fact.state.value
            states[ProgramWeek.containing(fact.local_day)].append(word)
    return tuple(tuple(states[week]) for week in weeks)


_NOT_ON_STRIP = frozenset(
    {
        SessionState.UPCOMING,
        SessionState.OUTSIDE,
        SessionState.CLOSED,
        SessionState.PAUSED,
        SessionState.PROGRAM_CANCELLED,
    }
)


def _group_names(ids: Collection[int], today: date) -> dict[int, tuple[str, ...]]:
    """Return the groups in which each client has a place, now or from a coming day on."""
    statement = (
        select(SeriesMember.client_id, Group.name)
        .join(Series, Series.id == SeriesMember.series_id)
        .join(Group, Group.id == Series.group_id)
        .where(
            SeriesMember.client_id.in_(ids),
            or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= today),
            or_(Series.until_day.is_(None), Series.until_day >= today),
        )
        .distinct()
        .order_by(Group.name)
    )
    names: dict[int, list[str]] = defaultdict(list)
    for client_id, name in db.session.execute(statement):
        names[client_id].append(name)
    return {client_id: tuple(names[client_id]) for client_id in ids}


def _waiting(ids: Collection[int]) -> set[int]:
    statement = select(Enrollment.client_id).where(
        Enrollment.client_id.in_(ids),
        Enrollment.status.in_(
            (EnrollmentStatus.WAITLISTED, EnrollmentStatus.PLANNED, EnrollmentStatus.ACTIVE)
        ),
    )
    return set(db.session.scalars(statement))


def _commitments_changed(ids: Collection[int]) -> dict[int, list[date]]:
    """Return the days from which hard commitments hold or stop holding, by client."""
    statement = select(
        ClientConstraint.client_id, ClientConstraint.from_day, ClientConstraint.until_day
    ).where(
        ClientConstraint.client_id.in_(ids),
        ClientConstraint.withdrawn_at.is_(None),
        ClientConstraint.hard.is_(True),
        ClientConstraint.weekday.is_not(None),
    )
    days: dict[int, set[date]] = defaultdict(set)
    for client_id, from_day, until_day in db.session.execute(statement):
        days[client_id].add(from_day)
        if until_day is not None:
            days[client_id].add(until_day + timedelta(days=1))
    return {client_id: sorted(days[client_id]) for client_id in ids}


def _clashes_by_client(clashes: Sequence[OpenClash]) -> dict[int, list[OpenClash]]:
    found: dict[int, list[OpenClash]] = defaultdict(list)
    for clash in clashes:
        found[clash.client_id].append(clash)
    return found
