"""One line for each dated session, as staff lists show it: what, when, where, and how its sheet stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import OPENS_MINUTES
from iop_schedule.models import AttendanceRecord, Occurrence, Room, RosterEntry, Series, User, db
from iop_schedule.queries.access import Actor, leads, sees_occurrence
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.sign_off import sheet_closed
from iop_schedule.vocabulary import AttendanceStatus, Modality, OccurrenceStatus, SeriesKind

_HERE = (AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART)
_TOLD_US = (AttendanceStatus.EXCUSED, AttendanceStatus.LATE_CANCEL)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session; times on the site's wall clock."""

    id: int
    title: str
    starts: datetime
    ends: datetime
    room: str
    leader: str
    expected: int
    marked: int
    #: Marked as here, wholly or in part.
    here: int
    #: Marked as having told us.
    told: int
    #: Signed, imported complete, or recorded as not held.
    closed: bool
    cancelled: bool
    not_held: bool
    reason: str
    is_open: bool
    is_individual: bool
    #: Most people it may hold.
    seats: int
    #: Of a one-to-one: its one roster entry, that mark and its version.
    entry_id: int | None = None
    entry_status: AttendanceStatus | None = None
    entry_version: int = 0
    #: Of a one-to-one: whose it is, for the title names them.
    client_id: int | None = None

    @property
    def to_mark(self) -> int:
        """Return how many people still have no mark."""
        return self.expected - self.marked

    def is_unfinished(self, now: datetime) -> bool:
        """Return True when it is over, and nobody has signed for those who were expected."""
        return self.ends <= now and not self.closed and not self.cancelled and self.expected > 0


def led_by(actor: Actor, *conditions: ColumnElement[bool], now: datetime) -> Select[Any]:
    """Return the query for lines of the sessions `actor` leads, in order of time; see `lines`."""
    return lines_where(leads(actor), sees_occurrence(actor, now=now), *conditions)


def lines_where(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the query for lines of the sessions that meet `conditions`, in order of time."""
    stands = AttendanceRecord.status != AttendanceStatus.ENTERED_IN_ERROR
    statement = (
        select(
            Occurrence,
            func.count(RosterEntry.id).label("expected"),
            func.count(case((stands, AttendanceRecord.id))).label("marked"),
            func.count(case((AttendanceRecord.status.in_(_HERE), AttendanceRecord.id))).label("here"),
            func.count(case((AttendanceRecord.status.in_(_TOLD_US), AttendanceRecord.id))).label("told"),
            func.min(RosterEntry.id).label("entry_id"),
            func.min(case((stands, AttendanceRecord.status))).label("entry_status"),
            func.max(AttendanceRecord.version).label("entry_version"),
            sheet_closed().label("closed"),
        )
        .outerjoin(
            RosterEntry,
            (RosterEntry.occurrence_id == Occurrence.id) & RosterEntry.released_at.is_(None),
        )
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(*conditions)
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
    return cast("Select[Any]", statement)


def lines(statement: Select[Any], *, now: datetime) -> list[SessionLine]:
    """Return the lines of a query made by `led_by` or `lines_where`, as seen at `now`."""
    return [_line_of_row(row, now) for row in db.session.execute(statement).unique()]


def _line_of_row(row: Any, now: datetime) -> SessionLine:
    alone = row.expected == 1
    return line_of(
        row[0],
        expected=row.expected,
        marked=row.marked,
        here=row.here,
        told=row.told,
        closed=bool(row.closed),
        entry_id=row.entry_id if alone else None,
        entry_status=AttendanceStatus(row.entry_status) if alone and row.entry_status else None,
        entry_version=row.entry_version or 0,
        now=now,
    )


def line_of(
    occurrence: Occurrence,
    *,
    expected: int,
    marked: int,
    here: int,
    told: int,
    closed: bool,
    now: datetime,
    entry_id: int | None = None,
    entry_status: AttendanceStatus | None = None,
    entry_version: int = 0,
) -> SessionLine:
    """Return the line of one session whose sheet has been counted."""
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
        here=here,
        told=told,
        closed=closed,
        cancelled=occurrence.status != OccurrenceStatus.PLANNED,
        not_held=occurrence.status == OccurrenceStatus.NOT_HELD,
        reason=occurrence.status_reason,
        is_open=now >= occurrence.starts_at - timedelta(minutes=OPENS_MINUTES),
        is_individual=occurrence.series.kind == SeriesKind.INDIVIDUAL,
        seats=occurrence.series.group.seats if occurrence.series.group else 1,
        entry_id=entry_id,
        entry_status=entry_status,
        entry_version=entry_version,
        client_id=occurrence.series.client_id,
    )


def people_named(shown: Iterable[SessionLine]) -> list[int]:
    """Return the clients whose names stand in the titles of these lines."""
    return sorted({line.client_id for line in shown if line.client_id is not None})


def session_title(series: Series) -> str:
    """Return what staff call a session: the group's name, or one-to-one with the client's short name."""
    if series.kind == SeriesKind.GROUP and series.group is not None:
        return series.group.name
    name = session_name(series)
    return f"{name} with {series.client.short_name}" if series.client else name


def place_words(room: Room | None, modality: str) -> str:
    """Return where a session is held, as everyone reads it."""
    if room is not None:
        return room.name
    return "Online" if modality == Modality.TELEHEALTH else "Room not set yet"
