"""A client's own week: sessions, own times and hours against the goal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.availability import KIND_WORDS, Commitment, busy_on
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.frequency import ClientWeek, SessionFact, client_week, weeks_goal_met
from iop_schedule.domain.notices import can_be_late
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, Closure, Occurrence, RosterEntry, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.availability import commitments_of, session_name
from iop_schedule.queries.frequency import care_records, without
from iop_schedule.queries.make_ups import told_off
from iop_schedule.queries.notices import NOTHING, Told, told_by_entry
from iop_schedule.queries.open_misses import OpenMiss, open_misses
from iop_schedule.queries.own_sessions import CheckIn, check_in_of, entries_between
from iop_schedule.queries.placement_changes import OwnChange, own_change
from iop_schedule.queries.placement_offers import is_choice_open
from iop_schedule.queries.series import rule_of
from iop_schedule.queries.session_lines import place_words
from iop_schedule.vocabulary import Modality, OccurrenceStatus, RosterSource, SeriesKind

#: Weeks shown as dots under the goal.
GOAL_WEEKS = 6
#: Sessions to make up that the page names at once.
MISSES_SHOWN = 2
#: How far ahead the next session is looked for.
LOOKS_AHEAD = timedelta(weeks=4)
#: States in which a session that is not over can be the next one; on a break, or excused, it is not.
EXPECTED = frozenset({SessionState.UPCOMING, SessionState.ATTENDED, SessionState.ATTENDED_PART})
#: How soon after a session a commitment must begin for the page to say that it ends in time.
SOON = 240


@dataclass(frozen=True, slots=True)
class WeekSession:
    """One session as its client sees it; times on the site's wall clock."""

    id: int
    title: str
    is_individual: bool
    starts: datetime
    ends: datetime
    room: str
    address: str
    leader: str
    state: SessionState
    reason: str
    #: It was changed on its own: another time, another counselor, another room.
    moved: bool
    #: The time its series gives, when it is held at another one.
    usual: datetime | None = None
    told: Told = NOTHING
    is_make_up: bool = False

    @property
    def is_expected(self) -> bool:
        """Return True when the client is expected, as far as anybody knows."""
        return self.state is SessionState.UPCOMING and self.told.absent is None


@dataclass(frozen=True, slots=True)
class OwnTime:
    """One of the client's commitments on one day, in minutes from midnight."""

    title: str
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class WeekDay:
    """One weekday: what is planned and what is the client's own."""

    day: date
    is_today: bool
    #: Why the site is closed, if it is.
    closed: str
    sessions: tuple[WeekSession, ...]
    own: tuple[OwnTime, ...]


@dataclass(frozen=True, slots=True)
class NextSession:
    """The client's next session, and the commitment that begins after it, if one does soon."""

    session: WeekSession
    starts_in: timedelta
    is_today: bool
    then: OwnTime | None
    check_in: CheckIn
    can_be_late: bool


@dataclass(frozen=True, slots=True)
class MyWeek:
    """Everything on the client's first page."""

    name: str
    today: date
    local_now: datetime
    week: ProgramWeek
    days: tuple[WeekDay, ...]
    next: NextSession | None
    hours: ClientWeek
    #: What can still be made up, the oldest first.
    open_misses: tuple[OpenMiss, ...]
    #: Past weeks, oldest first: True met, False not; weeks without a goal are left out.
    goal_weeks: tuple[bool, ...]
    office_phone: str
    #: Weeks were offered to them and wait for their answer.
    has_choice: bool
    #: Their weekly times change, or have just changed.
    change: OwnChange | None
    #: What the site's clocks are called in the shown week, such as EST.
    zone_name: str

    @property
    def is_empty(self) -> bool:
        """Return True when the week holds no session."""
        return not any(day.sessions for day in self.days)

    @property
    def weeks_met(self) -> int:
        """Return in how many of the shown weeks the goal was met."""
        return sum(self.goal_weeks)


def my_week(actor: Actor, *, week: ProgramWeek | None, now: datetime) -> MyWeek:
    """Return the signed-in client's week; the current one when `week` is None."""
    client = _self(actor, Permission.OWN_WEEK, now)
    tz = civil_time.zone(client.site.zone)
    today = civil_time.local_day(now, tz)
    week = week or _week_to_show(today)
    this_week = ProgramWeek.containing(today)
    first = min(week, this_week.shifted(-GOAL_WEEKS))
    last_day = max(week.sunday, today + LOOKS_AHEAD)
    care = care_records([client.id], first_day=first.monday, last_day=last_day, now=now)[client.id]
    away = told_off(client.id, first.monday, last_day)
    commitments = commitments_of([client.id])[client.id]
    states = {fact.occurrence_id: fact for fact in care.facts}
    sessions = [shown for shown, _ in _sessions(client, week.monday, week.sunday, states, tz)]
    past = care.weeks(this_week.shifted(-GOAL_WEEKS), GOAL_WEEKS)
    return MyWeek(
        name=client.called,
        today=today,
        local_now=now.astimezone(tz),
        week=week,
        days=tuple(_days(client, week, today=today, sessions=sessions, commitments=commitments)),
        next=_next(client, commitments, states, now=now, tz=tz),
        hours=client_week(without(care, away).weeks(week, 1)[0]),
        open_misses=open_misses(client, care, away=away, most=MISSES_SHOWN, now=now),
        goal_weeks=tuple(bool(w.goal_met) for w in past if weeks_goal_met([w])[1]),
        office_phone=client.site.phone,
        has_choice=is_choice_open(client.id, now=now),
        change=own_change(client, now=now),
        zone_name=civil_time.instant(week.monday, time(12), tz).astimezone(tz).tzname() or tz.key,
    )


def _self(actor: Actor, permission: Permission, now: datetime) -> Client:
    actor.require(permission)
    return access_client(actor, actor.client_id or 0, permission, now=now)


def _week_to_show(today: date) -> ProgramWeek:
    """Return this week, or on a weekend the next one: the past week holds nothing to come."""
    week = ProgramWeek.containing(today)
    return week.shifted(1) if today > week.friday else week


def _sessions(
    client: Client, first: date, last: date, states: Mapping[int, SessionFact], tz: ZoneInfo
) -> list[tuple[WeekSession, Occurrence]]:
    entries = entries_between(client.id, first, last)
    told = told_by_entry([entry.id for entry in entries])
    return [
        (_session(entry, states[entry.occurrence_id].state, told[entry.id], tz), entry.occurrence)
        for entry in entries
        if entry.occurrence_id in states
    ]


def _session(entry: RosterEntry, state: SessionState, told: Told, tz: ZoneInfo) -> WeekSession:
    occurrence = entry.occurrence
    individual = occurrence.series.kind == SeriesKind.INDIVIDUAL
    moved = occurrence.edited and occurrence.status == OccurrenceStatus.PLANNED
    usual = rule_of(occurrence.series).instants_on(occurrence.original_day).start if moved else None
    return WeekSession(
        id=occurrence.id,
        title=session_name(occurrence.series),
        is_individual=individual,
        starts=occurrence.starts_at.astimezone(tz),
        ends=occurrence.ends_at.astimezone(tz),
        room=place_words(occurrence.room, occurrence.series.modality),
        address=occurrence.site.address if occurrence.series.modality == Modality.IN_PERSON else "",
        leader=occurrence.leader.name,
        state=state,
        reason=occurrence.status_reason,
        moved=moved,
        usual=usual.astimezone(tz) if usual and usual != occurrence.starts_at else None,
        told=told,
        is_make_up=entry.source == RosterSource.MAKE_UP,
    )


def _days(
    client: Client,
    week: ProgramWeek,
    *,
    today: date,
    sessions: Sequence[WeekSession],
    commitments: Sequence[Commitment],
) -> Iterable[WeekDay]:
    closures = db.session.scalars(
        select(Closure)
        .where(
            Closure.site_id == client.site_id,
            Closure.program_id.is_(None),
            Closure.from_day <= week.friday,
            Closure.until_day >= week.monday,
        )
        .order_by(Closure.from_day, Closure.id)
    ).all()
    for day in week.treatment_days:
        yield WeekDay(
            day=day,
            is_today=day == today,
            closed=next((c.name for c in closures if c.from_day <= day <= c.until_day), ""),
            sessions=tuple(s for s in sessions if s.starts.date() == day),
            own=tuple(_own_times(commitments, day)),
        )


def _own_times(commitments: Sequence[Commitment], day: date) -> Iterable[OwnTime]:
    for busy in busy_on(commitments, day, travel=False):
        title = busy.commitment.label or KIND_WORDS[busy.commitment.kind]
        yield OwnTime(title[:1].upper() + title[1:], busy.interval.start, busy.interval.end)


def _next(
    client: Client,
    commitments: Sequence[Commitment],
    states: Mapping[int, SessionFact],
    *,
    now: datetime,
    tz: ZoneInfo,
) -> NextSession | None:
    today = civil_time.local_day(now, tz)
    coming = _sessions(client, today, today + LOOKS_AHEAD, states, tz)
    found = next((pair for pair in coming if _is_next(pair[0], now)), None)
    if found is None:
        return None
    session, held = found
    ends = civil_time.minutes_of_day(session.ends.time())
    later = [o for o in _own_times(commitments, session.starts.date()) if 0 <= o.start_minute - ends <= SOON]
    return NextSession(
        session=session,
        starts_in=session.starts - now,
        is_today=session.starts.date() == today,
        then=min(later, key=lambda o: o.start_minute, default=None),
        check_in=check_in_of(held, session.told, now=now),
        can_be_late=can_be_late(starts_at=held.starts_at, ends_at=held.ends_at, now=now),
    )


def _is_next(session: WeekSession, now: datetime) -> bool:
    return session.ends > now and session.state in EXPECTED and session.told.absent is None
