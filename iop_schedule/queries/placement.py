"""One person's placement question, read from the tables, and its answer ready to show."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload, lazyload, selectinload

from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.availability import KIND_WORDS, Commitment
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.prescription import Dose
from iop_schedule.models import Client, Group, Program, Series, SeriesMember, User, db
from iop_schedule.queries import placement_problem
from iop_schedule.queries.access import Actor, access_client, in_force
from iop_schedule.queries.availability import commitments_of
from iop_schedule.queries.prescription import doses_on
from iop_schedule.queries.session_lines import place_words
from iop_schedule.vocabulary import (
    Role,
    Weekday,
)

#: The name under which the one person stands in the problem.
ME = "me"


@dataclass(frozen=True, slots=True)
class MeetingView:
    """One weekly meeting as it is shown."""

    series_id: int
    group_name: str
    program_name: str
    weekday: Weekday
    start_minute: int
    end_minute: int
    room: str
    leader: str
    seats_left: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class PlanView:
    """One plan with what speaks for it."""

    meetings: tuple[MeetingView, ...]
    facts: rules.WeekFacts


@dataclass(frozen=True, slots=True)
class BlockedView:
    """One meeting that does not fit, with every rule in the way; `own_session` is one already planned."""

    meeting: MeetingView
    blocks: tuple[rules.Blocked, ...]
    own_session: str


@dataclass(frozen=True, slots=True)
class PlacementView:
    """Everything the placement page of one person shows."""

    client_id: int
    client_name: str
    first_name: str
    dose: Dose | None
    from_day: date
    #: Meetings this person attends on that day already.
    current: tuple[MeetingView, ...]
    plans: tuple[PlanView, ...]
    #: Meetings that fit but are in no plan shown.
    also_fit: tuple[MeetingView, ...]
    blocked: tuple[BlockedView, ...]
    #: The person's own times on each weekday of a typical week, A and B alike.
    own: Mapping[Weekday, tuple[tuple[str, Interval[int]], ...]]
    #: What stands behind each commitment the rules speak of.
    behind: Mapping[rules.Commitment, Commitment]


def placement_for(actor: Actor, client_id: int, *, from_day: date | None, now: datetime) -> PlacementView:
    """Return up to three plans for one person from `from_day` (by default tomorrow), and why not the rest.

    Raises:
        NotFound: not this person's to place.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_READ, now=now)
    today = civil_time.local_day(now, civil_time.zone(client.site.zone))
    day = max(from_day or today + timedelta(days=1), today + timedelta(days=1))
    groups = _groups(client, day)
    held = _held(client, day)
    seats = _seats_left(groups, held, day)
    meetings = {
        str(m.id): _meeting_view(group, m, seats[m.id], current=m.id in held)
        for group in groups
        for m in group.meetings
    }
    dose = doses_on([client.id], day).get(client.id)
    own_sessions = _own_sessions(client, day, meetings)
    common = PlacementView(
        client_id=client.id,
        client_name=client.short_name,
        first_name=client.called,
        dose=dose,
        from_day=day,
        current=tuple(view for view in meetings.values() if view.is_current),
        plans=(),
        also_fit=(),
        blocked=(),
        own=_own_times(client, day),
        behind=_commitments(client, day),
    )
    if dose is None:
        return common
    problem = _problem(client, dose, groups, seats=seats, held=held, commitments=common.behind)
    closed = frozenset(own_sessions)
    free = rules.Openings(closed_a=closed, closed_b=closed)
    plans = rules.best_weeks(problem, ME, free, count=3)
    views = tuple(_plan_view(plan, meetings) for plan in plans)
    blocked = _blocked(rules.why_not(problem, ME, free), meetings, own_sessions)
    used = {m.series_id for plan in views for m in plan.meetings} | {b.meeting.series_id for b in blocked}
    return replace(
        common,
        plans=views,
        also_fit=tuple(view for view in meetings.values() if view.series_id not in used),
        blocked=blocked,
    )


def groups_that_fit(actor: Actor, client_id: int, *, now: datetime) -> tuple[int, int]:
    """Return how many groups have a session that fits this client's week, and how many groups there are.

    Seats do not matter here: the answer is about the week, and must not tell how full a group is.
    """
    permission = Permission.OWN_TIMES if actor.role is Role.CLIENT else Permission.CONSTRAINTS_EDIT
    client = access_client(actor, client_id, permission, now=now)
    day = civil_time.local_day(now, civil_time.zone(client.site.zone)) + timedelta(days=1)
    groups = _groups(client, day)
    seats = {m.id: group.seats for group in groups for m in group.meetings}
    dose = Dose(from_day=day, minutes=0, minimum_days=0, over_minutes=600, most_minutes_a_day=720)
    commitments = _commitments(client, day)
    problem = _problem(client, dose, groups, seats=seats, held=(), commitments=commitments)
    return len(rules.fitting_groups(problem, ME)), len(groups)


def _groups(client: Client, day: date) -> Sequence[Group]:
    """Return the groups of the client's site with the meetings that are held on or after `day`."""
    statement = (
        select(Group)
        .join(Group.program)
        .join(Group.meetings)
        .where(Program.site_id == client.site_id, or_(Series.until_day.is_(None), Series.until_day >= day))
        .order_by(Program.name, Group.name, Group.id)
        .options(
            joinedload(Group.program),
            selectinload(
                Group.meetings.and_(or_(Series.until_day.is_(None), Series.until_day >= day))
            ).options(
                joinedload(Series.leader).options(lazyload(User.roles), lazyload(User.sites)),
                joinedload(Series.room),
                joinedload(Series.site),
            ),
        )
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).unique().all()


def _held(client: Client, day: date) -> set[int]:
    statement = select(SeriesMember.series_id).where(
        SeriesMember.client_id == client.id, in_force(SeriesMember, day)
    )
    return set(db.session.scalars(statement))


def _seats_left(groups: Iterable[Group], held: Collection[int], day: date) -> dict[int, int]:
    """Return the free seats of each meeting from `day` on; the person's own seat counts as free."""
    seats = {m.id: group.seats for group in groups for m in group.meetings}
    statement = (
        select(SeriesMember.series_id, func.count())
        .where(
            SeriesMember.series_id.in_(seats),
            or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
        )
        .group_by(SeriesMember.series_id)
    )
    taken: Counter[int] = Counter()
    for series_id, number in db.session.execute(statement):
        taken[series_id] = number
    return {m: number - taken[m] + (1 if m in held else 0) for m, number in seats.items()}


def _meeting_view(group: Group, series: Series, seats_left: int, *, current: bool) -> MeetingView:
    start = civil_time.minutes_of_day(series.local_start)
    return MeetingView(
        series_id=series.id,
        group_name=group.name,
        program_name=group.program.name,
        weekday=Weekday(series.weekday),
        start_minute=start,
        end_minute=start + series.duration_minutes,
        room=place_words(series.room, series.modality),
        leader=series.leader.name,
        seats_left=seats_left,
        is_current=current,
    )


def _own_sessions(client: Client, day: date, meetings: Mapping[str, MeetingView]) -> dict[str, str]:
    """Return, by meeting, the client's own individual session that it would overlap."""
    statement = select(Series).where(
        Series.client_id == client.id, or_(Series.until_day.is_(None), Series.until_day >= day)
    )
    found: dict[str, str] = {}
    for own in db.session.scalars(statement):
        start = civil_time.minutes_of_day(own.local_start)
        taken = Interval(start, start + own.duration_minutes)
        for key, view in meetings.items():
            if view.weekday == own.weekday and taken.overlaps(Interval(view.start_minute, view.end_minute)):
                found[key] = "one-to-one"
    return found


def _problem(
    client: Client,
    dose: Dose,
    groups: Iterable[Group],
    *,
    seats: Mapping[int, int],
    held: Collection[int],
    commitments: Iterable[rules.Commitment],
) -> rules.Problem:
    me = placement_problem.person(ME, client, dose, held=held, commitments=commitments)
    site = client.site.code
    return rules.Problem(groups=tuple(placement_problem.group(g, site, seats) for g in groups), clients=(me,))


def _commitments(client: Client, day: date) -> dict[rules.Commitment, Commitment]:
    held = commitments_of([client.id])[client.id]
    return placement_problem.weekly_commitments(client, held, day)


def _own_times(client: Client, day: date) -> dict[Weekday, tuple[tuple[str, Interval[int]], ...]]:
    weeks = placement_problem.typical_weeks(commitments_of([client.id])[client.id], day)
    merged: dict[Weekday, dict[tuple[str, Interval[int]], None]] = {weekday: {} for weekday in Weekday}
    for days in weeks.values():
        for weekday, stretches in days.items():
            for busy in stretches:
                title = busy.commitment.label or KIND_WORDS[busy.commitment.kind]
                merged[weekday][title, busy.interval] = None
    return {weekday: tuple(found) for weekday, found in merged.items()}


def _plan_view(plan: rules.WeekPlan, meetings: Mapping[str, MeetingView]) -> PlanView:
    week = plan.weeks[0]
    chosen = sorted((meetings[m] for m in week.meetings), key=lambda m: (m.weekday, m.start_minute))
    return PlanView(meetings=tuple(chosen), facts=week.facts)


def _blocked(
    why: Iterable[rules.WhyNot], meetings: Mapping[str, MeetingView], own_sessions: Mapping[str, str]
) -> tuple[BlockedView, ...]:
    views = []
    for reason in why:
        own = own_sessions.get(reason.meeting, "")
        view = meetings[reason.meeting]
        # A meeting closed by an own session reads as full to the rules; say what it really is.
        blocks = tuple(
            b for b in reason.blocks if not (own and b.rule is rules.Rule.SEATS and view.seats_left > 0)
        )
        views.append(BlockedView(view, blocks, own))
    return tuple(sorted(views, key=lambda b: (b.meeting.group_name, b.meeting.weekday)))
