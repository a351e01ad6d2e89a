"""The program on one page: the week of groups, the groups, the closures."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from iop_schedule.domain.civil_time import BOTH_WEEKS, ProgramWeek, local_day, weeks_in_words, zone
from iop_schedule.domain.occurrences import Closed, closure_on
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import NotFound
from iop_schedule.models import (
    Client,
    Closure,
    Group,
    Occurrence,
    Program,
    Room,
    RosterEntry,
    Series,
    SeriesMember,
    Site,
    User,
    db,
)
from iop_schedule.models.people import user_site
from iop_schedule.models.weeks import people_in
from iop_schedule.queries.access import Actor, access_group, sees_client
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.series import in_words, rule_of
from iop_schedule.vocabulary import CancelCause, Modality, OccurrenceStatus, Role, SeriesKind, WeekParity

STEPS = 5
#: How far ahead a group's page lists dates.
NEXT_DATES = timedelta(weeks=5)


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list to choose from."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What the week is narrowed to; 0 means all."""

    program: int = 0
    leader: int = 0
    room: int = 0


@dataclass(frozen=True, slots=True)
class GroupBlock:
    """One group session of the week; times on the site's wall clock."""

    occurrence_id: int
    series_id: int
    group_id: int
    name: str
    leader: str
    room: str
    starts: datetime
    ends: datetime
    filled: int
    seats: int
    cancelled: bool
    #: Why it was cancelled or moved.
    reason: str
    moved: bool
    is_over: bool

    @property
    def fill_step(self) -> int:
        """Return how full it is, from 1 (hardly) to 5 (full).

        The steps divide the seats evenly; only a full group is a 5.
        """
        if self.filled >= self.seats:
            return STEPS
        return min(STEPS - 1, 1 + self.filled * (STEPS - 1) // self.seats)


@dataclass(frozen=True, slots=True)
class ProgramDay:
    """One weekday of the program."""

    day: date
    is_today: bool
    #: Why the whole site is closed, if it is.
    closed: str
    blocks: tuple[GroupBlock, ...]


@dataclass(frozen=True, slots=True)
class ProgramWeekView:
    """The groups of one site in one week, with what to choose from and what does not go together."""

    site: Choice
    sites: tuple[Choice, ...]
    week: ProgramWeek
    this_week: ProgramWeek
    days: tuple[ProgramDay, ...]
    programs: tuple[Choice, ...]
    leaders: tuple[Choice, ...]
    rooms: tuple[Choice, ...]
    conflicts: tuple[str, ...]
    #: The last day up to which sessions are written out.
    written_until: date
    zone_name: str


def program_week(
    actor: Actor,
    *,
    week: ProgramWeek | None = None,
    site_id: int | None = None,
    filters: Filters = Filters(),
    now: datetime,
) -> ProgramWeekView:
    """Return the groups of one of the actor's sites in a week, by default this one.

    Raises:
        NotAllowed, NotFound: clients, and sites that are not the actor's.
    """
    actor.require(Permission.PROGRAM_READ)
    site = site_of(actor, site_id)
    tz = zone(site.zone)
    today = local_day(now, tz)
    chosen = week or ProgramWeek.containing(today)
    held = _held(site.id, chosen)
    filled = _filled([one.id for one in held])
    groups = [one for one in held if one.series.kind == SeriesKind.GROUP and _wanted(one, filters)]
    blocks = [_block(one, filled.get(one.id, 0), tz, now) for one in groups]
    closures = _closures(site.id)
    offered = select(Program).where(Program.site_id == site.id).order_by(Program.name, Program.id)
    return ProgramWeekView(
        site=Choice(site.id, site.name),
        sites=tuple(sites_of(actor)),
        week=chosen,
        this_week=ProgramWeek.containing(today),
        days=tuple(_day(day, today, closures, blocks) for day in chosen.treatment_days),
        programs=tuple(_choices(offered)),
        leaders=tuple(leaders_of(site.id)),
        rooms=tuple(rooms_of(site.id)),
        conflicts=tuple(_conflicts(held, filled, closures, tz)),
        written_until=today + timedelta(weeks=_horizon(site.id)),
        zone_name=site.zone,
    )


def _day(day: date, today: date, closures: Sequence[Closure], blocks: Sequence[GroupBlock]) -> ProgramDay:
    closed = closure_on((_closed(one) for one in closures if one.program_id is None), day)
    return ProgramDay(
        day=day,
        is_today=day == today,
        closed=closed.name if closed else "",
        blocks=tuple(block for block in blocks if block.starts.date() == day),
    )


def site_of(actor: Actor, site_id: int | None = None) -> Site:
    """Return the asked site of `actor`, or their first by name."""
    statement = select(Site).where(Site.id.in_(actor.site_ids)).order_by(Site.name, Site.id)
    if site_id is not None:
        statement = statement.where(Site.id == site_id)
    site = db.session.scalars(statement.limit(1)).first()
    if site is None or actor.role is Role.CLIENT:
        raise NotFound
    return site


def sites_of(actor: Actor) -> list[Choice]:
    """Return the sites `actor` works at, by name."""
    return _choices(select(Site).where(Site.id.in_(actor.site_ids)).order_by(Site.name, Site.id))


def rooms_of(site_id: int) -> list[Choice]:
    """Return the rooms of a site, by name."""
    return _choices(select(Room).where(Room.site_id == site_id).order_by(Room.name, Room.id))


def programs_of(actor: Actor) -> list[Choice]:
    """Return the programs of the actor's sites, by name."""
    return _choices(
        select(Program).where(Program.site_id.in_(actor.site_ids)).order_by(Program.name, Program.id)
    )


def leaders_of(site_id: int) -> list[Choice]:
    """Return who may lead sessions at a site, counselors first, by name."""
    statement = (
        select(User)
        .join(user_site, user_site.c.user_id == User.id)
        .where(user_site.c.site_id == site_id, User.active)
        .order_by(User.given_name, User.family_name, User.id)
    )
    staff = [user for user in db.session.scalars(statement).unique() if user.role is not Role.CLIENT]
    staff.sort(key=lambda user: user.role is not Role.COUNSELOR)
    return [Choice(user.id, user.name) for user in staff]


def _choices(statement: "Select[Site] | Select[Program] | Select[Room]") -> list[Choice]:
    return [Choice(row.id, row.name) for row in db.session.scalars(statement)]


def _held(site_id: int, week: ProgramWeek) -> list[Occurrence]:
    statement = (
        select(Occurrence)
        .join(Occurrence.series)
        .where(Occurrence.site_id == site_id, Occurrence.local_day.between(week.monday, week.sunday))
        .options(
            contains_eager(Occurrence.series).joinedload(Series.group),
            joinedload(Occurrence.leader),
            joinedload(Occurrence.room),
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
    )
    return list(db.session.scalars(statement).unique())


def _filled(occurrence_ids: Sequence[int]) -> dict[int, int]:
    statement = (
        select(RosterEntry.occurrence_id, func.count())
        .where(RosterEntry.occurrence_id.in_(occurrence_ids), RosterEntry.released_at.is_(None))
        .group_by(RosterEntry.occurrence_id)
    )
    return {one: number for one, number in db.session.execute(statement)}  # noqa: C416 - rows, not pairs


def _wanted(occurrence: Occurrence, filters: Filters) -> bool:
    return (
        filters.program in {0, occurrence.series.program_id}
        and filters.leader in {0, occurrence.leader_id}
        and filters.room in {0, occurrence.room_id}
    )


def _block(occurrence: Occurrence, filled: int, tz: ZoneInfo, now: datetime) -> GroupBlock:
    group = occurrence.series.group
    online = occurrence.series.modality == Modality.TELEHEALTH
    return GroupBlock(
        occurrence_id=occurrence.id,
        series_id=occurrence.series_id,
        group_id=group.id if group else 0,
        name=session_name(occurrence.series),
        leader=occurrence.leader.name,
        room=occurrence.room.name if occurrence.room else ("Online" if online else "No room yet"),
        starts=occurrence.starts_at.astimezone(tz),
        ends=occurrence.ends_at.astimezone(tz),
        filled=filled,
        seats=group.seats if group else 1,
        cancelled=occurrence.status == OccurrenceStatus.CANCELLED,
        reason=occurrence.status_reason,
        moved=occurrence.edited and occurrence.status == OccurrenceStatus.PLANNED,
        is_over=occurrence.ends_at <= now,
    )


def _horizon(site_id: int) -> int:
    weeks = db.session.scalar(select(func.max(Program.horizon_weeks)).where(Program.site_id == site_id))
    return weeks or 0


def _closures(site_id: int) -> list[Closure]:
    return list(
        db.session.scalars(select(Closure).where(Closure.site_id == site_id).order_by(Closure.from_day))
    )


def _closed(closure: Closure) -> Closed:
    return Closed(closure.from_day, closure.until_day, closure.name)


def _conflicts(
    held: Sequence[Occurrence], filled: dict[int, int], closures: Sequence[Closure], tz: ZoneInfo
) -> Iterable[str]:
    """Yield what does not go together in the week, as sentences without clients' names."""
    planned = [one for one in held if one.status == OccurrenceStatus.PLANNED]
    for leader in sorted({one.leader_id for one in planned}):
        mine = [one for one in planned if one.leader_id == leader]
        yield from _overlapping(mine, f"{mine[0].leader.name} leads", tz)
    for room in sorted({one.room_id for one in planned if one.room_id is not None}):
        there = [one for one in planned if one.room_id == room]
        name = there[0].room.name if there[0].room else ""
        yield from _overlapping(there, f"{name} holds", tz)
    for one in planned:
        yield from _of_its_own(one, filled.get(one.id, 0), closures, tz)


def _overlapping(sessions: Sequence[Occurrence], who: str, tz: ZoneInfo) -> Iterable[str]:
    for first, second in pairwise(sessions):
        if second.starts_at < first.ends_at:
            yield f"{who} {_said(first, tz)} and {_said(second, tz)} at the same time."


def _said(one: Occurrence, tz: ZoneInfo) -> str:
    starts = one.starts_at.astimezone(tz)
    clock = f"{starts.hour % 12 or 12}:{starts.minute:02} {'am' if starts.hour < 12 else 'pm'}"  # noqa: PLR2004
    return f"{session_name(one.series)} ({starts:%a} {clock})"


def _of_its_own(one: Occurrence, filled: int, closures: Sequence[Closure], tz: ZoneInfo) -> Iterable[str]:
    group = one.series.group
    said = _said(one, tz)
    if group is not None and filled > group.seats:
        yield f"{said} has {filled} people for {group.seats} seats."
    if one.room is not None and filled > one.room.seats:
        yield f"{said} has {filled} people; {one.room.name} has {one.room.seats} seats."
    if group is not None and one.room is None and one.series.modality == Modality.IN_PERSON:
        yield f"{said} has no room."
    if not one.leader.active:
        yield f"{one.leader.name} no longer works here, but leads {said}."
    mine = (_closed(c) for c in closures if c.program_id in {None, one.series.program_id})
    closed = closure_on(mine, one.local_day)
    if closed is not None:
        yield f"{said} is planned on a closed day ({closed.name})."


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """One weekly meeting of a group."""

    series_id: int
    #: `Mondays 9:00 am to 12:00 pm`.
    when: str
    leader: str
    room: str
    people: int
    #: In the fuller of weeks A and B.
    seats_taken: int
    from_day: date
    until_day: date | None
    #: Not begun yet.
    is_ahead: bool


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group of the list."""

    id: int
    name: str
    program: str
    site: str
    service_type: str
    modality: str
    seats: int
    meetings: tuple[MeetingLine, ...]

    @property
    def fullest(self) -> int:
        """Return how many seats of the fullest meeting are taken."""
        return max((meeting.seats_taken for meeting in self.meetings), default=0)


def groups_list(actor: Actor, *, now: datetime) -> list[GroupLine]:
    """Return the groups of the actor's sites with their meetings of today and later, by name."""
    actor.require(Permission.PROGRAM_READ)
    meetings = selectinload(Group.meetings)
    statement = (
        select(Group)
        .join(Group.program)
        .join(Program.site)
        .where(Program.site_id.in_(actor.site_ids))
        .options(
            contains_eager(Group.program).contains_eager(Program.site),
            meetings.joinedload(Series.leader),
            meetings.joinedload(Series.room),
            meetings.joinedload(Series.site),
        )
        .order_by(Group.name, Group.id)
    )
    rows = list(db.session.scalars(statement).unique())
    people = _people([meeting.id for row in rows for meeting in row.meetings], now)
    return [_group_line(row, people, now) for row in rows]


@dataclass(frozen=True, slots=True)
class _People:
    """How many people have a place in a meeting, and the seats they take: two of opposite weeks share one."""

    people: int = 0
    seats: int = 0


def _people(series_ids: Sequence[int], now: datetime) -> dict[int, _People]:
    """Return who has a place that has not ended, by series."""
    yesterday = now.date() - timedelta(days=1)
    everyone = func.count(SeriesMember.client_id.distinct())
    weeks_a, weeks_b = (people_in(SeriesMember, week) for week in BOTH_WEEKS)
    statement = (
        select(SeriesMember.series_id, everyone, weeks_a, weeks_b)
        .where(
            SeriesMember.series_id.in_(series_ids),
            or_(SeriesMember.until_day.is_(None), SeriesMember.until_day > yesterday),
        )
        .group_by(SeriesMember.series_id)
    )
    return {one: _People(people, max(a, b)) for one, people, a, b in db.session.execute(statement)}


def _group_line(group: Group, people: dict[int, _People], now: datetime) -> GroupLine:
    today = local_day(now, zone(group.program.site.zone))
    return GroupLine(
        id=group.id,
        name=group.name,
        program=group.program.name,
        site=group.program.site.name,
        service_type=group.service_type,
        modality=group.modality,
        seats=group.seats,
        meetings=tuple(
            _meeting_line(meeting, people.get(meeting.id, _People()), today)
            for meeting in group.meetings
            if meeting.until_day is None or meeting.until_day >= today
        ),
    )


def _meeting_line(series: Series, there: _People, today: date) -> MeetingLine:
    online = series.modality == Modality.TELEHEALTH
    return MeetingLine(
        series_id=series.id,
        when=in_words(rule_of(series)),
        leader=series.leader.name,
        room=series.room.name if series.room else ("Online" if online else "No room yet"),
        people=there.people,
        seats_taken=there.seats,
        from_day=series.from_day,
        until_day=series.until_day,
        is_ahead=series.from_day > today,
    )


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One person's place in a meeting."""

    series_id: int
    client_id: int
    name: str
    from_day: date
    until_day: date | None
    is_ahead: bool
    #: `weeks of Nov 30, Dec 14…`; empty for every week.
    weeks: str


@dataclass(frozen=True, slots=True)
class DateLine:
    """One of the next sessions of a meeting; its start on the site's wall clock."""

    occurrence_id: int
    starts: datetime
    #: What is unusual about it.
    note: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """One group with its meetings and the people the actor may see."""

    line: GroupLine
    public_name: str
    gender: str
    language: str
    attend: str
    site_id: int
    #: Places by series, by name; only of people the actor may see.
    places: dict[int, tuple[PlaceLine, ...]]
    #: How many others have a place, by series.
    others: dict[int, int]
    #: The next sessions, by series.
    dates: dict[int, tuple[DateLine, ...]]
    #: Who could be given a place: visible clients of the site.
    can_be_added: tuple[Choice, ...]
    #: People may come every other week.
    alternating_weeks: bool


def group_view(actor: Actor, group_id: int, *, now: datetime) -> GroupView:
    """Return one group of the actor's sites.

    Raises:
        NotFound: no such group at one of the actor's sites.
    """
    group = access_group(actor, group_id, Permission.PROGRAM_READ)
    people = _people([meeting.id for meeting in group.meetings], now)
    line = _group_line(group, people, now)
    today = local_day(now, zone(group.program.site.zone))
    places = _places([meeting.series_id for meeting in line.meetings], actor, today, now)
    return GroupView(
        line=line,
        public_name=group.public_name,
        gender=group.gender,
        language=group.language,
        attend=group.attend,
        site_id=group.program.site_id,
        places=places,
        others={
            m.series_id: max(0, m.people - len({p.client_id for p in places.get(m.series_id, ())}))
            for m in line.meetings
        },
        dates=_dates([m.series_id for m in line.meetings], zone(group.program.site.zone), now),
        can_be_added=tuple(_can_be_added(actor, group.program.site_id, now)),
        alternating_weeks=group.program.alternating_weeks,
    )


def _dates(series_ids: Sequence[int], tz: ZoneInfo, now: datetime) -> dict[int, tuple[DateLine, ...]]:
    """Return the sessions of the next five weeks, by series."""
    statement = (
        select(Occurrence)
        .where(
            Occurrence.series_id.in_(series_ids),
            Occurrence.starts_at > now,
            Occurrence.starts_at < now + NEXT_DATES,
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
    )
    found = defaultdict(list)
    for row in db.session.scalars(statement):
        changed = "changed" if row.edited else ""
        note = "canceled" if row.status == OccurrenceStatus.CANCELLED else changed
        found[row.series_id].append(DateLine(row.id, row.starts_at.astimezone(tz), note))
    return {one: tuple(rows) for one, rows in found.items()}


def _places(
    series_ids: Sequence[int], actor: Actor, today: date, now: datetime
) -> dict[int, tuple[PlaceLine, ...]]:
    statement = (
        select(SeriesMember)
        .join(SeriesMember.client)
        .where(
            SeriesMember.series_id.in_(series_ids),
            or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= today),
            sees_client(actor, now=now),
        )
        .options(contains_eager(SeriesMember.client))
    )
    found = defaultdict(list)
    for row in db.session.scalars(statement):
        found[row.series_id].append(
            PlaceLine(
                series_id=row.series_id,
                client_id=row.client_id,
                name=row.client.short_name,
                from_day=row.from_day,
                until_day=row.until_day,
                is_ahead=row.from_day > today,
                weeks=weeks_in_words(WeekParity(row.week), max(today, row.from_day)),
            )
        )
    return {one: tuple(sorted(rows, key=lambda r: (r.name, r.from_day))) for one, rows in found.items()}


def _can_be_added(actor: Actor, site_id: int, now: datetime) -> list[Choice]:
    if not holds(actor.role, Permission.PLACEMENT_DECIDE):
        return []
    statement = select(Client).where(Client.site_id == site_id, sees_client(actor, now=now))
    rows = db.session.scalars(statement).all()
    return sorted((Choice(row.id, f"{row.short_name} ({row.code})") for row in rows), key=lambda c: c.name)


@dataclass(frozen=True, slots=True)
class MeetingView:
    """One weekly session as its change form shows it."""

    series_id: int
    group_id: int
    name: str
    when: str
    site_id: int
    weekday: int
    start: time
    end: time
    break_minutes: int
    every_weeks: int
    leader_id: int
    room_id: int | None
    #: Days still to come on which it is held.
    days: tuple[date, ...]
    is_individual: bool


def meeting_view(actor: Actor, series: Series, *, now: datetime) -> MeetingView:
    """Return a weekly session `actor` has reached through the door, for changing it."""
    actor.require(Permission.PLACEMENT_READ)
    rule = rule_of(series)
    days = db.session.scalars(
        select(Occurrence.original_day)
        .where(
            Occurrence.series_id == series.id,
            Occurrence.starts_at > now,
            Occurrence.status == OccurrenceStatus.PLANNED,
        )
        .order_by(Occurrence.original_day)
    )
    return MeetingView(
        series_id=series.id,
        group_id=series.group_id or 0,
        name=session_name(series),
        when=in_words(rule),
        site_id=series.site_id,
        weekday=series.weekday,
        start=series.local_start,
        end=rule.local_end,
        break_minutes=series.break_minutes,
        every_weeks=series.every_weeks,
        leader_id=series.leader_id,
        room_id=series.room_id,
        days=tuple(days),
        is_individual=series.kind == SeriesKind.INDIVIDUAL,
    )


@dataclass(frozen=True, slots=True)
class SessionView:
    """One dated session as its change form shows it; times on the site's wall clock."""

    occurrence_id: int
    series_id: int
    group_id: int
    name: str
    site_id: int
    starts: datetime
    ends: datetime
    leader_id: int
    leader: str
    room_id: int | None
    room: str
    status: str
    reason: str
    #: Someone changed it on its own, so it can return to its usual time.
    edited: bool
    usual_day: date
    is_over: bool
    people: int


def session_view(occurrence: Occurrence, *, now: datetime) -> SessionView:
    """Return a dated session the caller has reached through the door, for changing it."""
    tz = zone(occurrence.site.zone)
    return SessionView(
        occurrence_id=occurrence.id,
        series_id=occurrence.series_id,
        group_id=occurrence.series.group_id or 0,
        name=session_name(occurrence.series),
        site_id=occurrence.site_id,
        starts=occurrence.starts_at.astimezone(tz),
        ends=occurrence.ends_at.astimezone(tz),
        leader_id=occurrence.leader_id,
        leader=occurrence.leader.name,
        room_id=occurrence.room_id,
        room=occurrence.room.name if occurrence.room else "",
        status=occurrence.status,
        reason=occurrence.status_reason,
        edited=occurrence.edited,
        usual_day=occurrence.original_day,
        is_over=occurrence.starts_at <= now,
        people=_filled([occurrence.id]).get(occurrence.id, 0),
    )


@dataclass(frozen=True, slots=True)
class ClosureLine:
    """One closure of the list."""

    id: int
    site: str
    #: Empty when the whole site is closed.
    program: str
    from_day: date
    until_day: date
    name: str
    sessions: int
    is_over: bool


def closures_list(actor: Actor, *, now: datetime) -> list[ClosureLine]:
    """Return the closures of the actor's sites that are not long over, by day."""
    actor.require(Permission.PROGRAM_READ)
    cancelled = (
        select(func.count(Occurrence.id))
        .where(
            Occurrence.site_id == Closure.site_id,
            Occurrence.local_day.between(Closure.from_day, Closure.until_day),
            Occurrence.cancel_cause == CancelCause.CLOSURE,
        )
        .scalar_subquery()
    )
    statement = (
        select(Closure, cancelled)
        .where(
            Closure.site_id.in_(actor.site_ids),
            Closure.until_day >= actor.today(now) - timedelta(days=90),
        )
        .options(joinedload(Closure.site), joinedload(Closure.program))
        .order_by(Closure.from_day, Closure.until_day, Closure.id)
    )
    return [
        ClosureLine(
            id=row.id,
            site=row.site.name,
            program=row.program.name if row.program else "",
            from_day=row.from_day,
            until_day=row.until_day,
            name=row.name,
            sessions=sessions,
            is_over=row.until_day < local_day(now, zone(row.site.zone)),
        )
        for row, sessions in db.session.execute(statement)
    ]


@dataclass(frozen=True, slots=True)
class RoomPlace:
    """One room."""

    id: int
    site_id: int
    name: str
    seats: int


@dataclass(frozen=True, slots=True)
class ProgramPlace:
    """One program with its numbers."""

    id: int
    site_id: int
    name: str
    level_of_care: str
    minimum_minutes: int
    minimum_days: int
    minimum_source: str
    horizon_weeks: int
    spares_scarce_seats: bool
    alternating_weeks: bool
    make_up_days: int
    late_entry_hours: int
    cancel_notice_hours: int
    self_check_in: bool
    check_in_before_minutes: int
    check_in_after_minutes: int


@dataclass(frozen=True, slots=True)
class SitePlace:
    """One site with its programs and rooms, by name."""

    id: int
    name: str
    zone: str
    address: str
    phone: str
    programs: tuple[ProgramPlace, ...]
    rooms: tuple[RoomPlace, ...]


def places(actor: Actor) -> list[SitePlace]:
    """Return the actor's sites with their programs and rooms, by name."""
    actor.require(Permission.PROGRAM_EDIT)
    mine = actor.site_ids
    sites = db.session.scalars(select(Site).where(Site.id.in_(mine)).order_by(Site.name, Site.id))
    programs = db.session.scalars(
        select(Program).where(Program.site_id.in_(mine)).order_by(Program.name, Program.id)
    ).all()
    rooms = db.session.scalars(select(Room).where(Room.site_id.in_(mine)).order_by(Room.name, Room.id)).all()
    return [
        SitePlace(
            id=site.id,
            name=site.name,
            zone=site.zone,
            address=site.address,
            phone=site.phone,
            programs=tuple(program_place(one) for one in programs if one.site_id == site.id),
            rooms=tuple(room_place(one) for one in rooms if one.site_id == site.id),
        )
        for site in sites
    ]


def room_place(room: Room) -> RoomPlace:
    """Return a room the caller has reached through the door."""
    return RoomPlace(room.id, room.site_id, room.name, room.seats)


def program_place(program: Program) -> ProgramPlace:
    """Return a program the caller has reached through the door."""
    return ProgramPlace(
        id=program.id,
        site_id=program.site_id,
        name=program.name,
        level_of_care=program.level_of_care,
        minimum_minutes=program.minimum_minutes,
        minimum_days=program.minimum_days,
        minimum_source=program.minimum_source,
        horizon_weeks=program.horizon_weeks,
        spares_scarce_seats=program.spares_scarce_seats,
        alternating_weeks=program.alternating_weeks,
        make_up_days=program.make_up_days,
        late_entry_hours=program.late_entry_hours,
        cancel_notice_hours=program.cancel_notice_hours,
        self_check_in=program.self_check_in,
        check_in_before_minutes=program.check_in_before_minutes,
        check_in_after_minutes=program.check_in_after_minutes,
    )
