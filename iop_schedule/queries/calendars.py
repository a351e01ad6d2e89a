"""Calendar feeds: what a link leads to, the bytes it serves, and the pages on which they are chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, exists, func, or_, select
from sqlalchemy.orm import joinedload

from iop_schedule.adapters.ical import CalendarEntry, calendar_bytes, feed_uid
from iop_schedule.domain import civil_time
from iop_schedule.domain.calendar_feeds import (
    LOOKS_BACK,
    LinkFacts,
    Wording,
    is_stale,
    reason_to_end,
)
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.models import (
    CalendarBody,
    CalendarFeed,
    CalendarLink,
    CalendarPause,
    Client,
    Enrollment,
    Group,
    Occurrence,
    Room,
    RosterEntry,
    Series,
    Site,
    User,
    db,
)
from iop_schedule.models.people import user_site
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.prescription import OPEN
from iop_schedule.vocabulary import FeedDetail, FeedEnd, FeedReader, OccurrenceStatus

#: Counts changes of what a body looks like: bodies stored by an earlier version are made again.
FORMAT = 1
#: How a one-to-one session is called in the calendars of staff and rooms: never by the client's name.
INDIVIDUAL = "Individual"
#: How many sessions a preview shows.
PREVIEWED = 3


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose sessions a feed holds: one of the three is given."""

    client_id: int | None = None
    user_id: int | None = None
    room_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredBody:
    """Which body of a feed is stored."""

    version: str
    etag: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link, the feed behind it, and everything that decides what it is answered with."""

    link_id: int
    feed_id: int
    owner: Owner
    facts: LinkFacts
    wording: Wording
    alarm_minutes: int | None
    #: When the client last chose what it says.
    chosen_at: datetime
    zone: str
    #: Changes when the body must be made again; empty for a link that has ended.
    version: str
    stored: StoredBody | None


def find_link(token_hash: str, *, now: datetime) -> FoundLink | None:
    """Return the link with this hash, in two statements; None when there is none."""
    row = db.session.execute(_link_statement().where(CalendarLink.token_hash == token_hash)).one_or_none()
    return None if row is None else _found(row, now)


def open_links(*, now: datetime) -> list[FoundLink]:
    """Return every link that has not ended, for the tick that ends them."""
    rows = db.session.execute(
        _link_statement().where(CalendarLink.ended_at.is_(None)).order_by(CalendarLink.id)
    ).all()
    return [_found(row, now) for row in rows]


def _link_statement() -> Select[Any]:
    feed = CalendarFeed
    statement: Any = (
        select(
            CalendarLink.id, CalendarLink.created_at, CalendarLink.ended_at, CalendarLink.last_read_at,
            feed.id.label("feed_id"), feed.client_id, feed.user_id, feed.room_id, feed.detail, feed.title,
            feed.place, feed.alarm_minutes, feed.changed_at.label("chosen_at"), Site.zone, User.active,
            CalendarPause.site_id.label("paused"), CalendarBody.version, CalendarBody.etag,
            CalendarBody.changed_at,
        )
        .join(feed, feed.id == CalendarLink.feed_id)
        .outerjoin(Client, Client.id == feed.client_id)
        .outerjoin(Room, Room.id == feed.room_id)
        .outerjoin(Site, Site.id == func.coalesce(Client.site_id, Room.site_id))
        .outerjoin(User, User.id == func.coalesce(Client.user_id, feed.user_id))
        .outerjoin(CalendarPause, CalendarPause.site_id == Site.id)
        .outerjoin(CalendarBody, CalendarBody.feed_id == feed.id)
    )  # fmt: skip
    wanted: Select[Any] = statement
    return wanted


def _found(row: Any, now: datetime) -> FoundLink:
    owner = Owner(row.client_id, row.user_id, row.room_id)
    zone = row.zone or _zone_of_staff(row.user_id)
    marks, in_care = ("", True) if row.ended_at is not None else _marks(owner, zone, now)
    facts = LinkFacts(
        created_at=row.created_at,
        ended_at=row.ended_at,
        last_read_at=row.last_read_at,
        account_on=bool(row.active) or row.room_id is not None,
        in_care=in_care,
        site_serves=row.paused is None,
    )
    return FoundLink(
        link_id=row.id,
        feed_id=row.feed_id,
        owner=owner,
        facts=facts,
        wording=Wording(FeedDetail(row.detail), row.title, row.place),
        alarm_minutes=row.alarm_minutes,
        chosen_at=row.chosen_at,
        zone=zone,
        version=f"{FORMAT}|{zone}|{row.chosen_at.isoformat()}|{marks}" if marks else "",
        stored=StoredBody(row.version, row.etag, row.changed_at) if row.version is not None else None,
    )


def _zone_of_staff(user_id: int) -> str:
    sites = select(Site.zone).join(user_site, user_site.c.site_id == Site.id)
    return (
        db.session.scalars(sites.where(user_site.c.user_id == user_id).order_by(Site.name)).first() or "UTC"
    )


def _marks(owner: Owner, zone: str, now: datetime) -> tuple[str, bool]:
    """Return what changes with every change of the owner's sessions, and whether a client is in care.

    Revisions only grow; the sums over ids tell one set of sessions from another of the same size. The
    day is part of it, because sessions leave the window with the days.
    """
    today = civil_time.local_day(now, civil_time.zone(zone))
    identity = cast(RosterEntry.id if owner.client_id is not None else Occurrence.id, BigInteger)
    in_care = exists().where(
        Enrollment.client_id == owner.client_id,
        Enrollment.status.in_(OPEN),
        or_(Enrollment.until_day.is_(None), Enrollment.until_day >= today),
    )
    statement = _sessions_of(
        owner, today,
        func.count(), func.sum(identity), func.sum(identity * identity), func.sum(Occurrence.revision),
        func.max(Occurrence.updated_at), in_care,
    )  # fmt: skip
    *marks, cared_for = db.session.execute(statement).one()
    return f"{today}|" + "|".join(str(mark) for mark in marks), cared_for or owner.client_id is None


def _sessions_of(owner: Owner, today: date, *columns: Any) -> Select[Any]:
    """Return the query for `columns` over the sessions of `owner` in the window."""
    statement = select(*columns).select_from(Occurrence).where(Occurrence.local_day >= today - LOOKS_BACK)
    if owner.client_id is not None:
        return statement.join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id).where(
            RosterEntry.client_id == owner.client_id, RosterEntry.released_at.is_(None)
        )
    paused = exists().where(CalendarPause.site_id == Occurrence.site_id)
    if owner.user_id is not None:
        works_there = exists().where(
            user_site.c.user_id == owner.user_id, user_site.c.site_id == Occurrence.site_id
        )
        return statement.where(Occurrence.leader_id == owner.user_id, works_there, ~paused)
    return statement.where(Occurrence.room_id == owner.room_id, ~paused)


def stored_body(feed_id: int) -> tuple[StoredBody, bytes]:
    """Return the stored body of a feed, and which it is."""
    row = CalendarBody
    found = db.session.execute(
        select(row.version, row.etag, row.changed_at, row.body).where(row.feed_id == feed_id)
    ).one()
    return StoredBody(found.version, found.etag, found.changed_at), found.body


def build_body(found: FoundLink, *, key: bytes, now: datetime) -> bytes:
    """Return the calendar of the sessions behind a link; the same bytes until one of them changes.

    Each identifier is made with `key` for this feed alone, so feeds of two members of one group cannot
    be linked.
    """
    today = civil_time.local_day(now, civil_time.zone(found.zone))
    entries = _entries(
        found.owner,
        today,
        key=key,
        feed=f"feed-{found.feed_id}",
        wording=found.wording,
        since=found.chosen_at,
    )
    return calendar_bytes(entries, zone=found.zone, alarm_minutes=found.alarm_minutes)


def empty_body(found: FoundLink) -> bytes:
    """Return a calendar without a session: the only answer that takes sessions off a device."""
    return calendar_bytes([], zone=found.zone)


def my_calendar(actor: Actor, *, key: bytes, now: datetime) -> bytes:
    """Return the signed-in client's sessions as a file that says “Appointment” and nothing more."""
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    today = civil_time.local_day(now, civil_time.zone(client.site.zone))
    entries = _entries(
        Owner(client_id=client.id), today, key=key, feed=f"client-{client.id}", wording=Wording()
    )
    return calendar_bytes(entries, zone=client.site.zone)


def _entries(
    owner: Owner, today: date, *, key: bytes, feed: str, wording: Wording, since: datetime | None = None
) -> list[CalendarEntry]:
    columns = (
        Occurrence.id, Occurrence.starts_at, Occurrence.ends_at, Occurrence.status, Occurrence.revision,
        Occurrence.updated_at, Site.zone,
    )  # fmt: skip
    statement = _sessions_of(owner, today, *columns).join(Site, Site.id == Occurrence.site_id)
    is_client = owner.client_id is not None
    if not is_client:
        statement = (
            statement.add_columns(Group.name.label("group_name"), Room.name.label("room_name"))
            .join(Series, Series.id == Occurrence.series_id)
            .outerjoin(Group, Group.id == Series.group_id)
            .outerjoin(Room, Room.id == Occurrence.room_id)
        )
    return [
        CalendarEntry(
            uid=feed_uid(key, feed, row.id),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            zone=row.zone,
            updated_at=max(row.updated_at, since) if since else row.updated_at,
            summary=wording.summary if is_client else row.group_name or INDIVIDUAL,
            location=wording.location if is_client else row.room_name,
            cancelled=row.status != OccurrenceStatus.PLANNED,
            sequence=row.revision,
        )
        for row in db.session.execute(statement)
    ]


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One calendar as its owner sees it; times on the site's wall clock."""

    id: int
    label: str
    wording: Wording
    alarm_minutes: int | None
    is_on: bool
    #: Why it serves nothing any more, when it does not.
    ended: FeedEnd | None
    made: datetime
    last_read: datetime | None
    reader: FeedReader | None
    #: No calendar has read it for days: worth a word of help.
    is_stale: bool


@dataclass(frozen=True, slots=True)
class PreviewEntry:
    """One session to come, for showing what an entry will say."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class MyCalendars:
    """Everything on the client's calendar page."""

    feeds: tuple[FeedLine, ...]
    today: date
    #: False while the site's administrators have switched links off.
    site_serves: bool
    in_care: bool
    coming: tuple[PreviewEntry, ...]


def my_calendars(actor: Actor, *, now: datetime) -> MyCalendars:
    """Return the signed-in client's calendars, oldest first; those they turned off are left out."""
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    zone = client.site.zone
    owner = Owner(client_id=client.id)
    feeds = _latest(CalendarFeed.client_id == client.id)
    cared_for = _marks(owner, zone, now)[1]
    return MyCalendars(
        feeds=tuple(
            _line(link, zone=zone, in_care=cared_for, now=now)
            for link in feeds
            if link.end_reason != FeedEnd.TURNED_OFF
        ),
        today=civil_time.local_day(now, civil_time.zone(zone)),
        site_serves=not is_paused(client.site_id),
        in_care=cared_for,
        coming=_coming(owner, zone, now),
    )


def my_feed(actor: Actor, feed_id: int, *, now: datetime) -> tuple[FeedLine, MyCalendars]:
    """Return one of the signed-in client's calendars and the page around it.

    Raises:
        NotFound: it is not theirs, or they turned it off.
    """
    page = my_calendars(actor, now=now)
    line = next((line for line in page.feeds if line.id == feed_id), None)
    if line is None:
        raise NotFound
    return line, page


def access_feed(actor: Actor, feed_id: int) -> CalendarFeed:
    """Return the client's own feed; one that is not theirs looks like none.

    Raises:
        NotFound: it is not theirs, or they turned it off.
    """
    actor.require(Permission.OWN_WEEK)
    statement = select(CalendarFeed).where(
        CalendarFeed.id == feed_id, CalendarFeed.client_id == (actor.client_id or 0)
    )
    feed = db.session.scalars(statement).one_or_none()
    if feed is None or not feed.links or feed.links[-1].end_reason == FeedEnd.TURNED_OFF:
        raise NotFound
    return feed


def is_paused(site_id: int) -> bool:
    """Return True when the site serves no calendar links at the moment."""
    return db.session.get(CalendarPause, site_id) is not None


def is_in_care(client_id: int, *, zone: str, now: datetime) -> bool:
    """Return True when the client is in an episode of care today."""
    return _marks(Owner(client_id=client_id), zone, now)[1]


def _latest(which: ColumnElement[bool]) -> Sequence[CalendarLink]:
    """Return the newest link of each feed, by age of the feed."""
    newest = select(func.max(CalendarLink.id)).join(CalendarFeed).where(which).group_by(CalendarLink.feed_id)
    statement = (
        select(CalendarLink)
        .join(CalendarFeed, and_(CalendarFeed.id == CalendarLink.feed_id, which))
        .where(CalendarLink.id.in_(newest))
        .order_by(CalendarFeed.id)
        .options(joinedload(CalendarLink.feed))
    )
    return db.session.scalars(statement).all()


def _line(link: CalendarLink, *, zone: str, in_care: bool = True, now: datetime) -> FeedLine:
    tz = civil_time.zone(zone)
    facts = LinkFacts(
        link.created_at,
        link.ended_at,
        link.last_read_at,
        account_on=True,
        in_care=in_care,
        site_serves=True,
    )
    ended = FeedEnd(link.end_reason) if link.end_reason else reason_to_end(facts, now=now)
    stale = is_stale(created_at=link.created_at, last_read_at=link.last_read_at, now=now)
    feed = link.feed
    return FeedLine(
        id=feed.id,
        label=feed.label,
        wording=Wording(FeedDetail(feed.detail), feed.title, feed.place),
        alarm_minutes=feed.alarm_minutes,
        is_on=ended is None,
        ended=ended,
        made=civil_time.local(link.created_at, tz),
        last_read=civil_time.local(link.last_read_at, tz) if link.last_read_at else None,
        reader=FeedReader(link.last_reader) if link.last_reader else None,
        is_stale=ended is None and stale,
    )


def _coming(owner: Owner, zone: str, now: datetime) -> tuple[PreviewEntry, ...]:
    tz = civil_time.zone(zone)
    statement = (
        _sessions_of(owner, civil_time.local_day(now, tz), Occurrence.starts_at, Occurrence.ends_at)
        .where(Occurrence.ends_at > now, Occurrence.status == OccurrenceStatus.PLANNED)
        .order_by(Occurrence.starts_at, Occurrence.id)
        .limit(PREVIEWED)
    )
    return tuple(
        PreviewEntry(civil_time.local(row.starts_at, tz), civil_time.local(row.ends_at, tz))
        for row in db.session.execute(statement)
    )


@dataclass(frozen=True, slots=True)
class RoomLine:
    """One room and its calendar, if it has one."""

    room_id: int
    name: str
    feed: FeedLine | None


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site: whether it serves calendar links, and its rooms."""

    site_id: int
    name: str
    serves: bool
    rooms: tuple[RoomLine, ...]


@dataclass(frozen=True, slots=True)
class StaffCalendars:
    """Everything on the calendar page of staff; `sites` only for administrators."""

    mine: FeedLine | None
    serves: bool
    sites: tuple[SiteLine, ...]
    today: date


def staff_calendars(actor: Actor, *, may_edit: bool, now: datetime) -> StaffCalendars:
    """Return a staff member's own calendar and, for administrators, the rooms of their sites."""
    actor.require(Permission.PROGRAM_READ)
    mine = _latest(CalendarFeed.user_id == actor.user_id)
    paused = set(db.session.scalars(select(CalendarPause.site_id)))
    sites = _sites(actor) if may_edit else []
    rooms = {link.feed.room_id: link for link in _latest(CalendarFeed.room_id.is_not(None))}
    return StaffCalendars(
        mine=_line(mine[0], zone=actor.zone, now=now) if mine else None,
        serves=not actor.site_ids or bool(actor.site_ids - paused),
        sites=tuple(
            SiteLine(site.id, site.name, site.id not in paused, tuple(_room_lines(site, rooms, now)))
            for site in sites
        ),
        today=actor.today(now),
    )


def _sites(actor: Actor) -> Sequence[Site]:
    statement = select(Site).where(Site.id.in_(actor.site_ids)).order_by(Site.name, Site.id)
    return db.session.scalars(statement).all()


def _room_lines(site: Site, links: dict[int | None, CalendarLink], now: datetime) -> Iterable[RoomLine]:
    rooms = select(Room).where(Room.site_id == site.id).order_by(Room.name, Room.id)
    for room in db.session.scalars(rooms):
        link = links.get(room.id)
        yield RoomLine(room.id, room.name, _line(link, zone=site.zone, now=now) if link else None)


def utc_seconds(at: datetime) -> datetime:
    """Return `at` in UTC without fractions of a second, as HTTP dates are."""
    return at.astimezone(UTC).replace(microsecond=0)


#: The step by which the date of a body grows when it changes twice within a second.
ONE_SECOND = timedelta(seconds=1)
