"""The sessions, doses and dates of clients, as the values `domain/frequency` and `domain/risk` count."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Subquery, and_, func, or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from iop_schedule.domain.attendance import SessionState, scheduled_minutes, session_state
from iop_schedule.domain.civil_time import ProgramWeek, instant, local_day, zone
from iop_schedule.domain.frequency import (
    CareDates,
    DaySpan,
    DoseInForce,
    Enrolled,
    SessionFact,
    WeeklyFrequency,
    as_of,
    billable_days,
    joined,
    joined_doses,
    minimum_in,
    trailing,
    weekly_frequencies,
)
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import (
    AttendanceRecord,
    AttendanceRevision,
    Closure,
    Enrollment,
    Group,
    MakeUp,
    Occurrence,
    Program,
    RosterEntry,
    Series,
    Site,
    db,
)
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.availability import FAMILY_SESSION, ONE_TO_ONE
from iop_schedule.vocabulary import (
    AttendanceStatus,
    EnrollmentStatus,
    OccurrenceStatus,
    RosterSource,
    ServiceType,
)

_missed = aliased(RosterEntry)

#: Enrollments that are or were lived; planned and cancelled ones have no weeks to count.
LIVED = (EnrollmentStatus.ACTIVE, EnrollmentStatus.ON_HOLD, EnrollmentStatus.FINISHED)


@dataclass(frozen=True, slots=True)
class CareRecord:
    """Everything the engagement numbers of one client are computed from.

    Enrollment and program are those as of the day it was read for; sessions, dates and doses those of all
    their enrollments.
    """

    client_id: int
    enrollment_id: int | None
    program_id: int | None
    program_name: str
    facts: tuple[SessionFact, ...]
    dates: CareDates
    doses: tuple[DoseInForce, ...]
    enrollments: tuple[Enrolled, ...] = ()
    #: Through this day the program's tiers are for administrators only.
    silent_until: date | None = None

    def weeks(self, first: ProgramWeek, count: int) -> list[WeeklyFrequency]:
        """Return the frequency of `count` program weeks from `first` on."""
        found: list[WeeklyFrequency] = []
        wanted = (first.shifted(n) for n in range(count))
        for minimum, alike in groupby(
            wanted, key=lambda week: minimum_in(week.treatment_days, self.enrollments)
        ):
            weeks = list(alike)
            found += weekly_frequencies(
                self.facts,
                first=weeks[0],
                weeks=len(weeks),
                dates=self.dates,
                doses=self.doses,
                minimum_minutes=minimum,
            )
        return found


def without(care: CareRecord, occurrence_ids: Collection[int]) -> CareRecord:
    """Return the record without sessions that nobody has recorded and their client will not come to."""
    open_states = {SessionState.UPCOMING, SessionState.NOT_RECORDED}
    kept = (f for f in care.facts if f.occurrence_id not in occurrence_ids or f.state not in open_states)
    return replace(care, facts=tuple(kept))


#: For someone who was never enrolled: no day is in care.
_NEVER = CareDates(enrolled=DaySpan(date.max, date.max))


def care_records(
    client_ids: Collection[int],
    *,
    first_day: date,
    last_day: date,
    now: datetime,
    known_at: datetime | None = None,
    only: Collection[int] | None = None,
) -> dict[int, CareRecord]:
    """Return the record of each client over the days from `first_day` to `last_day`, as of `now`.

    Seven statements whatever the number of clients. Sessions count in every enrollment that was lived, a
    transfer goes on with the same stay. With `known_at`, marks are those that stood at that instant,
    whatever has been corrected since; with `only`, these enrollments count as if there were no others.
    """
    enrollments = _enrollments(client_ids, only)
    sites = {one.program.site_id for found in enrollments.values() for one in found}
    closures = _closures(sites, first_day, last_day)
    entries = _entries(client_ids, first_day, last_day, known_at)
    sessions = _sessions(client_ids, first_day, last_day)
    return {
        client_id: _record(
            client_id,
            enrollments.get(client_id, ()),
            closures,
            [(sessions[entry[1]], entry) for entry in entries.get(client_id, ())],
            now,
        )
        for client_id in client_ids
    }


def _enrollments(client_ids: Collection[int], only: Collection[int] | None) -> Mapping[int, list[Enrollment]]:
    statement = (
        select(Enrollment)
        .where(
            Enrollment.client_id.in_(client_ids),
            Enrollment.status.in_(LIVED),
        )
        .order_by(Enrollment.from_day, Enrollment.id)
        .options(
            selectinload(Enrollment.doses),
            selectinload(Enrollment.pauses),
            selectinload(Enrollment.program)
            .load_only(Program.name, Program.site_id, Program.minimum_minutes, Program.silent_until)
            .options(joinedload(Program.site).load_only(Site.zone)),
        )
    )
    if only is not None:
        statement = statement.where(Enrollment.id.in_(only))
    by_client: dict[int, list[Enrollment]] = defaultdict(list)
    for row in db.session.scalars(statement):
        by_client[row.client_id].append(row)
    return by_client


def _closures(site_ids: Collection[int], first_day: date, last_day: date) -> list[Closure]:
    statement = select(Closure).where(
        Closure.site_id.in_(site_ids), Closure.from_day <= last_day, Closure.until_day >= first_day
    )
    return list(db.session.scalars(statement.order_by(Closure.from_day, Closure.id)))


class _Session(NamedTuple):
    """A dated session, read once for all who are on its roster."""

    id: int
    starts_at: datetime
    ends_at: datetime
    local_day: date
    #: Without the break.
    minutes: int
    is_cancelled: bool
    service_type: str


#: What one client has to do with a session: client, occurrence, source, status, minutes, what it makes up.
_Entry = tuple[int, int, str, str | None, int | None, int | None]


def _sessions(client_ids: Collection[int], first_day: date, last_day: date) -> dict[int, _Session]:
    """Return the sessions with one of the clients on their roster: a group's, once for all its members."""
    theirs = select(RosterEntry.occurrence_id).where(RosterEntry.client_id.in_(client_ids))
    statement = (
        select(
            Occurrence.id,
            Occurrence.starts_at,
            Occurrence.ends_at,
            Occurrence.local_day,
            Occurrence.break_minutes,
            Occurrence.status,
            Series.service_type,
        )
        .join(Series, Series.id == Occurrence.series_id)
        .where(Occurrence.id.in_(theirs), Occurrence.local_day >= first_day, Occurrence.local_day <= last_day)
    )
    return {
        number: _Session(
            number,
            starts_at,
            ends_at,
            day,
            scheduled_minutes(starts_at=starts_at, ends_at=ends_at, break_minutes=break_minutes),
            status != OccurrenceStatus.PLANNED,
            service_type,
        )
        for number, starts_at, ends_at, day, break_minutes, status, service_type in db.session.execute(
            statement
        )
    }


#: The words of the table, told without asking the vocabulary for each of many rows.
_STATUS = {status.value: status for status in AttendanceStatus}


def _entries(
    client_ids: Collection[int], first_day: date, last_day: date, known_at: datetime | None
) -> Mapping[int, list[_Entry]]:
    """Return by client what they were expected at or marked in, in the order of the sessions."""
    mark = AttendanceRecord if known_at is None else aliased(AttendanceRevision, _marks_at(known_at))
    released = RosterEntry.released_at
    still_expected = released.is_(None) if known_at is None else or_(released.is_(None), released > known_at)
    statement = (
        select(
            RosterEntry.client_id,
            RosterEntry.occurrence_id,
            RosterEntry.source,
            mark.status,
            mark.minutes,
            _missed.occurrence_id.label("makes_up"),
        )
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .outerjoin(mark, mark.roster_entry_id == RosterEntry.id)
        .outerjoin(MakeUp, (MakeUp.entry_id == RosterEntry.id) & MakeUp.released_at.is_(None))
        .outerjoin(_missed, _missed.id == MakeUp.missed_entry_id)
        .where(
            RosterEntry.client_id.in_(client_ids),
            Occurrence.local_day >= first_day,
            Occurrence.local_day <= last_day,
            or_(still_expected, mark.status != AttendanceStatus.ENTERED_IN_ERROR),
        )
        .order_by(RosterEntry.client_id, Occurrence.starts_at, Occurrence.id)
    )
    by_client: dict[int, list[_Entry]] = defaultdict(list)
    for row in db.session.execute(statement):
        by_client[row[0]].append(row)
    return by_client


def _marks_at(known_at: datetime) -> Subquery:
    """Return the marks that stood at an instant: of each roster entry the latest made until then."""
    latest = (
        select(AttendanceRevision.roster_entry_id, func.max(AttendanceRevision.version).label("version"))
        .where(AttendanceRevision.marked_at <= known_at)
        .group_by(AttendanceRevision.roster_entry_id)
        .subquery()
    )
    return (
        select(AttendanceRevision)
        .join(
            latest,
            and_(
                latest.c.roster_entry_id == AttendanceRevision.roster_entry_id,
                latest.c.version == AttendanceRevision.version,
            ),
        )
        .subquery()
    )


def _record(
    client_id: int,
    enrollments: Sequence[Enrollment],
    closures: Collection[Closure],
    found: Iterable[tuple[_Session, _Entry]],
    now: datetime,
) -> CareRecord:
    if not enrollments:
        return CareRecord(
            client_id=client_id,
            enrollment_id=None,
            program_id=None,
            program_name="",
            facts=tuple(_fact(session, entry, _NEVER, now) for session, entry in found),
            dates=_NEVER,
            doses=(),
        )
    today = local_day(now, zone(enrollments[-1].program.site.zone))
    current = as_of(enrollments, today, days=days_of) or enrollments[-1]
    each = tuple(_enrolled(one, closures) for one in enrollments)
    dates = joined(each, today)
    return CareRecord(
        client_id=client_id,
        enrollment_id=current.id,
        program_id=current.program_id,
        program_name=current.program.name,
        facts=tuple(_fact(session, entry, dates, now) for session, entry in found),
        dates=dates,
        doses=joined_doses(each),
        enrollments=each,
        silent_until=current.program.silent_until,
    )


def days_of(enrollment: Enrollment) -> DaySpan:
    """Return the days of an enrollment."""
    return DaySpan(enrollment.from_day, enrollment.until_day)


def _enrolled(enrollment: Enrollment, closures: Iterable[Closure]) -> Enrolled:
    program = enrollment.program
    return Enrolled(
        days=days_of(enrollment),
        minimum_minutes=program.minimum_minutes,
        doses=tuple(DoseInForce(d.from_day, d.minutes, d.minimum_days) for d in enrollment.doses),
        pauses=tuple(DaySpan(p.from_day, p.until_day) for p in enrollment.pauses),
        closures=tuple(
            DaySpan(c.from_day, c.until_day)
            for c in closures
            if c.site_id == program.site_id and c.program_id in {None, program.id}
        ),
        step_downs=_step_downs(enrollment),
    )


def _step_downs(enrollment: Enrollment) -> tuple[DaySpan, ...]:
    """Return the days of each dose recorded as a step-down: until the next dose begins."""
    doses = sorted(enrollment.doses, key=lambda dose: dose.from_day)
    ends = [later.from_day - timedelta(days=1) for later in doses[1:]] + [None]
    return tuple(
        DaySpan(dose.from_day, end) for dose, end in zip(doses, ends, strict=False) if dose.step_down
    )


def _fact(session: _Session, entry: _Entry, dates: CareDates, now: datetime) -> SessionFact:
    _, _, source, status, minutes, makes_up = entry
    day, scheduled = session.local_day, session.minutes
    state = session_state(
        _STATUS[status] if status else None,
        ends_at=session.ends_at,
        now=now,
        enrolled=dates.is_enrolled(day),
        cancelled=session.is_cancelled,
        closed=dates.is_closed(day),
        paused=dates.is_paused(day),
    )
    return SessionFact(
        occurrence_id=session.id,
        starts_at=session.starts_at,
        local_day=day,
        scheduled_minutes=scheduled,
        state=state,
        attended_minutes=min(minutes or 0, scheduled) if state in _THERE else 0,
        make_up=source == RosterSource.MAKE_UP,
        makes_up=makes_up,
        ends_at=session.ends_at,
        service_type=session.service_type,
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
    #: The days that count for day-based billing; a number apart from attendance.
    billable_days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class ClientFrequency:
    """One client's weeks, the latest first."""

    client_id: int
    name: str
    program_name: str
    #: The day all of it is as of, and the day it is now at the site.
    as_of: date
    today: date
    weeks: tuple[WeekRow, ...]
    #: The last two and four weeks up to `as_of`, its own included.
    last_two: WeeklyFrequency | None
    last_four: WeeklyFrequency | None


def client_frequency(
    actor: Actor,
    client_id: int,
    *,
    weeks: int,
    now: datetime,
    as_of: date | None = None,
    as_recorded: bool = False,
) -> ClientFrequency:
    """Return the last program weeks of one client, each with its sessions.

    With a past day `as_of`, everything is as of the end of that day at the site: with every correction made
    since, or with `as_recorded` as it had been recorded by then.

    Raises:
        NotFound: not this person's to see.
    """
    client = access_client(actor, client_id, Permission.ATTENDANCE_READ, now=now)
    tz = zone(client.site.zone)
    today = local_day(now, tz)
    day = min(as_of or today, today)
    at = now if day == today else instant(day + timedelta(days=1), time(0), tz)
    this_week = ProgramWeek.containing(day)
    first = this_week.shifted(1 - weeks)
    care = care_records(
        [client.id],
        first_day=first.monday,
        last_day=this_week.sunday,
        now=at,
        known_at=at if as_recorded else None,
    )[client.id]
    counted = care.weeks(first, weeks)
    titles = session_titles(fact.occurrence_id for fact in care.facts)
    rows = [
        _week_row(one, _within(care.facts, one.first_week), titles, tz)
        for one in counted
        if care.dates.first_day <= one.first_week.sunday
    ]
    return ClientFrequency(
        client_id=client.id,
        name=client.short_name,
        program_name=care.program_name,
        as_of=day,
        today=today,
        weeks=tuple(reversed(rows)),
        last_two=trailing(counted, until=this_week, count=2),
        last_four=trailing(counted, until=this_week, count=4),
    )


def _week_row(
    week: WeeklyFrequency, facts: Sequence[SessionFact], titles: Mapping[int, str], tz: ZoneInfo
) -> WeekRow:
    return WeekRow(week, tuple(_session_row(fact, titles, tz) for fact in facts), billable_days(facts))


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


def session_titles(occurrence_ids: Iterable[int]) -> dict[int, str]:
    """Return what staff call each dated session."""
    statement = (
        select(Occurrence.id, Group.name, Series.service_type)
        .join(Series, Series.id == Occurrence.series_id)
        .outerjoin(Group, Group.id == Series.group_id)
        .where(Occurrence.id.in_(list(occurrence_ids)))
    )
    alone = {ServiceType.FAMILY: FAMILY_SESSION}
    return {
        row.id: row.name or alone.get(row.service_type, ONE_TO_ONE) for row in db.session.execute(statement)
    }
