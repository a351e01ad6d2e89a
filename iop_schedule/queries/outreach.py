"""Who is to be contacted, what was tried, and how it went."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select

from iop_schedule.domain.civil_time import DAYS_PER_WEEK, local, local_day, zone
from iop_schedule.domain.outreach import (
    Course,
    Figures,
    Group,
    Try,
    alerts_a_week,
    earliest_next_day,
    figures,
    group_of,
    next_day_of,
)
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.models import (
    AttendanceRecord,
    Client,
    Occurrence,
    OutreachAttempt,
    OutreachTask,
    RiskSignal,
    RosterEntry,
    User,
    db,
)
from iop_schedule.queries.access import Actor, access_client, sees_client
from iop_schedule.queries.case_snapshots import cases_of
from iop_schedule.queries.cases import Case
from iop_schedule.queries.contacts import OUTSIDE
from iop_schedule.queries.names import names_apart
from iop_schedule.queries.occasions import words_from_staff
from iop_schedule.queries.outreach_tasks import Standing, standing_tasks
from iop_schedule.queries.risk import stood
from iop_schedule.queries.set_aside import NotNow, set_aside
from iop_schedule.vocabulary import (
    AttendanceStatus,
    Barrier,
    Channel,
    ContactChannel,
    ContactResult,
    HoldReason,
    NextStep,
    Role,
    TaskEnd,
)

#: Tasks listed at once; a case manager with more has another problem.
MOST_LISTED = 200
#: How far back the figures look.
FIGURES_WEEKS = 13


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try, on the clock of the client's site."""

    id: int
    at: datetime
    by: str
    channel: ContactChannel
    result: ContactResult
    barrier: Barrier | None
    note: str
    next_step: NextStep
    next_day: date | None
    recorded_at: datetime
    may_undo: bool


@dataclass(frozen=True, slots=True)
class TaskView:
    """One person to contact."""

    id: int
    client_id: int
    name: str
    first_name: str
    phone: str
    tier: Tier
    why: tuple[str, ...]
    owner: str
    #: What the last try agreed, else the due day; after a “not now”.
    next_day: date
    group: Group
    escalated: bool
    attempts: tuple[AttemptView, ...]
    not_now: NotNow | None


@dataclass(frozen=True, slots=True)
class OutreachList:
    """Everyone to contact, by when."""

    groups: tuple[tuple[Group, tuple[TaskView, ...]], ...]
    #: All there are; those not listed are the latest.
    total: int
    #: Tasks nobody acted on in time.
    escalated: int
    today: date
    whole_site: bool

    @property
    def left_out(self) -> int:
        """Return how many are not listed."""
        return self.total - sum(len(tasks) for _, tasks in self.groups)


@dataclass(frozen=True, slots=True)
class ContactPage:
    """What one needs to know while calling someone."""

    client_id: int
    name: str
    first_name: str
    phone: str
    may_leave_message: bool
    case: Case
    is_shown: bool
    #: When an open task about them is next to be worked on.
    due: date | None
    not_now: NotNow | None
    attempts: tuple[AttemptView, ...]
    #: How they may be asked in writing to call, and why not where they may not.
    ways: tuple[tuple[Channel, HoldReason | None], ...]
    #: On the client's calendar and clock.
    zone: ZoneInfo
    now: datetime
    today: date
    tomorrow: date


@dataclass(frozen=True, slots=True)
class ManagerFigures:
    """How the outreach of one case manager went."""

    name: str
    figures: Figures
    alerts_a_week: float


def outreach_list(actor: Actor, *, now: datetime) -> OutreachList:
    """Return the open tasks: a case manager's own, for administrators everyone's at their sites."""
    actor.require(Permission.OUTREACH_LOG)
    whole_site = actor.role is Role.ADMINISTRATOR
    today = actor.today(now)
    which = [sees_client(actor, now=now)]
    if not whole_site:
        which.append(OutreachTask.user_id == actor.user_id)
    standing = standing_tasks(*which, now=now)
    soonest = sorted(standing, key=lambda task_id: (next_day_of(standing[task_id].days), task_id))
    rows = _named(soonest[:MOST_LISTED])
    clients = [client for _, client, _, _ in rows]
    cases = cases_of({client.id for client in clients}, now=now)
    aside = set_aside([client.id for client in clients], today)
    names = names_apart(clients)
    tries = _attempts([task.id for task, *_ in rows], actor, now=now)
    tasks = [
        _task_view(
            task,
            client,
            standing[task.id],
            owner=f"{given} {family}",
            name=names[client.id],
            case=cases[client.id],
            attempts=tries[task.id],
            not_now=aside.get(client.id),
            is_shown=whole_site or not cases[client.id].is_silent,
        )
        for task, client, given, family in rows
    ]
    tasks.sort(key=lambda t: (t.next_day, -t.tier.rank, t.name.casefold(), t.id))
    return OutreachList(
        groups=tuple((g, tuple(t for t in tasks if t.group is g)) for g in Group),
        total=len(standing),
        escalated=sum(one.is_escalated for one in standing.values()),
        today=today,
        whole_site=whole_site,
    )


def contact_page(actor: Actor, client_id: int, *, now: datetime) -> ContactPage:
    """Return what stands beside the form in which a contact is logged.

    Raises:
        NotFound: not this person's client.
    """
    client = access_client(actor, client_id, Permission.OUTREACH_LOG, now=now)
    case = cases_of([client.id], now=now)[client.id]
    tz = zone(client.site.zone)
    tasks = standing_tasks(OutreachTask.client_id == client.id, now=now)
    return ContactPage(
        client_id=client.id,
        name=client.short_name,
        first_name=client.called,
        phone=client.phone,
        may_leave_message=client.may_leave_message,
        case=case,
        is_shown=not case.is_silent or actor.role is Role.ADMINISTRATOR,
        due=next((next_day_of(one.days) for one in tasks.values()), None),
        not_now=set_aside([client.id], local_day(now, tz)).get(client.id),
        attempts=contacts_of(client.id, actor, now=now),
        ways=tuple(
            (word.reach.channel, word.why_not())
            for word in words_from_staff(client.id, OUTSIDE, local_day(now, tz))
        ),
        zone=tz,
        now=local(now, tz),
        today=local_day(now, tz),
        tomorrow=earliest_next_day(local_day(now, tz)),
    )


def contacts_of(
    client_id: int, actor: Actor, *, now: datetime, known_at: datetime | None = None, limit: int = 20
) -> tuple[AttemptView, ...]:
    """Return the latest contacts with one client, newest first; with `known_at` as they stood then.

    For callers past `access_client`.
    """
    which = OutreachAttempt.client_id == client_id
    found = _views(actor, which, now=now, known_at=known_at, limit=limit)
    return tuple(view for _, view in reversed(found))


def manager_figures(actor: Actor, *, now: datetime) -> list[ManagerFigures]:
    """Return how outreach of the last quarter went: one's own; for administrators, everyone's."""
    actor.require(Permission.OUTREACH_LOG)
    since = now - timedelta(weeks=FIGURES_WEEKS)
    statement = (
        select(OutreachTask, User.given_name, User.family_name)
        .join(Client, Client.id == OutreachTask.client_id)
        .join(User, User.id == OutreachTask.user_id)
        .where(OutreachTask.opened_at >= since, sees_client(actor, now=now))
        .order_by(User.family_name, User.given_name, OutreachTask.id)
    )
    if actor.role is not Role.ADMINISTRATOR:
        statement = statement.where(OutreachTask.user_id == actor.user_id)
    rows = db.session.execute(statement).all()
    tries = _attempts([task.id for task, *_ in rows], actor, now=now)
    back = _first_attended([task.id for task, *_ in rows])
    signals = _signals_of([task.signal_id for task, *_ in rows if task.signal_id])
    courses: dict[str, list[Course]] = defaultdict(list)
    raised: dict[str, list[date]] = defaultdict(list)
    for task, given, family in rows:
        name = f"{given} {family}".strip()
        ended_by = TaskEnd(task.ended_by) if task.ended_by else None
        courses[name].append(
            Course(task.missed_at, task.opened_at, _tries(tries[task.id]), back.get(task.id), ended_by)
        )
        if task.signal_id in signals:
            raised[name].append(signals[task.signal_id])
    return [
        ManagerFigures(name, figures(found, now=now), alerts_a_week(raised[name], weeks=FIGURES_WEEKS))
        for name, found in courses.items()
    ]


def _named(task_ids: Collection[int]) -> Sequence[tuple[OutreachTask, Client, str, str]]:
    """Return tasks, each with its client and the name of who is to act."""
    statement = (
        select(OutreachTask, Client, User.given_name, User.family_name)
        .join(Client, Client.id == OutreachTask.client_id)
        .join(User, User.id == OutreachTask.user_id)
        .where(OutreachTask.id.in_(task_ids))
        .order_by(OutreachTask.id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in db.session.execute(statement)]


def _task_view(
    task: OutreachTask,
    client: Client,
    standing: Standing,
    *,
    owner: str,
    name: str,
    case: Case,
    attempts: Sequence[AttemptView],
    not_now: NotNow | None,
    is_shown: bool,
) -> TaskView:
    return TaskView(
        id=task.id,
        client_id=client.id,
        name=name,
        first_name=client.called,
        phone=client.phone,
        tier=Tier(task.tier),
        why=(tuple(reason.sentence for reason in case.reasons[:2]) if is_shown else ()) + case.clashes,
        owner=owner.strip(),
        next_day=next_day_of(standing.days),
        group=group_of(standing.days, today=standing.today),
        escalated=standing.is_escalated,
        attempts=tuple(attempts),
        not_now=not_now,
    )


def _tries(attempts: Sequence[AttemptView]) -> tuple[Try, ...]:
    return tuple(Try(a.at, a.result, a.next_step, a.next_day, a.recorded_at) for a in attempts)


def _attempts(
    task_ids: Collection[int], actor: Actor, *, now: datetime
) -> defaultdict[int, list[AttemptView]]:
    """Return the tries of each task, oldest first."""
    found: defaultdict[int, list[AttemptView]] = defaultdict(list)
    for task_id, view in _views(actor, OutreachAttempt.task_id.in_(task_ids), now=now):
        if task_id is not None:
            found[task_id].append(view)
    return found


def _views(
    actor: Actor,
    which: ColumnElement[bool],
    *,
    now: datetime,
    known_at: datetime | None = None,
    limit: int | None = None,
) -> list[tuple[int | None, AttemptView]]:
    statement = (
        select(OutreachAttempt, User.given_name, User.family_name)
        .join(User, User.id == OutreachAttempt.user_id)
        .where(which, *stood(OutreachAttempt.recorded_at, OutreachAttempt.undone_at, known_at))
        .order_by(OutreachAttempt.at.desc(), OutreachAttempt.id.desc())
        .limit(limit)
    )
    tz = zone(actor.zone)
    found = [
        (
            row.task_id,
            AttemptView(
                id=row.id,
                at=local(row.at, tz),
                by=f"{given} {family}".strip(),
                channel=ContactChannel(row.channel),
                result=ContactResult(row.result),
                barrier=Barrier(row.barrier) if row.barrier else None,
                note=row.note,
                next_step=NextStep(row.next_step),
                next_day=row.next_day,
                recorded_at=row.recorded_at,
                may_undo=row.user_id == actor.user_id and now - row.recorded_at < timedelta(hours=12),
            ),
        )
        for row, given, family in db.session.execute(statement)
    ]
    return found[::-1]


def _first_attended(task_ids: Collection[int]) -> dict[int, datetime]:
    """Return, for each task, the start of the first session its client attended after it was opened."""
    statement = (
        select(OutreachTask.id, func.min(Occurrence.starts_at))
        .join(RosterEntry, RosterEntry.client_id == OutreachTask.client_id)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .join(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(
            OutreachTask.id.in_(task_ids),
            Occurrence.starts_at > OutreachTask.opened_at,
            AttendanceRecord.status.in_((AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART)),
        )
        .group_by(OutreachTask.id)
    )
    return {task_id: at for task_id, at in db.session.execute(statement) if at is not None}


def _signals_of(ids: Collection[int]) -> dict[int, date]:
    statement = select(RiskSignal.id, RiskSignal.day).where(RiskSignal.id.in_(ids))
    return {row.id: row.day for row in db.session.execute(statement)}


#: Printed beside the figures.
FIGURES_DAYS = FIGURES_WEEKS * DAYS_PER_WEEK
