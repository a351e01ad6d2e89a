"""The sessions, doses and dates of clients, as the values `domain/frequency` and `domain/risk` count."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased, selectinload

from iop_schedule.domain.attendance import SessionState, scheduled_minutes, session_state
from iop_schedule.domain.civil_time import ProgramWeek, local_day, zone
from iop_schedule.domain.frequency import (
    CareDates,
    DaySpan,
    DoseInForce,
    SessionFact,
    WeeklyFrequency,
    trailing,
    weekly_frequencies,
)
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import (
    AttendanceRecord,
    Closure,
    Enrollment,
    Group,
    MakeUp,
    Occurrence,
    Program,
    RosterEntry,
    Series,
    db,
)
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.vocabulary import AttendanceStatus, EnrollmentStatus, OccurrenceStatus, RosterSource

_missed = aliased(RosterEntry)

#: Enrollments that are or were lived; planned and cancelled ones have no weeks to count.
LIVED = (EnrollmentStatus.ACTIVE, EnrollmentStatus.ON_HOLD, EnrollmentStatus.FINISHED)


@dataclass(frozen=True, slots=True)
class CareRecord:
    """Everything the engagement numbers of one client are computed from."""

    client_id: int
    enrollment_id: int | None
    program_name: str
    facts: tuple[SessionFact, ...]
    dates: CareDates
    doses: tuple[DoseInForce, ...]
    minimum_minutes: int

    def weeks(self, first: ProgramWeek, count: int) -> list[WeeklyFrequency]:
        """Return the frequency of `count` program weeks from `first` on."""
        return weekly_frequencies(
            self.facts,
            first=first,
            weeks=count,
            dates=self.dates,
            doses=self.doses,
            minimum_minutes=self.minimum_minutes,
        )


def without(care: CareRecord, occurrence_ids: Collection[int]) -> CareRecord:
    """Return the record without sessions that nobody has recorded and their client will not come to."""
    open_states = {SessionState.UPCOMING, SessionState.NOT_RECORDED}
    kept = (f for f in care.facts if f.occurrence_id not in occurrence_ids or f.state not in open_states)
    return replace(care, facts=tuple(kept))


#: For someone who was never enrolled: no day is in care.
_NEVER = CareDates(enrolled=DaySpan(date.max, date.max))


def care_records(
    client_ids: Collection[int], *, first_day: date, last_day: date, now: datetime
) -> dict[int, CareRecord]:
    """Return the record of each client over the days from `first_day` to `last_day`, as known at `now`.

    Six statements whatever the number of clients. Where a client was enrolled more than once, the
    latest enrollment that has begun counts and earlier sessions are outside it.
    """
    enrollments = _latest_enrollments(client_ids, last_day)
    closures = _closures({e.program.site_id for e in enrollments.values()}, first_day, last_day)
    rows = _session_rows(client_ids, first_day, last_day)
    return {
        client_id: _record(client_id, enrollments.get(client_id), closures, rows.get(client_id, ()), now)
        for client_id in client_ids
    }


def _latest_enrollments(client_ids: Collection[int], last_day: date) -> dict[int, Enrollment]:
    statement = (
        select(Enrollment)
        .join(Enrollment.program)
        .where(
            Enrollment.client_id.in_(client_ids),
            Enrollment.status.in_(LIVED),
            Enrollment.from_day <= last_day,
        )
        .order_by(Enrollment.from_day, Enrollment.id)
        .options(
            selectinload(Enrollment.doses),
            selectinload(Enrollment.pauses),
            selectinload(Enrollment.program).load_only(
                Program.name, Program.site_id, Program.minimum_minutes
            ),
        )
    )
    return {row.client_id: row for row in db.session.scalars(statement)}


def _closures(site_ids: Collection[int], first_day: date, last_day: date) -> list[Closure]:
    statement = select(Closure).where(
        Closure.site_id.in_(site_ids), Closure.from_day <= last_day, Closure.until_day >= first_day
    )
    return list(db.session.scalars(statement))


def _session_rows(client_ids: Collection[int], first_day: date, last_day: date) -> Mapping[int, list[Any]]:
    statement = (
        select(
            RosterEntry.client_id,
            RosterEntry.source,
            Occurrence.id,
            Occurrence.starts_at,
            Occurrence.ends_at,
            Occurrence.local_day,
            Occurrence.break_minutes,
            Occurrence.status,
            AttendanceRecord.status.label("mark"),
            AttendanceRecord.minutes,
            _missed.occurrence_id.label("makes_up"),
        )
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .outerjoin(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .outerjoin(MakeUp, (MakeUp.entry_id == RosterEntry.id) & MakeUp.released_at.is_(None))
        .outerjoin(_missed, _missed.id == MakeUp.missed_entry_id)
        .where(
            RosterEntry.client_id.in_(client_ids),
            Occurrence.local_day >= first_day,
            Occurrence.local_day <= last_day,
            or_(RosterEntry.released_at.is_(None), AttendanceRecord.id.is_not(None)),
        )
        .order_by(RosterEntry.client_id, Occurrence.starts_at, Occurrence.id)
    )
    by_client: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(statement):
        by_client[row.client_id].append(row)
    return by_client


def _record(
    client_id: int,
    enrollment: Enrollment | None,
    closures: Iterable[Closure],
    rows: Iterable[Any],
    now: datetime,
) -> CareRecord:
    if enrollment is None:
        dates, minimum, program = _NEVER, 0, ""
        doses: tuple[DoseInForce, ...] = ()
    else:
        program, minimum = enrollment.program.name, enrollment.program.minimum_minutes
        dates = CareDates(
            enrolled=DaySpan(enrollment.from_day, enrollment.until_day),
            pauses=tuple(DaySpan(p.from_day, p.until_day) for p in enrollment.pauses),
            closures=tuple(
                DaySpan(c.from_day, c.until_day)
                for c in closures
                if c.site_id == enrollment.program.site_id and c.program_id in {None, enrollment.program_id}
            ),
        )
        doses = tuple(DoseInForce(d.from_day, d.minutes, d.minimum_days) for d in enrollment.doses)
    return CareRecord(
        client_id=client_id,
        enrollment_id=enrollment.id if enrollment else None,
        program_name=program,
        facts=tuple(_fact(row, dates, now) for row in rows),
        dates=dates,
        doses=doses,
        minimum_minutes=minimum,
    )


def _fact(row: Any, dates: CareDates, now: datetime) -> SessionFact:
    day = row.local_day
    state = session_state(
        AttendanceStatus(row.mark) if row.mark else None,
        ends_at=row.ends_at,
        now=now,
        enrolled=dates.enrolled.contains(day),
        cancelled=row.status != OccurrenceStatus.PLANNED,
        closed=any(c.contains(day) for c in dates.closures),
        paused=any(p.contains(day) for p in dates.pauses),
    )
    minutes = scheduled_minutes(starts_at=row.starts_at, ends_at=row.ends_at, break_minutes=row.break_minutes)
    return SessionFact(
        occurrence_id=row.id,
        starts_at=row.starts_at,
        local_day=day,
        scheduled_minutes=minutes,
        state=state,
        attended_minutes=min(row.minutes or 0, minutes) if state in _THERE else 0,
        make_up=row.source == RosterSource.MAKE_UP,
        makes_up=row.makes_up,
    )


_THERE = (SessionState.ATTENDED, SessionState.ATTENDED_PART)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session behind a week's numbers; the start is on the site's wall clock."""

    starts: datetime
    title: str
    state: SessionState
    attended_minutes: int
    scheduled_minutes: int


@dataclass(frozen=True, slots=True)
class WeekRow:
    """One program week of one client, and the sessions its numbers come from."""

    frequency: WeeklyFrequency
    sessions: tuple[SessionRow, ...]


@dataclass(frozen=True, slots=True)
class ClientFrequency:
    """One client's weeks, the latest first."""

    client_id: int
    name: str
    program_name: str
    weeks: tuple[WeekRow, ...]
    #: The last two and four weeks, the current one included.
    last_two: WeeklyFrequency | None
    last_four: WeeklyFrequency | None


def client_frequency(actor: Actor, client_id: int, *, weeks: int, now: datetime) -> ClientFrequency:
    """Return the last program weeks of one client, each with its sessions.

    Raises:
        NotFound: not this person's to see.
    """
    client = access_client(actor, client_id, Permission.ATTENDANCE_READ, now=now)
    tz = zone(client.site.zone)
    this_week = ProgramWeek.containing(local_day(now, tz))
    first = this_week.shifted(1 - weeks)
    care = care_records([client.id], first_day=first.monday, last_day=this_week.sunday, now=now)[client.id]
    counted = care.weeks(first, weeks)
    titles = _titles(fact.occurrence_id for fact in care.facts)
    rows = [
        WeekRow(one, tuple(_session_row(fact, titles, tz) for fact in _within(care.facts, one.first_week)))
        for one in counted
        if care.dates.enrolled.from_day <= one.first_week.sunday
    ]
    return ClientFrequency(
        client_id=client.id,
        name=client.short_name,
        program_name=care.program_name,
        weeks=tuple(reversed(rows)),
        last_two=trailing(counted, until=this_week, count=2),
        last_four=trailing(counted, until=this_week, count=4),
    )


def _within(facts: Iterable[SessionFact], week: ProgramWeek) -> list[SessionFact]:
    return [fact for fact in facts if week.contains(fact.local_day)]


def _session_row(fact: SessionFact, titles: Mapping[int, str], tz: ZoneInfo) -> SessionRow:
    return SessionRow(
        starts=fact.starts_at.astimezone(tz),
        title=titles[fact.occurrence_id],
        state=fact.state,
        attended_minutes=fact.attended_minutes,
        scheduled_minutes=fact.scheduled_minutes,
    )


def _titles(occurrence_ids: Iterable[int]) -> dict[int, str]:
    statement = (
        select(Occurrence.id, Group.name)
        .join(Series, Series.id == Occurrence.series_id)
        .outerjoin(Group, Group.id == Series.group_id)
        .where(Occurrence.id.in_(list(occurrence_ids)))
    )
    return {row.id: row.name or "One-to-one" for row in db.session.execute(statement)}
