"""The roster of one session: who is expected, what has been marked, how the sheet stands."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import OPENS_MINUTES, SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.sign_off import is_closed
from iop_schedule.errors import NotFound
from iop_schedule.models import (
    AttendanceRecord,
    Client,
    Occurrence,
    RosterEntry,
    User,
    db,
)
from iop_schedule.queries.access import Actor, access_occurrence
from iop_schedule.queries.frequency import CareRecord, care_records
from iop_schedule.queries.names import names_apart
from iop_schedule.queries.notices import Told, answered_absent, is_told_off, told_by_entry
from iop_schedule.queries.session_lines import SessionLine, line_of
from iop_schedule.queries.sign_off import SheetWord, is_closed_now, words_of
from iop_schedule.queries.support_people import accompanied
from iop_schedule.vocabulary import AbsenceReason, AttendanceStatus, RosterSource, ServiceType

#: A client is called new on a roster for this long after admission.
NEW_FOR = timedelta(days=14)


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
    source: RosterSource
    #: Enrolled and not on a pause that day; else the session counts for nobody.
    in_care: bool
    #: Let in beyond the seats, and why.
    over_seats: str
    #: Who made the mark that stands, and when.
    marked_by: str
    marked_at: datetime | None
    #: What was told about this session; the instants are on the site's wall clock.
    told: Told
    #: How many people they bring along, as far as invited.
    brings: int
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
    #: What was said about the sheet as a whole, the last word last.
    words: tuple[SheetWord, ...]
    #: Most people the group may hold; None for a one-to-one.
    most_people: int | None

    @property
    def signed(self) -> SheetWord | None:
        """Return the word that closed the sheet; None while it is open."""
        return self.words[-1] if self.words and is_closed(self.words[-1].kind) else None

    def count(self, *statuses: AttendanceStatus | None) -> int:
        """Return how many people have one of these marks."""
        return sum(seat.status in statuses for seat in self.seats)


def roster_for(actor: Actor, occurrence_id: int, *, now: datetime) -> Roster:
    """Return the roster of one session, by preferred name.

    Raises:
        NotFound: the session is not this person's to see.
    """
    occurrence = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    tz = civil_time.zone(occurrence.site.zone)
    rows = _roster_rows(occurrence)
    names = names_apart([row.client for row in rows])
    week = ProgramWeek.containing(occurrence.local_day)
    records = care_records(
        [row.client.id for row in rows], first_day=week.monday, last_day=week.sunday, now=now
    )
    told = told_by_entry([row.entry.id for row in rows], tz=tz)
    is_family = occurrence.series.service_type == ServiceType.FAMILY
    brought = accompanied(occurrence.id) if is_family else {}
    without_account = [row.entry.id for row in rows if row.client.user_id is None]
    for entry_id, at in (answered_absent(without_account) if without_account else {}).items():
        told[entry_id] = replace(told[entry_id], absent=AbsenceReason.NOT_SAID, absent_at=at.astimezone(tz))
    seats = tuple(
        _seat(
            row,
            name=names[row.client.id],
            care=records[row.client.id],
            told=told[row.entry.id],
            brings=brought.get(row.client.id, 0),
            occurrence=occurrence,
            tz=tz,
        )
        for row in rows
    )
    words = words_of(occurrence, tz)
    group = occurrence.series.group
    return Roster(
        session=_counted(occurrence, seats, closed=bool(words) and is_closed(words[-1].kind), now=now),
        group_id=occurrence.series.group_id,
        scheduled_minutes=occurrence.scheduled_minutes,
        opens=(occurrence.starts_at - timedelta(minutes=OPENS_MINUTES)).astimezone(tz),
        tz=tz,
        day=occurrence.local_day,
        seats=seats,
        words=words,
        most_people=group.seats if group else None,
    )


def _counted(occurrence: Occurrence, seats: Sequence[Seat], *, closed: bool, now: datetime) -> SessionLine:
    def number(*statuses: AttendanceStatus) -> int:
        return sum(seat.status in statuses for seat in seats)

    return line_of(
        occurrence,
        expected=len(seats),
        marked=sum(seat.status is not None for seat in seats),
        here=number(AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART),
        told=number(AttendanceStatus.EXCUSED, AttendanceStatus.LATE_CANCEL),
        closed=closed,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class PersonMark:
    """What stands for one person of a sheet, without anything else about them."""

    entry_id: int
    version: int
    #: None is “to mark”.
    status: AttendanceStatus | None
    arrived: datetime | None
    left: datetime | None
    reason: str
    minutes: int
    marked_by: str
    marked_at: datetime | None
    #: The client told us that they cannot come.
    told_off: bool


@dataclass(frozen=True, slots=True)
class SheetNow:
    """The marks of one sheet as they stand, for a page that is open; times on the site's wall clock."""

    day: date
    tz: ZoneInfo
    closed: bool
    marks: tuple[PersonMark, ...]

    @property
    def here(self) -> int:
        """Return how many are marked as here, wholly or in part."""
        there = (AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART)
        return sum(mark.status in there for mark in self.marks)

    def mark_of(self, entry_id: int) -> PersonMark:
        """Return what stands for one person.

        Raises:
            NotFound: they are not on this sheet.
        """
        for mark in self.marks:
            if mark.entry_id == entry_id:
                return mark
        raise NotFound


def sheet_now(actor: Actor, occurrence_id: int, *, now: datetime) -> SheetNow:
    """Return the marks of one session as they stand.

    Raises:
        NotFound: the session is not this person's to see.
    """
    occurrence = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    tz = civil_time.zone(occurrence.site.zone)
    statement = (
        select(
            RosterEntry.id,
            AttendanceRecord,
            User.given_name,
            User.family_name,
            is_told_off().label("told_off"),
            Client.user_id.label("account_id"),
        )
        .join(Client, Client.id == RosterEntry.client_id)
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .outerjoin(User, User.id == AttendanceRecord.marked_by_id)
        .where(RosterEntry.occurrence_id == occurrence.id, RosterEntry.released_at.is_(None))
        .order_by(RosterEntry.id)
    )
    rows = db.session.execute(statement).all()
    without_account = [row.id for row in rows if row.account_id is None]
    answered = answered_absent(without_account) if without_account else {}
    return SheetNow(
        day=occurrence.local_day,
        tz=tz,
        closed=is_closed_now(occurrence.id),
        marks=tuple(_person_mark(row, answered, tz) for row in rows),
    )


def _person_mark(row: Any, answered: Collection[int], tz: ZoneInfo) -> PersonMark:
    entry_id, record, given, family, *_ = row
    stands = record if record and record.status != AttendanceStatus.ENTERED_IN_ERROR else None
    return PersonMark(
        entry_id=entry_id,
        version=record.version if record else 0,
        status=AttendanceStatus(stands.status) if stands else None,
        arrived=stands.arrived_at.astimezone(tz) if stands and stands.arrived_at else None,
        left=stands.left_at.astimezone(tz) if stands and stands.left_at else None,
        reason=stands.reason if stands else "",
        minutes=stands.minutes if stands else 0,
        marked_by=f"{given or ''} {family or ''}".strip(),
        marked_at=record.marked_at.astimezone(tz) if record else None,
        told_off=bool(row.told_off) or entry_id in answered,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """One person on the list as the tables hold them."""

    entry: RosterEntry
    client: Client
    record: AttendanceRecord | None
    marked_by: str


def _roster_rows(occurrence: Occurrence) -> list[_Row]:
    statement = (
        select(RosterEntry, Client, AttendanceRecord, User.given_name, User.family_name)
        .join(Client, Client.id == RosterEntry.client_id)
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .outerjoin(User, User.id == AttendanceRecord.marked_by_id)
        .where(RosterEntry.occurrence_id == occurrence.id, RosterEntry.released_at.is_(None))
    )
    rows = [
        _Row(entry, client, record, f"{given or ''} {family or ''}".strip())
        for entry, client, record, given, family in db.session.execute(statement)
    ]
    return sorted(
        rows, key=lambda row: (row.client.called.casefold(), row.client.family_name.casefold(), row.client.id)
    )


def _seat(
    row: _Row, *, name: str, care: CareRecord, told: Told, brings: int, occurrence: Occurrence, tz: ZoneInfo
) -> Seat:
    entry, client, record = row.entry, row.client, row.record
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
        source=RosterSource(entry.source),
        in_care=care.dates.in_care(occurrence.local_day),
        over_seats=entry.over_seats,
        marked_by=row.marked_by if stands else "",
        marked_at=stands.marked_at.astimezone(tz) if stands else None,
        told=told,
        brings=brings,
        line=_helpful_line(care, occurrence),
        done_minutes=week.delivered_minutes,
        goal_minutes=week.prescribed_minutes,
    )


def _helpful_line(care: CareRecord, occurrence: Occurrence) -> str:
    made_up = {fact.occurrence_id: fact.makes_up for fact in care.facts if fact.makes_up is not None}
    if occurrence.id in made_up:
        day = next((f.local_day for f in care.facts if f.occurrence_id == made_up[occurrence.id]), None)
        return f"Makes up for {day:%a}" if day else "Makes up for another week"
    settled = set(made_up.values())
    earlier = [f for f in care.facts if f.starts_at < occurrence.starts_at and f.occurrence_id not in settled]
    missed = _days(fact.local_day for fact in earlier if fact.state.is_miss)
    if missed:
        return f"Missed {missed}, no word yet"
    excused = _days(fact.local_day for fact in earlier if fact.state is SessionState.EXCUSED)
    return f"Excused {excused}" if excused else ""


def _days(days: Iterable[date]) -> str:
    return " and ".join(f"{day:%a}" for day in sorted(set(days)))
