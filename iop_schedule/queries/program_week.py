"""The week of one site's groups on one page, and what in it does not go together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload

from iop_schedule.domain.civil_time import ProgramWeek, local_day, zone
from iop_schedule.domain.occurrences import closure_on
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Closure, Occurrence, Program, RosterEntry, Series, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.choices import Choice, choices_of, leaders_of, rooms_of, site_of, sites_of
from iop_schedule.queries.closures import as_closed
from iop_schedule.vocabulary import Modality, OccurrenceStatus, SeriesKind

STEPS = 5


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
    filled = seats_filled([one.id for one in held])
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
        programs=tuple(choices_of(offered)),
        leaders=tuple(leaders_of(site.id)),
        rooms=tuple(rooms_of(site.id)),
        conflicts=tuple(_conflicts(held, filled, closures, tz)),
        written_until=today + timedelta(weeks=_horizon(site.id)),
        zone_name=site.zone,
    )


def _day(day: date, today: date, closures: Sequence[Closure], blocks: Sequence[GroupBlock]) -> ProgramDay:
    closed = closure_on((as_closed(one) for one in closures if one.program_id is None), day)
    return ProgramDay(
        day=day,
        is_today=day == today,
        closed=closed.name if closed else "",
        blocks=tuple(block for block in blocks if block.starts.date() == day),
    )


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


def seats_filled(occurrence_ids: Sequence[int]) -> dict[int, int]:
    """Return how many people are expected at each session; sessions without anybody are no keys."""
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
        db.session.scalars(
            select(Closure).where(Closure.site_id == site_id).order_by(Closure.from_day, Closure.id)
        )
    )


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
    mine = (as_closed(c) for c in closures if c.program_id in {None, one.series.program_id})
    closed = closure_on(mine, one.local_day)
    if closed is not None:
        yield f"{said} is planned on a closed day ({closed.name})."
