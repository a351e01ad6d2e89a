"""The groups of a program: the list, one group with its people and dates, one meeting, one session."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import contains_eager, selectinload

from iop_schedule.domain.civil_time import BOTH_WEEKS, local_day, weeks_in_words, zone
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.models import Client, Group, Occurrence, Program, Series, SeriesMember, db
from iop_schedule.models.weeks import people_in
from iop_schedule.queries.access import Actor, access_group, sees_client
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.choices import Choice
from iop_schedule.queries.program_week import seats_filled
from iop_schedule.queries.series import in_words, rule_of
from iop_schedule.vocabulary import Modality, OccurrenceStatus, SeriesKind, WeekParity

#: How far ahead a group's page lists dates.
NEXT_DATES = timedelta(weeks=5)


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
        .order_by(SeriesMember.id)
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
        people=seats_filled([occurrence.id]).get(occurrence.id, 0),
    )
