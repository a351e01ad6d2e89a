"""What can still be made up, and with which sessions: problem P6 read from the tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased, joinedload, lazyload

from iop_schedule.domain import make_ups as rules
from iop_schedule.domain import placement
from iop_schedule.domain.availability import DAY_MINUTES, DatedSlot, in_words
from iop_schedule.domain.civil_time import (
    ProgramWeek,
    days_between,
    local,
    minutes_of_day,
    zone,
)
from iop_schedule.domain.prescription import dose_on
from iop_schedule.models import (
    Client,
    Group,
    Occurrence,
    RosterEntry,
    Series,
    User,
    db,
)
from iop_schedule.queries.availability import commitments_of, session_name, trip
from iop_schedule.queries.frequency import CareRecord, care_records, without
from iop_schedule.queries.keep_apart import closed_sessions
from iop_schedule.queries.notices import is_told_off
from iop_schedule.queries.prescription import dose_of, enrollments_on
from iop_schedule.queries.risk import policies_in_force
from iop_schedule.queries.session_lines import place_words
from iop_schedule.vocabulary import (
    Attend,
    Gender,
    GroupGender,
    LevelOfCare,
    Modality,
    ModalityWish,
    OccurrenceStatus,
    SeriesKind,
    ServiceType,
)


@dataclass(frozen=True, slots=True)
class SessionWords:
    """One session as its client reads it; times on the site's wall clock."""

    occurrence_id: int
    title: str
    starts: datetime
    ends: datetime
    room: str
    leader: str
    is_individual: bool


@dataclass(frozen=True, slots=True)
class OptionWords:
    """One make-up somebody can choose, and what it comes to."""

    session: SessionWords
    is_whole: bool
    restores_minutes: int
    same_week: bool
    #: Near enough that the miss does not count any more; the hours count in any case.
    cancels_the_miss: bool
    #: Minutes of its week with it; never more than the goal where that is reached.
    week_minutes: int
    goal_minutes: int
    reaches_goal: bool
    #: What the client would rather keep at that time, in words.
    instead_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Everything problem P6 of one person needs, and the rows behind its answer."""

    miss: rules.Miss
    guest: rules.Guest
    sessions: tuple[rules.OpenSession, ...]
    days: int
    #: Of these, so many days away it cancels the miss as well.
    cancels_within_days: int
    rows: Mapping[int, Occurrence]

    def options(self, *, now: datetime) -> list[rules.MakeUpOption]:
        """Return what makes up for the miss, best first."""
        return rules.options(self.miss, self.guest, self.sessions, days=self.days, now=now)

    def blocked(self, *, now: datetime) -> list[rules.Blocked]:
        """Return what does not, and why."""
        return rules.blocked(self.miss, self.guest, self.sessions, days=self.days, now=now)


def options_for(entry: RosterEntry, *, now: datetime) -> tuple[OptionWords, ...]:
    """Return the sessions that make up for one roster entry, best first, ready to read.

    For callers that have been through `access_entry`.
    """
    question = question_of(entry, now=now)
    tz = zone(entry.client.site.zone)
    return tuple(_option(option, question, tz) for option in question.options(now=now))


@dataclass(frozen=True, slots=True)
class BlockedWords:
    """One session that is no make-up, and why; for staff."""

    session: SessionWords
    why: str


def blocked_for(entry: RosterEntry, *, now: datetime) -> tuple[BlockedWords, ...]:
    """Return the sessions of the same days that do not make up for one roster entry, each with its reason."""
    question = question_of(entry, now=now)
    tz = zone(entry.client.site.zone)
    return tuple(
        BlockedWords(session_words(question.rows[one.session.id], tz), one.words)
        for one in sorted(question.blocked(now=now), key=lambda b: (b.session.starts_at, b.session.id))
    )


def question_of(entry: RosterEntry, *, now: datetime) -> Question:
    """Return the question which sessions make up for `entry`."""
    client, missed = entry.client, entry.occurrence
    days = missed.series.program.make_up_days
    first, last = rules.days_allowed(missed.local_day, days=days)
    care = _care(client, first, last, now=now)
    rows = _sessions_of_groups(client, first, last, now=now)
    seats, closed = _taken(rows), closed_sessions(client.id, [row.id for row in rows])
    return Question(
        miss=rules.Miss(
            day=missed.local_day,
            minutes=missed.scheduled_minutes,
            service_type=ServiceType(missed.series.service_type),
            leader_id=missed.leader_id,
            group_id=str(missed.series.group_id) if missed.series.group_id else None,
            slot=_slot(missed, client) if missed.status == OccurrenceStatus.PLANNED else None,
        ),
        guest=_guest(client, missed, care, first, last),
        sessions=tuple(
            _open_session(
                row,
                row.series.group,
                client,
                # What must not be told looks like a full session.
                seats_left=0 if row.id in closed else row.series.group.seats - seats.get(row.id, 0),
            )
            for row in rows
            if row.series.group is not None
        ),
        days=days,
        cancels_within_days=policies_in_force({care.program_id}, at=now)[care.program_id].policy.make_up_days,
        rows={row.id: row for row in rows},
    )


def _care(client: Client, first: date, last: date, *, now: datetime) -> CareRecord:
    """Return the care record of the weeks in reach, without what the client told us they cannot come to."""
    monday, sunday = ProgramWeek.containing(first).monday, ProgramWeek.containing(last).sunday
    care = care_records([client.id], first_day=monday, last_day=sunday, now=now)[client.id]
    return without(care, told_off(client.id, monday, sunday))


def told_off(client_id: int, first: date, last: date) -> frozenset[int]:
    """Return the sessions of these days that a client told us they cannot come to."""
    statement = (
        select(RosterEntry.occurrence_id)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .where(RosterEntry.client_id == client_id, Occurrence.local_day.between(first, last), is_told_off())
    )
    return frozenset(db.session.scalars(statement))


def _guest(client: Client, missed: Occurrence, care: CareRecord, first: date, last: date) -> rules.Guest:
    first_week, last_week = ProgramWeek.containing(first), ProgramWeek.containing(last)
    count = (last_week.monday - first_week.monday).days // 7 + 1
    # The missed session itself is what is to be restored: it counts for nothing while it may be missed.
    weeks = {w.first_week: w for w in without(care, {missed.id}).weeks(first_week, count)}
    enrollment = enrollments_on([client.id], missed.local_day).get(client.id)
    dose = dose_on([dose_of(row) for row in enrollment.doses], missed.local_day) if enrollment else None
    program = enrollment.program if enrollment else missed.series.program
    return rules.Guest(
        person=placement.Client(
            id=str(client.id),
            languages=tuple(client.languages),
            dose=placement.Dose(
                dose.minutes if dose else 0,
                max_minutes_per_day=dose.most_minutes_a_day if dose else DAY_MINUTES,
            ),
            gender=Gender(client.gender),
            modality=ModalityWish(client.modality),
        ),
        level=LevelOfCare(program.level_of_care),
        commitments=tuple(commitments_of([client.id])[client.id]),
        own=tuple(_own_sessions(client, first, last, ignore=missed.id)),
        away=frozenset(day for day in days_between(first, last) if not care.dates.in_care(day)),
        minutes_in={
            week: w.delivered_minutes + w.not_recorded_minutes + w.upcoming_minutes
            for week, w in weeks.items()
        },
        goal_in={week: w.prescribed_minutes for week, w in weeks.items()},
    )


def _own_sessions(client: Client, first: date, last: date, *, ignore: int) -> Iterable[rules.OwnSession]:
    statement = (
        select(Occurrence)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            RosterEntry.client_id == client.id,
            RosterEntry.released_at.is_(None),
            ~is_told_off(),
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.local_day.between(first, last),
            Occurrence.id != ignore,
        )
        .options(joinedload(Occurrence.series), joinedload(Occurrence.site))
        .order_by(Occurrence.starts_at, Occurrence.id)
    )
    for row in db.session.scalars(statement):
        modality = Modality(row.series.modality)
        yield rules.OwnSession(_slot(row, client), row.scheduled_minutes, modality)


def _overlaps_own(client_id: int) -> ColumnElement[bool]:
    """Return the condition that a client has another session then: nobody is expected at two places at once.

    That holds for a session they cannot come to as well, because its place is still theirs.
    """
    own = aliased(Occurrence)
    return exists().where(
        RosterEntry.client_id == client_id,
        RosterEntry.released_at.is_(None),
        RosterEntry.occurrence_id == own.id,
        own.id != Occurrence.id,
        own.status == OccurrenceStatus.PLANNED,
        own.starts_at < Occurrence.ends_at,
        own.ends_at > Occurrence.starts_at,
    )


def _sessions_of_groups(client: Client, first: date, last: date, *, now: datetime) -> Sequence[Occurrence]:
    """Return the group sessions of these days at the client's site that they are not expected at."""
    expected = select(RosterEntry.occurrence_id).where(
        RosterEntry.client_id == client.id, RosterEntry.released_at.is_(None)
    )
    statement = (
        select(Occurrence)
        .join(Occurrence.series)
        .where(
            Occurrence.site_id == client.site_id,
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.local_day.between(first, last),
            Occurrence.starts_at > now,
            Occurrence.id.not_in(expected),
            ~_overlaps_own(client.id),
            Series.kind == SeriesKind.GROUP,
        )
        .options(
            joinedload(Occurrence.series).options(joinedload(Series.group), joinedload(Series.program)),
            joinedload(Occurrence.site),
            joinedload(Occurrence.room),
            joinedload(Occurrence.leader).options(lazyload(User.roles), lazyload(User.sites)),
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
    )
    return db.session.scalars(statement).unique().all()


def _taken(rows: Iterable[Occurrence]) -> dict[int, int]:
    """Return how many people are expected at each session. Who cannot come keeps their seat: they may yet."""
    statement = (
        select(RosterEntry.occurrence_id, func.count())
        .where(RosterEntry.occurrence_id.in_([row.id for row in rows]), RosterEntry.released_at.is_(None))
        .group_by(RosterEntry.occurrence_id)
    )
    return {occurrence_id: number for occurrence_id, number in db.session.execute(statement)}  # noqa: C416


def _open_session(row: Occurrence, group: Group, client: Client, *, seats_left: int) -> rules.OpenSession:
    return rules.OpenSession(
        id=row.id,
        starts_at=row.starts_at,
        slot=_slot(row, client),
        minutes=row.scheduled_minutes,
        group=placement.Group(
            id=str(group.id),
            service_type=group.service_type,
            modality=Modality(group.modality),
            language=group.language,
            meetings=(),
            gender=GroupGender(group.gender),
            attend=Attend(group.attend),
        ),
        level=LevelOfCare(row.series.program.level_of_care),
        leader_id=row.leader_id,
        seats_left=seats_left,
    )


def _slot(row: Occurrence, client: Client) -> DatedSlot:
    starts = local(row.starts_at, zone(row.site.zone))
    first = minutes_of_day(starts.time())
    length = int((row.ends_at - row.starts_at).total_seconds()) // 60
    return DatedSlot(starts.date(), first, first + length, trip(client, row.series.modality), key=row.id)


def session_words(row: Occurrence, tz: ZoneInfo) -> SessionWords:
    """Return a session as its client reads it."""
    return SessionWords(
        occurrence_id=row.id,
        title=session_name(row.series),
        starts=row.starts_at.astimezone(tz),
        ends=row.ends_at.astimezone(tz),
        room=place_words(row.room, row.series.modality),
        leader=row.leader.name,
        is_individual=row.series.kind == SeriesKind.INDIVIDUAL,
    )


def _option(option: rules.MakeUpOption, question: Question, tz: ZoneInfo) -> OptionWords:
    reached = option.reaches_goal
    return OptionWords(
        session=session_words(question.rows[option.session.id], tz),
        is_whole=option.is_whole,
        restores_minutes=option.restores_minutes,
        same_week=option.same_week,
        cancels_the_miss=option.days_apart <= question.cancels_within_days,
        week_minutes=option.goal_minutes if reached else option.week_minutes,
        goal_minutes=option.goal_minutes,
        reaches_goal=reached,
        instead_of=tuple(in_words(clash.commitment) for clash in option.soft),
    )
