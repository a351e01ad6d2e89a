"""What a counselor sees: the day's sessions, and the roster of one of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import OPENS_MINUTES, SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import (
    AttendanceRecord,
    Client,
    Occurrence,
    Room,
    RosterEntry,
    Series,
    User,
    db,
)
from iop_schedule.queries.access import Actor, access_occurrence, sees_occurrence
from iop_schedule.queries.frequency import CareRecord, care_records
from iop_schedule.queries.names import names_apart
from iop_schedule.vocabulary import AttendanceStatus, Modality, OccurrenceStatus, RosterSource, SeriesKind

#: How far back unfinished attendance is chased.
CHASE = timedelta(days=28)
#: A client is called new on a roster for this long after admission.
NEW_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session on a counselor's board; times on the site's wall clock."""

    id: int
    title: str
    starts: datetime
    ends: datetime
    room: str
    leader: str
    expected: int
    marked: int
    cancelled: bool
    reason: str
    is_open: bool

    @property
    def to_mark(self) -> int:
        """Return how many people still have no mark."""
        return self.expected - self.marked


@dataclass(frozen=True, slots=True)
class Board:
    """A counselor's day: what needs a hand first."""

    day: date
    now: tuple[SessionLine, ...]
    next: tuple[SessionLine, ...]
    #: Over and not all marked, oldest first, from earlier days too.
    to_finish: tuple[SessionLine, ...]
    done: tuple[SessionLine, ...]
    #: The next day with a session, when this one has none.
    next_day: date | None

    @property
    def is_empty(self) -> bool:
        """Return True when the day holds no session at all."""
        return not (self.now or self.next or self.done or self.to_finish)


def today_board(actor: Actor, *, day: date, now: datetime) -> Board:
    """Return the sessions `actor` leads on `day`, sorted by what needs doing, as seen at `now`."""
    actor.require(Permission.TODAY_READ)
    tz = civil_time.zone(actor.zone)
    lines = _lines(_led_by(actor, Occurrence.local_day == day), now=now)
    earlier = _lines(
        _led_by(
            actor,
            Occurrence.local_day < day,
            Occurrence.starts_at > now - CHASE,
            Occurrence.status == OccurrenceStatus.PLANNED,
        ),
        now=now,
    )
    unfinished = [line for line in earlier if line.to_mark and line.ends <= now.astimezone(tz)]
    unfinished += [line for line in lines if line.ends <= now and line.to_mark and not line.cancelled]
    return Board(
        day=day,
        now=tuple(s for s in lines if s.is_open and s.ends > now and not s.cancelled),
        next=tuple(s for s in lines if not s.is_open and s.starts > now and not s.cancelled),
        to_finish=tuple(unfinished),
        done=tuple(s for s in lines if s.cancelled or (s.ends <= now and not s.to_mark)),
        next_day=None if lines else _next_day(actor, day),
    )


def _led_by(actor: Actor, *conditions: ColumnElement[bool]) -> Select[Occurrence, int, int]:
    expected = func.count(RosterEntry.id)
    marked = func.count(
        case((AttendanceRecord.status != AttendanceStatus.ENTERED_IN_ERROR, AttendanceRecord.id))
    )
    return (
        select(Occurrence, expected, marked)
        .outerjoin(
            RosterEntry,
            (RosterEntry.occurrence_id == Occurrence.id) & RosterEntry.released_at.is_(None),
        )
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(sees_occurrence(actor), Occurrence.leader_id == actor.user_id, *conditions)
        .group_by(Occurrence.id)
        .order_by(Occurrence.starts_at, Occurrence.id)
        .options(
            joinedload(Occurrence.room),
            joinedload(Occurrence.site),
            joinedload(Occurrence.leader).lazyload(User.roles),
            joinedload(Occurrence.leader).lazyload(User.sites),
            joinedload(Occurrence.series).joinedload(Series.group),
            joinedload(Occurrence.series).joinedload(Series.client),
        )
    )


def _lines(statement: Select[Occurrence, int, int], *, now: datetime) -> list[SessionLine]:
    return [
        _line(row[0], expected=row[1], marked=row[2], now=now)
        for row in db.session.execute(statement).unique()
    ]


def session_title(series: Series) -> str:
    """Return what staff call a session: the group's name, or one-to-one with the client's short name."""
    if series.kind == SeriesKind.GROUP and series.group is not None:
        return series.group.name
    return f"One-to-one with {series.client.short_name}" if series.client else "One-to-one"


def place_words(room: Room | None, modality: str) -> str:
    """Return where a session is held, as everyone reads it."""
    if room is not None:
        return room.name
    return "Online" if modality == Modality.TELEHEALTH else "Room not set yet"


def _line(occurrence: Occurrence, *, expected: int, marked: int, now: datetime) -> SessionLine:
    tz = civil_time.zone(occurrence.site.zone)
    return SessionLine(
        id=occurrence.id,
        title=session_title(occurrence.series),
        starts=occurrence.starts_at.astimezone(tz),
        ends=occurrence.ends_at.astimezone(tz),
        room=place_words(occurrence.room, occurrence.series.modality),
        leader=occurrence.leader.name,
        expected=expected,
        marked=marked,
        cancelled=occurrence.status != OccurrenceStatus.PLANNED,
        reason=occurrence.status_reason,
        is_open=now >= occurrence.starts_at - timedelta(minutes=OPENS_MINUTES),
    )


def _next_day(actor: Actor, day: date) -> date | None:
    statement = (
        select(func.min(Occurrence.local_day))
        .where(sees_occurrence(actor), Occurrence.leader_id == actor.user_id)
        .where(Occurrence.local_day > day, Occurrence.status == OccurrenceStatus.PLANNED)
    )
    return db.session.scalars(statement).one()


@dataclass(frozen=True, slots=True)
class Seat:
    """One person on a roster."""

    entry_id: int
    client_id: int
    name: str
    initials: str
    #: None is “to mark”.
    status: AttendanceStatus | None
    arrived: datetime | None
    left: datetime | None
    reason: str
    minutes: int
    version: int
    is_new: bool
    is_make_up: bool
    #: One helpful line, such as “Missed Mon, no word yet”.
    line: str
    done_minutes: int
    goal_minutes: int


@dataclass(frozen=True, slots=True)
class Roster:
    """One session with everyone expected at it; times on the site's wall clock."""

    session: SessionLine
    group_id: int | None
    scheduled_minutes: int
    opens: datetime
    tz: ZoneInfo
    day: date
    seats: tuple[Seat, ...]

    def count(self, *statuses: AttendanceStatus | None) -> int:
        """Return how many people have one of these marks."""
        return sum(seat.status in statuses for seat in self.seats)


def roster_for(actor: Actor, occurrence_id: int, *, now: datetime) -> Roster:
    """Return the roster of one session, by preferred name.

    Raises:
        NotFound: the session is not this person's to see.
    """
    occurrence = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD)
    tz = civil_time.zone(occurrence.site.zone)
    rows = _roster_rows(occurrence)
    names = names_apart([client for _, client, _ in rows])
    week = ProgramWeek.containing(occurrence.local_day)
    records = care_records(
        [client.id for _, client, _ in rows], first_day=week.monday, last_day=week.sunday, now=now
    )
    seats = [
        _seat(
            entry,
            client,
            record,
            name=names[client.id],
            care=records[client.id],
            occurrence=occurrence,
            tz=tz,
        )
        for entry, client, record in rows
    ]
    marked = sum(seat.status is not None for seat in seats)
    return Roster(
        session=_line(occurrence, expected=len(seats), marked=marked, now=now),
        group_id=occurrence.series.group_id,
        scheduled_minutes=occurrence.scheduled_minutes,
        opens=(occurrence.starts_at - timedelta(minutes=OPENS_MINUTES)).astimezone(tz),
        tz=tz,
        day=occurrence.local_day,
        seats=tuple(seats),
    )


def _roster_rows(occurrence: Occurrence) -> Sequence[tuple[RosterEntry, Client, AttendanceRecord | None]]:
    statement = (
        select(RosterEntry, Client, AttendanceRecord)
        .join(Client, Client.id == RosterEntry.client_id)
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(RosterEntry.occurrence_id == occurrence.id, RosterEntry.released_at.is_(None))
    )
    rows = [(row[0], row[1], row[2]) for row in db.session.execute(statement)]
    return sorted(rows, key=lambda row: (row[1].called.casefold(), row[1].family_name.casefold(), row[1].id))


def _seat(
    entry: RosterEntry,
    client: Client,
    record: AttendanceRecord | None,
    *,
    name: str,
    care: CareRecord,
    occurrence: Occurrence,
    tz: ZoneInfo,
) -> Seat:
    stands = record if record and record.status != AttendanceStatus.ENTERED_IN_ERROR else None
    (week,) = care.weeks(ProgramWeek.containing(occurrence.local_day), 1)
    admitted = care.dates.enrolled.from_day
    return Seat(
        entry_id=entry.id,
        client_id=client.id,
        name=name,
        initials=(client.called[:1] + client.family_name[:1]).upper(),
        status=AttendanceStatus(stands.status) if stands else None,
        arrived=stands.arrived_at.astimezone(tz) if stands and stands.arrived_at else None,
        left=stands.left_at.astimezone(tz) if stands and stands.left_at else None,
        reason=stands.reason if stands else "",
        minutes=stands.minutes if stands else 0,
        version=record.version if record else 0,
        is_new=timedelta(0) <= occurrence.local_day - admitted < NEW_FOR,
        is_make_up=entry.source == RosterSource.MAKE_UP,
        line=_helpful_line(care, occurrence),
        done_minutes=week.delivered_minutes,
        goal_minutes=week.prescribed_minutes,
    )


def _helpful_line(care: CareRecord, occurrence: Occurrence) -> str:
    earlier = [fact for fact in care.facts if fact.starts_at < occurrence.starts_at]
    missed = _days(fact.local_day for fact in earlier if fact.state.is_miss)
    if missed:
        return f"Missed {missed}, no word yet"
    excused = _days(fact.local_day for fact in earlier if fact.state is SessionState.EXCUSED)
    return f"Excused {excused}" if excused else ""


def _days(days: Iterable[date]) -> str:
    return " and ".join(f"{day:%a}" for day in sorted(set(days)))
