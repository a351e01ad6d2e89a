"""The facts behind a program's report: who was expected, what came of it, seats, reminders, admissions."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import aliased

from iop_schedule.domain.attendance import SessionState, scheduled_minutes
from iop_schedule.domain.civil_time import ProgramWeek, local, local_day, zone
from iop_schedule.domain.engagement import Episode, SeatUse
from iop_schedule.domain.engagement.leaving import stay
from iop_schedule.domain.engagement.program_facts import Cohort, Held, ProgramFacts, Seen
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.watch import cancelled_misses
from iop_schedule.domain.sign_off import is_late
from iop_schedule.models import (
    AttendanceRecord,
    AttendanceRevision,
    Group,
    Occurrence,
    Program,
    ReminderDelivery,
    ReminderReply,
    RosterEntry,
    Series,
    db,
)
from iop_schedule.queries.access import Actor, access_program
from iop_schedule.queries.engagement.episodes import EpisodeRecord, Progress, episodes, past_care
from iop_schedule.queries.sign_off import sheet_closed
from iop_schedule.vocabulary import (
    Answer,
    AttendanceStatus,
    Channel,
    DeliveryPurpose,
    DeliveryState,
    OccurrenceStatus,
)

#: A report that reads more roster entries is made in the background; measured by benchmarks/reports.py.
READ_AT_ONCE = 20_000
ONE_TO_ONE = "One-to-one"
CONFIRMED, SENT, NOT_SENT, NONE = "Confirmed", "Reminded", "Reminder not sent", "No reminder planned"


@dataclass(frozen=True, slots=True)
class Span:
    """Which program weeks a report is about."""

    first: ProgramWeek
    weeks: int

    @property
    def last(self) -> ProgramWeek:
        """Return the last week included."""
        return self.first.shifted(self.weeks - 1)

    def earlier(self) -> "Span":
        """Return the same number of weeks just before."""
        return Span(self.first.shifted(-self.weeks), self.weeks)

    def contains(self, day: date) -> bool:
        """Return True when `day` is in one of the weeks."""
        return self.first.monday <= day <= self.last.sunday

    @property
    def label(self) -> str:
        """Return the days in words."""
        first, last = self.first.monday, self.last.sunday
        return f"{first:%b} {first.day} to {last:%b} {last.day}, {last.year}"


def program_facts(
    actor: Actor,
    program_id: int,
    span: Span,
    *,
    policy: MonitorPolicy,
    now: datetime,
    progress: Progress = lambda _: None,
) -> ProgramFacts:
    """Return everything the report of one program over `span` is made from, as known at `now`.

    Raises:
        NotFound: no program of this person's sites.
    """
    program = access_program(actor, program_id, Permission.REPORTS_READ)
    tz = zone(program.site.zone)
    today = local_day(now, tz)
    found: list[EpisodeRecord] = []
    seen: list[Seen] = []
    for some in episodes(program, first_day=span.earlier().first.monday, now=now, progress=progress):
        found += some
        seen += _seen(some, span, policy)
    people = {one.client_id: one.subgroups for one in found}
    return ProgramFacts(
        today=today,
        seen=tuple(seen),
        held=tuple(_held(program.id, span, tz, now)),
        cohort=_cohort(found, span, today),
        earlier=_cohort(found, span.earlier(), today),
        care=tuple(past_care(one, program, policy=policy, now=now) for one in found),
        subgroup_kinds={word: kind for words in people.values() for kind, word in words},
        subgroups={client_id: tuple(word for _, word in words) for client_id, words in people.items()},
        policy=policy,
    )


def _seen(some: Collection[EpisodeRecord], span: Span, policy: MonitorPolicy) -> Iterable[Seen]:
    """Yield the sessions people were expected at; neither make-ups nor misses made up for are."""
    ids = [one.client_id for one in some]
    details = _details(ids, span)
    told = _reminded(ids, span)
    signed = _signed(span)
    for one in some:
        made_up = cancelled_misses(one.facts, days=policy.make_up_days)
        for fact in one.facts:
            detail = details.get((one.client_id, fact.occurrence_id))
            if detail is None or fact.make_up or fact.occurrence_id in made_up or fact.state in _NOT_EXPECTED:
                continue
            yield Seen(
                person=one.client_id,
                day=fact.local_day,
                group=detail.name or ONE_TO_ONE,
                state=fact.state,
                reminder=told.get((one.client_id, fact.local_day), NONE),
                in_time=None if detail.marked_at is None else not _is_late(detail),
                signed=fact.occurrence_id in signed,
            )


def _is_late(detail: Any) -> bool:
    after = timedelta(hours=detail.late_entry_hours)
    return is_late(ends_at=detail.ends_at, at=detail.marked_at, after=after)


_NOT_EXPECTED = frozenset({SessionState.OUTSIDE, SessionState.UPCOMING})


def _details(ids: Collection[int], span: Span) -> dict[tuple[int, int], Any]:
    """Return group, end and first mark of each client's sessions, by client and session."""
    statement = (
        select(
            RosterEntry.client_id,
            RosterEntry.occurrence_id,
            Occurrence.ends_at,
            Group.name,
            AttendanceRevision.marked_at,
            Program.late_entry_hours,
        )
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .join(Series, Series.id == Occurrence.series_id)
        .join(Program, Program.id == Series.program_id)
        .outerjoin(Group, Group.id == Series.group_id)
        .outerjoin(
            AttendanceRevision,
            (AttendanceRevision.roster_entry_id == RosterEntry.id) & (AttendanceRevision.version == 1),
        )
        .where(
            RosterEntry.client_id.in_(ids),
            Occurrence.local_day >= span.first.monday,
            Occurrence.local_day <= span.last.sunday,
        )
    )
    return {(row.client_id, row.occurrence_id): row for row in db.session.execute(statement)}


def _signed(span: Span) -> set[int]:
    """Return the sessions whose sheet is closed."""
    statement = select(Occurrence.id).where(
        Occurrence.local_day >= span.first.monday, Occurrence.local_day <= span.last.sunday, sheet_closed()
    )
    return set(db.session.scalars(statement))


def _reminded(ids: Collection[int], span: Span) -> dict[tuple[int, date], str]:
    """Return what became of the reminders about each client's days."""
    statement = select(ReminderDelivery.client_id, ReminderDelivery.day, ReminderDelivery.state).where(
        ReminderDelivery.client_id.in_(ids),
        ReminderDelivery.purpose == DeliveryPurpose.REMINDER,
        ReminderDelivery.channel != Channel.IN_APP,
        ReminderDelivery.day >= span.first.monday,
        ReminderDelivery.day <= span.last.sunday,
    )
    told: dict[tuple[int, date], str] = {}
    for client_id, day, state in db.session.execute(statement):
        if client_id is None:
            continue
        if client_id is not None and state == DeliveryState.SENT:
            told[client_id, day] = SENT
        elif client_id is not None:
            told.setdefault((client_id, day), NOT_SENT)
    return told | dict.fromkeys(_confirmed(ids, span), CONFIRMED)


def _confirmed(ids: Collection[int], span: Span) -> set[tuple[int, date]]:
    """Return the days whose latest answer was that they come."""
    later = aliased(ReminderReply)
    statement = select(ReminderReply.client_id, ReminderReply.day).where(
        ReminderReply.client_id.in_(ids),
        ReminderReply.day >= span.first.monday,
        ReminderReply.day <= span.last.sunday,
        ReminderReply.answer == Answer.COMING,
        ~exists().where(
            later.client_id == ReminderReply.client_id,
            later.day == ReminderReply.day,
            later.id > ReminderReply.id,
        ),
    )
    return {(client_id, day) for client_id, day in db.session.execute(statement)}


def _held(program_id: int, span: Span, tz: ZoneInfo, now: datetime) -> Iterable[Held]:
    """Yield the group sessions that were held, those excepted at which nobody is recorded."""
    held = (
        Group.program_id == program_id,
        Occurrence.status == OccurrenceStatus.PLANNED,
        Occurrence.ends_at <= now,
        Occurrence.local_day >= span.first.monday,
        Occurrence.local_day <= span.last.sunday,
    )
    statement = (
        select(
            Occurrence.id,
            Occurrence.starts_at,
            Occurrence.ends_at,
            Occurrence.break_minutes,
            Group.name,
            Group.seats,
        )
        .join(Series, Series.id == Occurrence.series_id)
        .join(Group, Group.id == Series.group_id)
        .where(*held)
    )
    marks = _marks(
        select(Occurrence.id)
        .join(Series, Series.id == Occurrence.series_id)
        .join(Group, Group.id == Series.group_id)
        .where(*held)
    )
    for row in db.session.execute(statement):
        known = marks.get(row.id, [])
        unrecorded = sum(mark is None for _, mark in known)
        if known and unrecorded == len(known):
            continue
        present = frozenset(client_id for client_id, mark in known if mark in _THERE)
        minutes = scheduled_minutes(
            starts_at=row.starts_at, ends_at=row.ends_at, break_minutes=row.break_minutes
        )
        use = SeatUse(
            minutes=minutes, seats=row.seats, present=len(present), people=present, unknown=unrecorded
        )
        yield Held(row.name, local(row.starts_at, tz).time(), use)


_THERE = frozenset({AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART})


def _marks(occurrence_ids: Select[int]) -> dict[int, list[tuple[int, str | None]]]:
    statement = (
        select(RosterEntry.occurrence_id, RosterEntry.client_id, AttendanceRecord.status)
        .outerjoin(
            AttendanceRecord,
            (AttendanceRecord.roster_entry_id == RosterEntry.id)
            & (AttendanceRecord.status != AttendanceStatus.ENTERED_IN_ERROR),
        )
        .where(RosterEntry.occurrence_id.in_(occurrence_ids), RosterEntry.released_at.is_(None))
    )
    found: dict[int, list[tuple[int, str | None]]] = defaultdict(list)
    for occurrence_id, client_id, status in db.session.execute(statement):
        found[occurrence_id].append((client_id, status))
    return found


def _cohort(found: Iterable[EpisodeRecord], span: Span, today: date) -> Cohort:
    admitted = [one for one in found if span.contains(one.from_day)]
    stays = (stay(one.facts, dates=one.care.dates, today=today) for one in admitted)
    return Cohort(
        label=f"began {span.label}",
        episodes=tuple(
            Episode(
                opened_on=one.first_contact_on,
                service_days=tuple(f.local_day for f in one.facts if f.state.is_attended),
                first_session=_first_state(one),
            )
            for one in admitted
        ),
        stays=tuple(one for one in stays if one is not None),
    )


def _first_state(one: EpisodeRecord) -> SessionState | None:
    """Return what came of the first session they were expected at; one the program gave up was none."""
    expected = (fact.state for fact in one.facts if not fact.make_up)
    return next((state for state in expected if state not in _NOT_HELD_FOR_THEM), None)


_NOT_HELD_FOR_THEM = frozenset(
    {SessionState.OUTSIDE, SessionState.PROGRAM_CANCELLED, SessionState.CLOSED, SessionState.PAUSED}
)


def latest_span(actor: Actor, *, weeks: int, now: datetime) -> Span:
    """Return the last full program weeks."""
    this_week = ProgramWeek.containing(actor.today(now))
    return Span(this_week.shifted(-weeks), weeks)


def sessions_in(actor: Actor, program_id: int, span: Span) -> int:
    """Return how many roster entries a report reads, at most one more than are read while one waits.

    Raises:
        NotFound: no program of this person's sites.
    """
    access_program(actor, program_id, Permission.REPORTS_READ)
    first = span.earlier().first.monday
    statement = (
        select(RosterEntry.id)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .join(Series, Series.id == Occurrence.series_id)
        .where(Series.program_id == program_id, Occurrence.local_day >= first)
        .limit(READ_AT_ONCE + 1)
    )
    return db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
