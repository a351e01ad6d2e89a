"""What can still be made up, and with which sessions: problem P6 read from the tables."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, lazyload

from iop_schedule.domain import make_ups as rules
from iop_schedule.domain import placement
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.availability import DAY_MINUTES, DatedSlot, in_words
from iop_schedule.domain.civil_time import (
    ProgramWeek,
    days_between,
    local,
    local_day,
    minutes_of_day,
    zone,
)
from iop_schedule.domain.prescription import dose_on
from iop_schedule.models import (
    Client,
    Group,
    MakeUp,
    Occurrence,
    RosterEntry,
    Series,
    User,
    db,
)
from iop_schedule.queries.availability import commitments_of, session_name, trip
from iop_schedule.queries.frequency import CareRecord, care_records, without
from iop_schedule.queries.notices import is_told_off
from iop_schedule.queries.prescription import dose_of, enrollments_on
from iop_schedule.queries.session_lines import place_words
from iop_schedule.vocabulary import (
    Attend,
    CancelCause,
    Gender,
    GroupGender,
    LevelOfCare,
    Modality,
    ModalityWish,
    OccurrenceStatus,
    RosterSource,
    SeriesKind,
    ServiceType,
)

#: States of a session that can be made up; one still to come is one when its client told us.
MISSED = frozenset(
    {
        SessionState.NO_SHOW,
        SessionState.LATE_CANCEL,
        SessionState.EXCUSED,
        SessionState.PROGRAM_CANCELLED,
    }
)
_NOT_YET_SAID = frozenset({SessionState.UPCOMING, SessionState.NOT_RECORDED})
#: Sessions that someone is expected at of their own right; a guest's is no debt.
_OWN = frozenset({RosterSource.MEMBER, RosterSource.INDIVIDUAL})
#: How far ahead sessions that somebody cannot come to are listed.
LOOKS_AHEAD = timedelta(weeks=4)


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
    #: Minutes of its week with it; never more than the goal where that is reached.
    week_minutes: int
    goal_minutes: int
    reaches_goal: bool
    #: What the client would rather keep at that time, in words.
    instead_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenMiss:
    """A session that can still be made up, until a day."""

    session: SessionWords
    state: SessionState
    #: The client told us; nobody else has said anything yet.
    told: bool
    until_day: date
    options: int


@dataclass(frozen=True, slots=True)
class Question:
    """Everything problem P6 of one person needs, and the rows behind its answer."""

    miss: rules.Miss
    guest: rules.Guest
    sessions: tuple[rules.OpenSession, ...]
    days: int
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
    return tuple(_option(option, question.rows, tz) for option in question.options(now=now))


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
    seats = _taken(rows)
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
            _open_session(row, row.series.group, client, taken=seats.get(row.id, 0))
            for row in rows
            if row.series.group is not None
        ),
        days=days,
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


def _open_session(row: Occurrence, group: Group, client: Client, *, taken: int) -> rules.OpenSession:
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
        seats_left=group.seats - taken,
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


def _option(option: rules.MakeUpOption, rows: Mapping[int, Occurrence], tz: ZoneInfo) -> OptionWords:
    reached = option.reaches_goal
    return OptionWords(
        session=session_words(rows[option.session.id], tz),
        is_whole=option.is_whole,
        restores_minutes=option.restores_minutes,
        same_week=option.same_week,
        week_minutes=option.goal_minutes if reached else option.week_minutes,
        goal_minutes=option.goal_minutes,
        reaches_goal=reached,
        instead_of=tuple(in_words(clash.commitment) for clash in option.soft),
    )


# ── What is open, and what is booked ─────────────────────────────────────────────────────────────


def booked_for(entry_id: int) -> MakeUp | None:
    """Return the make-up booked for a missed roster entry, if one stands."""
    statement = (
        select(MakeUp)
        .where(MakeUp.missed_entry_id == entry_id, MakeUp.released_at.is_(None))
        .options(joinedload(MakeUp.entry).joinedload(RosterEntry.occurrence))
    )
    return db.session.scalars(statement).one_or_none()


def made_up_by(entry_id: int) -> MakeUp | None:
    """Return the make-up that a roster entry is, if one stands."""
    statement = select(MakeUp).where(MakeUp.entry_id == entry_id, MakeUp.released_at.is_(None))
    return db.session.scalars(statement).one_or_none()


def may_be_made_up(
    entry: RosterEntry, state: SessionState, *, told: bool, make_up_state: SessionState | None, today: date
) -> bool:
    """Return True while a roster entry is a miss that no make-up settles.

    Args:
        entry: of the session.
        state: how the session counts for its client.
        told: the client told us that they cannot come.
        make_up_state: of the make-up booked for it; None when none is. One that was missed settles nothing.
        today: on the site's calendar.
    """
    if entry.source not in _OWN or not (state in MISSED or (told and state in _NOT_YET_SAID)):
        return False
    if entry.occurrence.cancel_cause not in {None, CancelCause.BY_HAND}:
        return False  # on closed days nothing is owed: the goal of the week is lower
    if make_up_state is not None and make_up_state not in MISSED:
        return False
    return today <= rules.days_allowed(entry.occurrence.local_day, days=_days_of(entry))[1]


def _days_of(entry: RosterEntry) -> int:
    return entry.occurrence.series.program.make_up_days


def open_misses(
    client: Client,
    care: CareRecord,
    *,
    away: Collection[int],
    most: int | None = None,
    now: datetime,
) -> tuple[OpenMiss, ...]:
    """Return what a client can still make up, oldest first, each with the number of sessions that would.

    Args:
        client: whose; for callers that have been through `access_client`.
        care: their record over at least the month around `now`.
        away: the sessions of those weeks that they told us they cannot come to, as of `told_off`.
        most: no more than so many; looking for sessions takes a few statements for each.
        now: the current instant.
    """
    tz = zone(client.site.zone)
    today = local_day(now, tz)
    states = {fact.occurrence_id: fact.state for fact in care.facts}
    entries = _own_entries(client, _possible(states, away), today)
    if not entries:
        return ()
    settled = _make_up_states([entry.id for entry in entries], states)
    still_open = [
        entry
        for entry in entries
        if may_be_made_up(
            entry,
            states[entry.occurrence_id],
            told=entry.occurrence_id in away,
            make_up_state=settled.get(entry.id),
            today=today,
        )
    ]
    return tuple(
        OpenMiss(
            session=session_words(entry.occurrence, tz),
            state=states[entry.occurrence_id],
            told=entry.occurrence_id in away,
            until_day=rules.days_allowed(entry.occurrence.local_day, days=_days_of(entry))[1],
            options=len(question_of(entry, now=now).options(now=now)),
        )
        for entry in still_open[:most]
    )


def _possible(states: Mapping[int, SessionState], away: Collection[int]) -> list[int]:
    """Return the sessions of which one may be open."""
    return [
        occurrence_id
        for occurrence_id, state in states.items()
        if state in MISSED or (state in _NOT_YET_SAID and occurrence_id in away)
    ]


def _own_entries(client: Client, possible: Collection[int], today: date) -> Sequence[RosterEntry]:
    """Return the roster entries at these sessions as far as they are recent or soon."""
    if not possible:
        return ()
    statement = (
        select(RosterEntry)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .where(
            RosterEntry.client_id == client.id,
            RosterEntry.released_at.is_(None),
            RosterEntry.source.in_(_OWN),
            Occurrence.id.in_(list(possible)),
            Occurrence.local_day.between(today - timedelta(days=31), today + LOOKS_AHEAD),
        )
        .options(
            joinedload(RosterEntry.occurrence).options(
                joinedload(Occurrence.series).options(joinedload(Series.group), joinedload(Series.program)),
                joinedload(Occurrence.site),
                joinedload(Occurrence.room),
                joinedload(Occurrence.leader).options(lazyload(User.roles), lazyload(User.sites)),
            )
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
    )
    return db.session.scalars(statement).unique().all()


def _make_up_states(entry_ids: Sequence[int], states: Mapping[int, SessionState]) -> dict[int, SessionState]:
    """Return, by missed roster entry, how the make-up booked for it counts."""
    statement = (
        select(MakeUp.missed_entry_id, RosterEntry.occurrence_id)
        .join(RosterEntry, RosterEntry.id == MakeUp.entry_id)
        .where(MakeUp.missed_entry_id.in_(entry_ids), MakeUp.released_at.is_(None))
    )
    return {
        missed: states.get(occurrence_id, SessionState.UPCOMING)
        for missed, occurrence_id in db.session.execute(statement)
    }
