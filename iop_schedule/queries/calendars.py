"""The pages on which calendars are chosen: a client's own, and those of staff and rooms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain import civil_time
from iop_schedule.domain.calendar_feeds import LinkFacts, Wording, is_stale, reason_to_end
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.models import CalendarFeed, CalendarLink, CalendarPause, Occurrence, Room, Site, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.calendar_links import is_in_care, is_paused
from iop_schedule.queries.calendar_sessions import CLIENT, Owner, sessions_of, window
from iop_schedule.vocabulary import FeedDetail, FeedEnd, FeedReader, OccurrenceStatus

#: How many sessions a preview shows.
PREVIEWED = 3

_session = Occurrence.__table__.c


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
    owner = Owner(CLIENT, client.id)
    feeds = _latest(CalendarFeed.client_id == client.id)
    cared_for = is_in_care(client.id, zone=zone, now=now)
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
    coming = db.session.execute(_coming_of(owner.kind, now).limit(PREVIEWED), _window_of(owner, zone, now))
    return tuple(
        PreviewEntry(civil_time.local(row.starts_at, tz), civil_time.local(row.ends_at, tz)) for row in coming
    )


def coming_sessions(client_id: int, *, zone: str, until: datetime, now: datetime) -> Sequence[Any]:
    """Return id, start and end of the sessions their feed has that begin between `now` and `until`."""
    statement = _coming_of(CLIENT, now).where(_session.starts_at > now, _session.starts_at <= until)
    return db.session.execute(statement, _window_of(Owner(CLIENT, client_id), zone, now)).all()


def _coming_of(kind: str, now: datetime) -> Any:
    statement = sessions_of(kind, _session.id, _session.starts_at, _session.ends_at)
    return statement.where(_session.ends_at > now, _session.status == OccurrenceStatus.PLANNED).order_by(
        _session.starts_at, _session.id
    )


def _window_of(owner: Owner, zone: str, now: datetime) -> dict[str, object]:
    return window(owner, civil_time.local_day(now, civil_time.zone(zone)))


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
