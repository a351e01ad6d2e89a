"""The facts behind messages that are not about one coming day: weeks, missed days, work of staff."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, exists, func, or_, select
from sqlalchemy.orm import aliased

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders import (
    ClientDay,
    MissedDay,
    NudgePolicy,
    StaffDay,
    WeekAhead,
    WordFromStaff,
    staff_is_due,
)
from iop_schedule.domain.reminders.timing import DEFAULT_POLICY
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    Client,
    Occurrence,
    ReminderDelivery,
    RosterEntry,
    Site,
    User,
    db,
)
from iop_schedule.queries.access import actor_for, in_force
from iop_schedule.queries.caseload import caseload
from iop_schedule.queries.contacts import reaches
from iop_schedule.queries.engagement.clients import caseload_lines
from iop_schedule.queries.engagement.program import Span
from iop_schedule.queries.occurrences import is_marked
from iop_schedule.queries.reminders import CHANNELS, is_enrolled, is_expected
from iop_schedule.vocabulary import (
    AttendanceStatus,
    Channel,
    DeliveryPurpose,
    DeliveryState,
    OccurrenceStatus,
    Role,
)

#: A sheet is chased for this many days.
SHEETS_BACK = timedelta(days=7)
_CAME = (AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART)


def weeks_of(days: Iterable[ClientDay], monday: date) -> list[WeekAhead]:
    """Return the week that begins on `monday` for everyone who has a session in it, once a channel."""
    by_reader: dict[tuple[int, Channel], list[ClientDay]] = defaultdict(list)
    for day in days:
        if monday <= day.day < monday + timedelta(days=7) and day.sessions:
            by_reader[day.client_id, day.reach.channel].append(day)
    return [_week(monday, held) for held in by_reader.values()]


def _week(monday: date, days: Sequence[ClientDay]) -> WeekAhead:
    first = days[0]
    return WeekAhead(
        client_id=first.client_id,
        monday=monday,
        zone=first.zone,
        starts=tuple(sorted(start for day in days if day.enrolled for start in day.starts)),
        reach=first.reach,
        enrolled=any(day.enrolled for day in days),
        called=first.called,
        private_names=frozenset().union(*(day.private_names for day in days)),
    )


def missed_days(
    *,
    from_day: date,
    until_day: date,
    channels: Sequence[Channel] = CHANNELS,
    client_id: int | None = None,
    policy: NudgePolicy = DEFAULT_POLICY,
) -> list[MissedDay]:
    """Return the days of the period on which somebody was expected and did not come, once a channel."""
    statement = _missed().where(Occurrence.local_day.between(from_day, until_day))
    if client_id is not None:
        statement = statement.where(RosterEntry.client_id == client_id)
    first: dict[tuple[int, date], Row[Any]] = {}
    for row in db.session.execute(statement):
        first.setdefault((row.client_id, row.local_day), row)
    ways = reaches({row.client_id for row in first.values()}, channels, policy=policy)
    in_care_after = _in_care_after(first)
    return [
        MissedDay(
            client_id=row.client_id,
            day=row.local_day,
            zone=row.zone,
            starts_at=row.starts_at,
            occurrence_id=row.id,
            reach=reach,
            enrolled=row.enrolled and (row.client_id, row.local_day) in in_care_after,
            came_since=row.came_since,
            told=_told_since_they_came(row.client_id, reach.channel, row.local_day),
            called=row.preferred_name,
            private_names=frozenset({row.site, row.given_name, row.family_name} - {""}),
        )
        for row in first.values()
        for reach in ways[row.client_id]
    ]


def _missed() -> Select[*tuple[Any, ...]]:
    later_entry, later, mark = aliased(RosterEntry), aliased(Occurrence), aliased(AttendanceRecord)
    came_since = exists().where(
        mark.roster_entry_id == later_entry.id,
        mark.status.in_(_CAME),
        later_entry.client_id == RosterEntry.client_id,
        later.id == later_entry.occurrence_id,
        later.local_day >= Occurrence.local_day,
    )
    return (
        select(
            RosterEntry.client_id,
            Occurrence.id,
            Occurrence.local_day,
            Occurrence.starts_at,
            Site.zone,
            Site.name.label("site"),
            Client.preferred_name,
            User.given_name,
            User.family_name,
            is_enrolled(Client.id, Occurrence.local_day).label("enrolled"),
            came_since.label("came_since"),
        )
        .join(Occurrence, RosterEntry.occurrence_id == Occurrence.id)
        .join(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .join(Client, RosterEntry.client_id == Client.id)
        .join(Site, Occurrence.site_id == Site.id)
        .join(User, Occurrence.leader_id == User.id)
        .where(
            AttendanceRecord.status == AttendanceStatus.NO_SHOW,
            Occurrence.status == OccurrenceStatus.PLANNED,
            RosterEntry.released_at.is_(None),
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
    )


def _in_care_after(missed: Collection[tuple[int, date]]) -> set[tuple[int, date]]:
    """Return those of some people's days whose next morning, when a word is due, finds them in care too."""
    people: dict[date, list[int]] = defaultdict(list)
    for client_id, day in missed:
        people[day].append(client_id)
    return {
        (client_id, day)
        for day, ids in people.items()
        for client_id in db.session.scalars(
            select(Client.id).where(Client.id.in_(ids), is_enrolled(Client.id, day + timedelta(days=1)))
        )
    }


def _told_since_they_came(client_id: int, channel: Channel, day: date) -> bool:
    """Return True when a word about an earlier missed day went out and they have not come since that day."""
    last_came = (
        select(func.max(Occurrence.local_day))
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .join(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
        .where(RosterEntry.client_id == client_id, AttendanceRecord.status.in_(_CAME))
        .scalar_subquery()
    )
    out = (DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING, DeliveryState.PLANNED)
    statement = exists().where(
        ReminderDelivery.client_id == client_id,
        ReminderDelivery.channel == channel,
        ReminderDelivery.purpose == DeliveryPurpose.MISSED,
        ReminderDelivery.state.in_(out),
        ReminderDelivery.day < day,
        or_(last_came.is_(None), ReminderDelivery.day > last_came),
    )
    return db.session.scalar(select(statement)) is True


def words_from_staff(
    client_id: int,
    channels: Sequence[Channel],
    day: date,
    *,
    purpose: DeliveryPurpose = DeliveryPurpose.CONTACT,
    policy: NudgePolicy = DEFAULT_POLICY,
) -> list[WordFromStaff]:
    """Return how one client may be sent a word over each of `channels`, in that order.

    Something new may wait for somebody whose weeks have not begun yet, too.
    """
    in_care = is_expected if purpose is DeliveryPurpose.NEWS else is_enrolled
    statement = (
        select(
            Client.preferred_name,
            Site.name.label("site"),
            User.given_name,
            User.family_name,
            in_care(Client.id, day).label("enrolled"),
        )
        .join(Site, Client.site_id == Site.id)
        .outerjoin(Assignment, (Assignment.client_id == Client.id) & in_force(Assignment, day))
        .outerjoin(User, User.id == Assignment.user_id)
        .where(Client.id == client_id)
    )
    rows = db.session.execute(statement).all()
    private = {name for row in rows for name in (row.site, row.given_name, row.family_name) if name}
    return [
        WordFromStaff(
            client_id=client_id,
            reach=reach,
            enrolled=rows[0].enrolled,
            called=rows[0].preferred_name,
            private_names=frozenset(private),
            purpose=purpose,
        )
        for reach in reaches([client_id], channels, policy=policy)[client_id]
    ]


def staff_days(*, now: datetime, known: frozenset[tuple[int, DeliveryPurpose, date]]) -> Iterator[StaffDay]:
    """Yield what each staff member who wants to hear of it has to do today, by their own site's calendar.

    Args:
        now: when this is asked.
        known: reader, purpose and day of the messages that exist: nobody counts again for those.
    """
    staff = select(User).where(User.active, User.wants_digests, User.email != "").order_by(User.id)
    for user in db.session.scalars(staff).unique():
        if not user.sites:
            continue
        zone = user.sites[0].zone
        day = civil_time.local_day(now, civil_time.zone(zone))
        for purpose in _STAFF_HEARS.get(user.role, ()):
            if (user.id, purpose, day) not in known and staff_is_due(purpose, day, zone, now=now):
                yield staff_day(user, purpose, day, now=now)


_STAFF_HEARS = {
    Role.COUNSELOR: (DeliveryPurpose.SHEETS,),
    Role.CASE_MANAGER: (DeliveryPurpose.OUTREACH, DeliveryPurpose.CASELOAD),
}


def staff_day(user: User, purpose: DeliveryPurpose, day: date, *, now: datetime) -> StaffDay:
    """Return what one staff member has to do now."""
    wants = user.active and user.wants_digests
    numbers: Mapping[str, int] = {}
    if purpose is DeliveryPurpose.SHEETS:
        count = _sheets_to_finish(user, now)
    elif purpose is DeliveryPurpose.OUTREACH:
        count = _people_to_reach(user, now)
    else:
        numbers = _caseload_numbers(user, day, now)
        count = numbers["count"]
    return StaffDay(
        user_id=user.id,
        purpose=purpose,
        day=day,
        zone=user.sites[0].zone if user.sites else "UTC",
        count=count if wants else 0,
        address=user.email,
        numbers=numbers,
    )


def _sheets_to_finish(user: User, now: datetime) -> int:
    unmarked = exists().where(
        RosterEntry.occurrence_id == Occurrence.id,
        RosterEntry.released_at.is_(None),
        ~is_marked(),
    )
    statement = select(func.count()).where(
        Occurrence.leader_id == user.id,
        Occurrence.status == OccurrenceStatus.PLANNED,
        Occurrence.ends_at.between(now - SHEETS_BACK, now),
        unmarked,
    )
    return db.session.scalar(statement) or 0


def _people_to_reach(user: User, now: datetime) -> int:
    return caseload(actor_for(user), now=now).to_contact[Tier.REACH_OUT_TODAY]


def _caseload_numbers(user: User, day: date, now: datetime) -> Mapping[str, int]:
    """Return a case manager's people in numbers: all, to reach, hours reached last week, marks missing."""
    actor = actor_for(user)
    found = caseload(actor, now=now)
    last_week = Span(civil_time.ProgramWeek.containing(day).shifted(-1), 1)
    lines = caseload_lines(actor, last_week, now=now)
    return {
        "count": found.people,
        "reach": found.to_contact[Tier.REACH_OUT_TODAY] + found.to_contact[Tier.REACH_OUT],
        "met": sum(line.goal_met for line in lines),
        "judged": sum(line.goal_weeks for line in lines),
        "missing": found.not_recorded,
    }
