"""A calendar link: what it leads to, and whether the body stored for it is still the one to serve."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Engine,
    Integer,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)

from iop_schedule.domain import civil_time
from iop_schedule.domain.calendar_feeds import LinkFacts, Wording
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
    Site,
    User,
    db,
)
from iop_schedule.models.people import user_site
from iop_schedule.queries.calendar_sessions import CLIENT, ROOM, STAFF, Owner, sessions_of, window, with_names
from iop_schedule.queries.prepared import Prepared
from iop_schedule.queries.prescription import OPEN
from iop_schedule.vocabulary import FeedDetail

#: Counts changes of what a body looks like: bodies stored by an earlier version are made again.
FORMAT = 1


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
_group, _pause = Group.__table__.c, CalendarPause.__table__.c

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
    values = {**window(owner, today), "today": today}
    found = tuple(reader.one_or_none(_MARKS[owner.kind], values))
    return (today, *found[:-1]), bool(found[-1])


def is_paused(site_id: int) -> bool:
    """Return True when the site serves no calendar links at the moment."""
    return db.session.get(CalendarPause, site_id) is not None


def is_in_care(client_id: int, *, zone: str, now: datetime) -> bool:
    """Return True when the client is in an episode of care today."""
    return _marks(Owner(CLIENT, client_id), zone, now, Reader())[1]


def stored_body(feed_id: int) -> tuple[StoredBody, bytes]:
    """Return the stored body of a feed, and which it is."""
    found = db.session.execute(_STORED, {"feed_id": feed_id}).one()
    return StoredBody(found.version, found.etag, found.changed_at), found.body


def _marks_of(kind: str) -> Any:
    identity = cast(_entry.id if kind == CLIENT else _session.id, BigInteger)
    in_care = exists().where(
        _care.client_id == bindparam("owner_id", type_=Integer),
        or_(*(_care.status == status for status in OPEN)),
        or_(_care.until_day.is_(None), _care.until_day >= bindparam("today", type_=Date)),
    )
    return sessions_of(
        kind, func.count(), func.sum(identity), func.sum(identity * identity), func.sum(_session.revision),
        func.max(_session.updated_at), *(() if kind == CLIENT else (_names_in(kind),)),
        in_care if kind == CLIENT else true(),
    )  # fmt: skip


def _names_in(kind: str) -> Any:
    """Return the names of the groups and rooms that an owner's entries say; clients' say none."""
    words = func.coalesce(_group.name, "") + "/" + func.coalesce(_room.name, "")
    names = with_names(sessions_of(kind, words.label("words"))).distinct().order_by("words").subquery()
    # A separator that is bound would have to be filled in before the statement can be prepared.
    said = func.aggregate_strings(names.c.words, literal_column("'/'"))  # type: ignore[arg-type]
    return select(said).scalar_subquery()


_MARKS = {kind: _marks_of(kind) for kind in (CLIENT, STAFF, ROOM)}
_STAFF_ZONE = (
    select(_site.zone)
    .join(user_site, user_site.c.site_id == _site.id)
    .where(user_site.c.user_id == bindparam("user_id", type_=Integer))
    .order_by(_site.name, _site.id)
    .limit(1)
)
#: The statements of a fetch that needs nothing else.
_PREPARED = {one: Prepared(one) for one in (_LINK_OF, _LINK_AND_BODY_OF, _STAFF_ZONE, *_MARKS.values())}
_STORED = select(_body.version, _body.etag, _body.changed_at, _body.body).where(
    _body.feed_id == bindparam("feed_id")
)
