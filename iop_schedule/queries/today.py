"""A counselor's day and week: the sessions they lead, what needs a hand first."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import exists, func, select

from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, Occurrence, RosterEntry, db
from iop_schedule.queries.access import Actor, leads, sees_client, sees_occurrence
from iop_schedule.queries.occurrences import closures_of
from iop_schedule.queries.session_lines import SessionLine, led_by, lines, lines_where
from iop_schedule.queries.sign_off import sheet_closed
from iop_schedule.vocabulary import OccurrenceStatus

#: How far back unfinished attendance is chased.
CHASE = timedelta(days=28)
#: So many of them are named where only their number matters.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Board:
    """A counselor's day: what needs a hand first."""

    day: date
    now: tuple[SessionLine, ...]
    next: tuple[SessionLine, ...]
    #: Over and not signed, oldest first, from earlier days too.
    to_finish: tuple[SessionLine, ...]
    done: tuple[SessionLine, ...]
    #: There is a session on the day itself.
    has_sessions: bool
    #: The next day with a session, when this one has none.
    next_day: date | None

    @property
    def lines(self) -> tuple[SessionLine, ...]:
        """Return every session on the board."""
        return (*self.now, *self.next, *self.to_finish, *self.done)

    @property
    def is_empty(self) -> bool:
        """Return True when the day holds no session at all."""
        return not (self.now or self.next or self.done or self.to_finish)


def today_board(actor: Actor, *, day: date, now: datetime) -> Board:
    """Return the sessions `actor` leads on `day`, sorted by what needs doing, as seen at `now`."""
    actor.require(Permission.TODAY_READ)
    of_day = lines(led_by(actor, Occurrence.local_day == day, now=now), now=now)
    left = unfinished_before(actor, day, now=now)
    coming = [line for line in of_day if not line.cancelled and not line.closed and line.ends > now]
    due = [line for line in of_day if line.is_unfinished(now)]
    return Board(
        day=day,
        now=tuple(line for line in coming if line.is_open),
        next=tuple(line for line in coming if not line.is_open),
        to_finish=(*left, *due),
        done=tuple(line for line in of_day if line not in coming and line not in due),
        has_sessions=bool(of_day),
        next_day=None if of_day else _next_day(actor, day, now),
    )


@dataclass(frozen=True, slots=True)
class UnsignedSheets:
    """Sessions that are over and not signed: the oldest few, and how many there are."""

    oldest: tuple[SessionLine, ...]
    total: int


def unsigned_sheets(actor: Actor, *, now: datetime) -> UnsignedSheets:
    """Return the sessions that are over and not signed, with clients `actor` may see."""
    # One inside the other: side by side, SQLite goes through all clients for each session.
    theirs = exists().where(Client.id == RosterEntry.client_id, sees_client(actor, now=now))
    seen = exists().where(
        RosterEntry.occurrence_id == Occurrence.id, RosterEntry.released_at.is_(None), theirs
    )
    over = select(Occurrence.id).where(
        sees_occurrence(actor, now=now),
        seen,
        Occurrence.starts_at > now - CHASE,
        Occurrence.ends_at <= now,
        Occurrence.status == OccurrenceStatus.PLANNED,
        ~sheet_closed(),
    )
    ids = db.session.scalars(over.order_by(Occurrence.starts_at, Occurrence.id)).all()
    oldest = lines(lines_where(Occurrence.id.in_(ids[:NAMED])), now=now) if ids else []
    return UnsignedSheets(tuple(oldest), len(ids))


def unfinished_before(actor: Actor, day: date, *, now: datetime) -> list[SessionLine]:
    """Return the sessions `actor` led before `day` that nobody has signed for, oldest first."""
    earlier = led_by(
        actor,
        Occurrence.local_day < day,
        Occurrence.starts_at > now - CHASE,
        Occurrence.status == OccurrenceStatus.PLANNED,
        ~sheet_closed(),
        now=now,
    )
    return [line for line in lines(earlier, now=now) if line.is_unfinished(now)]


def _next_day(actor: Actor, day: date, now: datetime) -> date | None:
    statement = (
        select(func.min(Occurrence.local_day))
        .where(sees_occurrence(actor, now=now), leads(actor))
        .where(Occurrence.local_day > day, Occurrence.status == OccurrenceStatus.PLANNED)
    )
    return db.session.scalars(statement).one()


@dataclass(frozen=True, slots=True)
class LedDay:
    """One weekday of a counselor's week."""

    day: date
    is_today: bool
    #: Why the site is closed; empty when it is open.
    closed: str
    lines: tuple[SessionLine, ...]


def led_week(actor: Actor, *, week: ProgramWeek, now: datetime) -> tuple[LedDay, ...]:
    """Return the sessions `actor` leads from Monday to Friday of `week`."""
    actor.require(Permission.TODAY_READ)
    today = actor.today(now)
    within = Occurrence.local_day.between(week.monday, week.friday)
    of_week = lines(led_by(actor, within, now=now), now=now)
    closures = [closed for site_id in sorted(actor.site_ids) for closed in closures_of(site_id)]
    names = {
        day: next((one.name for one in closures if one.from_day <= day <= one.until_day), "")
        for day in week.treatment_days
    }
    return tuple(
        LedDay(
            day=day,
            is_today=day == today,
            closed="" if len(actor.site_ids) > 1 else names[day],
            lines=tuple(line for line in of_week if line.starts.date() == day),
        )
        for day in week.treatment_days
    )
