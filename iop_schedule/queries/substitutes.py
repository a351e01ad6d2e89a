"""The sessions of someone who is out, and who is free to lead each of them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload, lazyload

from iop_schedule.domain.civil_time import zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.substitutes import LONGEST_DAYS, BadAbsence, fewest
from iop_schedule.models import GroupCoLeader, Occurrence, RosterEntry, Series, User, db
from iop_schedule.queries.access import Actor, access_site, access_staff
from iop_schedule.queries.choices import Choice, leaders_of
from iop_schedule.queries.session_lines import place_words, session_title
from iop_schedule.vocabulary import OccurrenceStatus


@dataclass(frozen=True, slots=True)
class SessionToLead:
    """One session of someone who is out; times on the site's wall clock."""

    occurrence_id: int
    title: str
    starts: datetime
    ends: datetime
    room: str
    people: int
    #: The client of a one-to-one.
    client_id: int | None
    free: tuple[Choice, ...]
    #: Who is proposed; None where nobody is free.
    suggested: int | None


def sessions_to_lead(
    actor: Actor, *, site_id: int, leader_id: int, first: date, last: date, now: datetime
) -> tuple[SessionToLead, ...]:
    """Return the sessions to come that one person leads at a site from `first` to `last`, in order of time.

    Raises:
        NotFound, NotAllowed: not this person's site or staff.
        BadAbsence: the days cannot be.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    access_staff(actor, leader_id, Permission.PROGRAM_EDIT)
    if not 0 <= (last - first).days < LONGEST_DAYS:
        raise BadAbsence(field="until_day")
    rows = _led_by(leader_id, site.id, first, last, now)
    staff = [choice for choice in leaders_of(site.id) if choice.id != leader_id]
    busy = _busy({choice.id for choice in staff}, rows)
    free = {row.id: [choice for choice in staff if not _taken(busy[choice.id], row)] for row in rows}
    chosen = fewest(
        {row_id: [choice.id for choice in found] for row_id, found in free.items()},
        first=_co_leaders(rows),
    )
    people, tz = _people([row.id for row in rows]), zone(site.zone)
    return tuple(
        SessionToLead(
            occurrence_id=row.id,
            title=session_title(row.series),
            starts=row.starts_at.astimezone(tz),
            ends=row.ends_at.astimezone(tz),
            room=place_words(row.room, row.series.modality),
            people=people.get(row.id, 0),
            client_id=row.series.client_id,
            free=tuple(free[row.id]),
            suggested=chosen[row.id],
        )
        for row in rows
    )


def _led_by(leader_id: int, site_id: int, first: date, last: date, now: datetime) -> Sequence[Occurrence]:
    statement = (
        select(Occurrence)
        .where(
            Occurrence.leader_id == leader_id,
            Occurrence.site_id == site_id,
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.local_day.between(first, last),
            Occurrence.starts_at > now,
        )
        .options(
            joinedload(Occurrence.room),
            joinedload(Occurrence.series).options(joinedload(Series.group), joinedload(Series.client)),
            joinedload(Occurrence.leader).options(lazyload(User.roles), lazyload(User.sites)),
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
    )
    return db.session.scalars(statement).unique().all()


def _busy(staff: Collection[int], rows: Sequence[Occurrence]) -> dict[int, list[tuple[datetime, datetime]]]:
    """Return when each of the staff leads something while the sessions are held, at any site."""
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    if rows:
        statement = select(Occurrence.leader_id, Occurrence.starts_at, Occurrence.ends_at).where(
            Occurrence.leader_id.in_(list(staff)),
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.starts_at < max(row.ends_at for row in rows),
            Occurrence.ends_at > min(row.starts_at for row in rows),
        )
        for leader_id, starts_at, ends_at in db.session.execute(statement):
            found[leader_id].append((starts_at, ends_at))
    return found


def _taken(busy: Sequence[tuple[datetime, datetime]], row: Occurrence) -> bool:
    return any(starts_at < row.ends_at and row.starts_at < ends_at for starts_at, ends_at in busy)


def _co_leaders(rows: Sequence[Occurrence]) -> frozenset[int]:
    """Return who leads one of the groups together with whoever is out."""
    if not rows:
        return frozenset()
    first, last = rows[0].local_day, rows[-1].local_day
    statement = select(GroupCoLeader.user_id).where(
        GroupCoLeader.group_id.in_([row.series.group_id for row in rows if row.series.group_id]),
        GroupCoLeader.from_day <= last,
        or_(GroupCoLeader.until_day.is_(None), GroupCoLeader.until_day >= first),
    )
    return frozenset(db.session.scalars(statement))


def _people(occurrence_ids: Sequence[int]) -> dict[int, int]:
    statement = (
        select(RosterEntry.occurrence_id, func.count())
        .where(RosterEntry.occurrence_id.in_(occurrence_ids), RosterEntry.released_at.is_(None))
        .group_by(RosterEntry.occurrence_id)
    )
    return {one: number for one, number in db.session.execute(statement)}  # noqa: C416 - rows, not pairs
