"""Calendar feeds: what a link leads to, the bytes it serves, and the pages on which they are chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Engine,
    Integer,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import joinedload

from iop_schedule.adapters.ical import CalendarEntry, calendar_bytes, feed_uid
from iop_schedule.domain import civil_time
from iop_schedule.domain.calendar_feeds import (
    LOOKS_AHEAD,
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
    SessionNotice,
    Site,
    User,
    db,
)
from iop_schedule.models.people import user_site
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.prepared import Prepared
from iop_schedule.queries.prescription import OPEN
from iop_schedule.vocabulary import FeedDetail, FeedEnd, FeedReader, NoticeKind, OccurrenceStatus

#: Counts changes of what a body looks like: bodies stored by an earlier version are made again.
FORMAT = 1
#: How a one-to-one session is called in the calendars of staff and rooms: never by the client's name.
INDIVIDUAL = "Individual"
CLIENT, STAFF, ROOM = "client", "staff", "room"
#: How many sessions a preview shows.
PREVIEWED = 3


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose sessions a feed holds: a client's, a staff member's or a room's."""

    kind: str
    id: int

    @classmethod
    def among(cls, client_id: int | None, user_id: int | None, room_id: int | None) -> "Owner":
        """Return the one of the three that is given."""
        if client_id is not None:
            return cls(CLIENT, client_id)
        return cls(STAFF, user_id) if user_id is not None else cls(ROOM, room_id or 0)


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


# The statements of every fetch are put together once, from tables: half of a fetch was building them anew.
_link, _feed, _body = CalendarLink.__table__.c, CalendarFeed.__table__.c, CalendarBody.__table__.c
_client, _room, _site, _user = Client.__table__.c, Room.__table__.c, Site.__table__.c, User.__table__.c
_session, _entry, _care = Occurrence.__table__.c, RosterEntry.__table__.c, Enrollment.__table__.c
_group, _series, _pause = Group.__table__.c, Series.__table__.c, CalendarPause.__table__.c
_notice = SessionNotice.__table__.c

_LINKS: Any = (
    select(
        _link.id, _link.created_at, _link.ended_at, _link.last_read_at,
        _link.feed_id, _feed.client_id, _feed.user_id, _feed.room_id, _feed.detail, _feed.title,
        _feed.place, _feed.alarm_minutes, _feed.changed_at.label("chosen_at"), _site.zone, _user.active,
        _pause.site_id.label("paused"), _body.version, _body.etag, _body.changed_at,
    )
    .select_from(CalendarLink.__table__)
    .join(CalendarFeed.__table__, _feed.id == _link.feed_id)
    .outerjoin(Client.__table__, _client.id == _feed.client_id)
    .outerjoin(Room.__table__, _room.id == _feed.room_id)
    .outerjoin(Site.__table__, _site.id == func.coalesce(_client.site_id, _room.site_id))
    .outerjoin(User.__table__, _user.id == func.coalesce(_client.user_id, _feed.user_id))
    .outerjoin(CalendarPause.__table__, _pause.site_id == _site.id)
    .outerjoin(CalendarBody.__table__, _body.feed_id == _feed.id)
)  # fmt: skip
_LINK_OF = _LINKS.where(_link.token_hash == bindparam("token_hash"))
_LINK_AND_BODY_OF = _LINK_OF.add_columns(_body.body)
_OPEN_LINKS = _LINKS.where(_link.ended_at.is_(None)).order_by(_link.id)


class Reader:
    """Runs the statements behind a link in the session of a request."""

    def one_or_none(self, statement: Any, values: dict[str, object]) -> Any:
        """Return the one row of a statement, or None."""
        return db.session.execute(statement, values).one_or_none()


class QuickReader(Reader):
    """Runs them on a cursor of the driver, in a third of the time."""

    def __init__(self, engine: Engine, cursor: Any) -> None:
        """Read with `cursor`, which is of `engine`."""
        self._engine, self._cursor = engine, cursor

    def one_or_none(self, statement: Any, values: dict[str, object]) -> Any:
        """Return the one row of a statement, or None."""
        return _PREPARED[statement].one_or_none(self._engine, self._cursor, values)


def engine_of_this_app() -> Engine:
    """Return what opens connections for the application in whose context this runs."""
    return db.engine


def find_link(token_hash: str, *, now: datetime) -> FoundLink | None:
    """Return the link with this hash, in two statements; None when there is none."""
    reader = Reader()
    row = reader.one_or_none(_LINK_OF, {"token_hash": token_hash})
    return None if row is None else _found(row, now, reader)


def find_link_quickly(
    engine: Engine, token_hash: str, *, with_body: bool, now: datetime
) -> tuple[FoundLink | None, bytes | None]:
    """Return the same as `find_link` without a session, and the stored body when asked for it.

    The two statements may see the database before and after a change; then the version is another than
    that of the body, as it must be.
    """
    connection = engine.raw_connection()
    try:
        reader = QuickReader(engine, connection.cursor())
        row = reader.one_or_none(_LINK_AND_BODY_OF if with_body else _LINK_OF, {"token_hash": token_hash})
        if row is None:
            return None, None
        return _found(row, now, reader), row.body if with_body else None
    finally:
        connection.close()


def open_links(*, now: datetime) -> list[FoundLink]:
    """Return every link that has not ended, for the tick that ends them."""
    return [_found(row, now, Reader()) for row in db.session.execute(_OPEN_LINKS).all()]


def _found(row: Any, now: datetime, reader: Reader) -> FoundLink:
    owner = Owner.among(row.client_id, row.user_id, row.room_id)
    zone = row.zone or _zone_of_staff(row.user_id, reader)
    marks, in_care = ((), True) if row.ended_at is not None else _marks(owner, zone, now, reader)
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
        version=_version(zone, row.chosen_at, row.detail, row.title, row.place, row.alarm_minutes, *marks)
        if marks
        else "",
        stored=StoredBody(row.version, row.etag, row.changed_at) if row.version is not None else None,
    )


def _zone_of_staff(user_id: int, reader: Reader) -> str:
    found = reader.one_or_none(_STAFF_ZONE, {"user_id": user_id})
    return found.zone if found is not None else "UTC"


def _version(*parts: object) -> str:
    return sha256(repr((FORMAT, *map(str, parts))).encode()).hexdigest()


def _marks(owner: Owner, zone: str, now: datetime, reader: Reader) -> tuple[tuple[object, ...], bool]:
    """Return what changes with every change of the owner's sessions, and whether a client is in care.

    Revisions only grow; the sums over ids tell one set of sessions from another of the same size. Groups
    and rooms that get another name change no session, so the calendars that say them add the names. The day
    is part of it, because sessions leave the window with the days.
    """
    today = civil_time.local_day(now, civil_time.zone(zone))
    values = {**_window(owner, today), "today": today}
    found = tuple(reader.one_or_none(_MARKS[owner.kind], values))
    return (today, *found[:-1]), bool(found[-1])


def _window(owner: Owner, today: date) -> dict[str, object]:
    return {"owner_id": owner.id, "first_day": today - LOOKS_BACK, "last_day": today + LOOKS_AHEAD}


def _sessions_of(kind: str, *columns: Any) -> Any:
    """Return the query for `columns` over an owner's sessions in the window; it takes `_window`."""
    owner_id = bindparam("owner_id", type_=Integer)
    statement = (
        select(*columns)
        .select_from(Occurrence.__table__)
        .where(
            _session.local_day.between(bindparam("first_day", type_=Date), bindparam("last_day", type_=Date))
        )
    )
    if kind == CLIENT:
        told_off = exists().where(
            _notice.roster_entry_id == _entry.id,
            _notice.kind == NoticeKind.ABSENT,
            _notice.withdrawn_at.is_(None),
        )
        return statement.join(RosterEntry.__table__, _entry.occurrence_id == _session.id).where(
            _entry.client_id == owner_id, _entry.released_at.is_(None), ~told_off
        )
    statement = statement.where(~exists().where(_pause.site_id == _session.site_id))
    if kind == ROOM:
        return statement.where(_session.room_id == owner_id)
    works_there = exists().where(user_site.c.user_id == owner_id, user_site.c.site_id == _session.site_id)
    return statement.where(_session.leader_id == owner_id, works_there)


def _marks_of(kind: str) -> Any:
    identity = cast(_entry.id if kind == CLIENT else _session.id, BigInteger)
    in_care = exists().where(
        _care.client_id == bindparam("owner_id", type_=Integer),
        or_(*(_care.status == status for status in OPEN)),
        or_(_care.until_day.is_(None), _care.until_day >= bindparam("today", type_=Date)),
    )
    return _sessions_of(
        kind, func.count(), func.sum(identity), func.sum(identity * identity), func.sum(_session.revision),
        func.max(_session.updated_at), *(() if kind == CLIENT else (_names_in(kind),)),
        in_care if kind == CLIENT else true(),
    )  # fmt: skip


def _names_in(kind: str) -> Any:
    """Return the names of the groups and rooms that an owner's entries say; clients' say none."""
    words = func.coalesce(_group.name, "") + "/" + func.coalesce(_room.name, "")
    names = _with_names(_sessions_of(kind, words.label("words"))).distinct().order_by("words").subquery()
    # A separator that is bound would have to be filled in before the statement can be prepared.
    said = func.aggregate_strings(names.c.words, literal_column("'/'"))  # type: ignore[arg-type]
    return select(said).scalar_subquery()


def _with_names(statement: Any) -> Any:
    return (
        statement.join(Series.__table__, _series.id == _session.series_id)
        .outerjoin(Group.__table__, _group.id == _series.group_id)
        .outerjoin(Room.__table__, _room.id == _session.room_id)
    )


def _entries_of(kind: str) -> Any:
    statement = _sessions_of(
        kind, _session.id, _session.starts_at, _session.ends_at, _session.status, _session.revision,
        _session.updated_at, _site.zone,
    ).join(Site.__table__, _site.id == _session.site_id)  # fmt: skip
    if kind == CLIENT:
        return statement
    return _with_names(statement.add_columns(_group.name.label("group_name"), _room.name.label("room_name")))


_MARKS = {kind: _marks_of(kind) for kind in (CLIENT, STAFF, ROOM)}
_ENTRIES = {kind: _entries_of(kind) for kind in (CLIENT, STAFF, ROOM)}
_STAFF_ZONE = (
    select(_site.zone)
    .join(user_site, user_site.c.site_id == _site.id)
    .where(user_site.c.user_id == bindparam("user_id", type_=Integer))
    .order_by(_site.name)
    .limit(1)
)
#: The statements of a fetch that needs nothing else.
_PREPARED = {one: Prepared(one) for one in (_LINK_OF, _LINK_AND_BODY_OF, _STAFF_ZONE, *_MARKS.values())}
_STORED = select(_body.version, _body.etag, _body.changed_at, _body.body).where(
    _body.feed_id == bindparam("feed_id")
)


def stored_body(feed_id: int) -> tuple[StoredBody, bytes]:
    """Return the stored body of a feed, and which it is."""
    found = db.session.execute(_STORED, {"feed_id": feed_id}).one()
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
        Owner(CLIENT, client.id), today, key=key, feed=f"client-{client.id}", wording=Wording()
    )
    return calendar_bytes(entries, zone=client.site.zone)


def _entries(
    owner: Owner, today: date, *, key: bytes, feed: str, wording: Wording, since: datetime | None = None
) -> list[CalendarEntry]:
    is_client = owner.kind == CLIENT
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
        for row in db.session.execute(_ENTRIES[owner.kind], _window(owner, today))
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
    owner = Owner(CLIENT, client.id)
    feeds = _latest(CalendarFeed.client_id == client.id)
    cared_for = _marks(owner, zone, now, Reader())[1]
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
    return _marks(Owner(CLIENT, client_id), zone, now, Reader())[1]


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
    statement = _sessions_of(kind, _session.id, _session.starts_at, _session.ends_at)
    return statement.where(_session.ends_at > now, _session.status == OccurrenceStatus.PLANNED).order_by(
        _session.starts_at, _session.id
    )


def _window_of(owner: Owner, zone: str, now: datetime) -> dict[str, object]:
    return _window(owner, civil_time.local_day(now, civil_time.zone(zone)))


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
