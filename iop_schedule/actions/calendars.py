"""Calendar links: turning them on and off, choosing what they say, and what they are answered with."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, or_, select, update
from sqlalchemy.exc import OperationalError

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_client
from iop_schedule.adapters import tokens
from iop_schedule.adapters.ical import strong_etag
from iop_schedule.domain import calendar_feeds as rules
from iop_schedule.domain.calendar_feeds import Answer, BadFeed, Wording
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import CalendarBody, CalendarFeed, CalendarLink, CalendarPause, User, db
from iop_schedule.models.base import write_transaction
from iop_schedule.queries import calendar_bodies, calendar_links, calendars
from iop_schedule.queries.access import Actor, access_client, access_room, access_site
from iop_schedule.queries.calendar_links import FoundLink
from iop_schedule.vocabulary import AuditKind, FeedEnd

log = logging.getLogger(__name__)

_PURPOSE = "calendar-link"


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that has just been made; `token` is shown once and kept nowhere."""

    feed_id: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FeedChoices:
    """What a client chooses about one calendar."""

    label: str
    wording: Wording = field(default_factory=Wording)
    alarm_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What a link is answered with; `changed_at` is in whole seconds."""

    link_id: int
    answer: Answer
    #: None when whoever asked holds it already.
    body: bytes | None = None
    etag: str = ""
    changed_at: datetime | None = None


def turn_on(*, actor: Actor, choices: FeedChoices, key: str, now: datetime) -> NewLink:
    """Make a calendar of the client's own sessions and its first link.

    Raises:
        BadFeed: no name, or the client has as many calendars as one may have.
        NotPossible: their care has ended, or the site serves no links at the moment.
    """
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    check_choices(choices)
    lock_client(client.id)
    _may_have_links(actor, client.site_id, in_care=_in_care(client.id, client.site.zone, now))
    taken = _labels(client.id)
    _not_too_many(taken)
    feed = CalendarFeed(client_id=client.id, created_at=now, changed_at=now)
    _choose(feed, choices)
    feed.label = rules.free_label(choices.label, taken)
    return _first_link(actor, feed, key=key, now=now)


def renew(*, actor: Actor, feed_id: int, key: str, now: datetime) -> NewLink:
    """Make a new link to one of the client's calendars; the old one serves nothing from now on.

    Raises:
        NotFound: not theirs.
        NotPossible: as `turn_on`.
    """
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    lock_client(client.id)
    feed = calendars.access_feed(actor, feed_id)
    _may_have_links(actor, client.site_id, in_care=_in_care(client.id, client.site.zone, now))
    return _next_link(actor, feed, key=key, now=now)


def change(*, actor: Actor, feed_id: int, choices: FeedChoices, now: datetime) -> None:
    """Choose what one of the client's calendars is called and says.

    Raises:
        NotFound: not theirs.
        BadFeed: words that are missing or too long; it names the field.
    """
    check_choices(choices)
    lock_client(actor.client_id or 0)
    feed = calendars.access_feed(actor, feed_id)
    said = (feed.detail, feed.title, feed.place, feed.alarm_minutes)
    _choose(feed, choices)
    feed.label = rules.free_label(choices.label, _labels(actor.client_id or 0, besides=feed.id))
    if said != (feed.detail, feed.title, feed.place, feed.alarm_minutes):
        feed.changed_at = now
    _record(AuditKind.CALENDAR_CHANGED, actor, feed, {"detail": str(feed.detail)}, now=now)
    db.session.commit()


def turn_off(*, actor: Actor, feed_id: int, now: datetime) -> None:
    """End one of the client's calendars: devices that read it will show no session any more.

    Raises:
        NotFound: not theirs, or off already.
    """
    lock_client(actor.client_id or 0)
    feed = calendars.access_feed(actor, feed_id)
    _end_open(feed, FeedEnd.TURNED_OFF, now=now)
    feed.links[-1].end_reason = FeedEnd.TURNED_OFF  # also when it had ended by itself: it is put away
    _record(AuditKind.CALENDAR_TURNED_OFF, actor, feed, now=now)
    db.session.commit()


def turn_on_own(*, actor: Actor, key: str, now: datetime) -> NewLink:
    """Make the link to a staff member's own sessions, or a new one; the old one serves nothing any more.

    Raises:
        NotPossible: none of their sites serves links at the moment.
    """
    actor.require(Permission.PROGRAM_READ)
    db.session.execute(select(User.id).where(User.id == actor.user_id).with_for_update(key_share=True))
    if all(calendar_links.is_paused(site_id) for site_id in actor.site_ids):
        raise BadFeed(_PAUSED)
    feed = db.session.scalars(select(CalendarFeed).where(CalendarFeed.user_id == actor.user_id)).one_or_none()
    if feed is not None:
        return _next_link(actor, feed, key=key, now=now)
    feed = CalendarFeed(user_id=actor.user_id, created_at=now, changed_at=now)
    return _first_link(actor, feed, key=key, now=now)


def turn_on_room(*, actor: Actor, room_id: int, key: str, now: datetime) -> NewLink:
    """Make the link to a room's sessions, or a new one; the old one serves nothing any more.

    Raises:
        NotFound, NotAllowed: not this person's room to manage.
        NotPossible: the site serves no links at the moment.
    """
    room = access_room(actor, room_id, Permission.PROGRAM_EDIT)
    db.session.refresh(room, with_for_update={"key_share": True})
    _may_have_links(actor, room.site_id)
    feed = db.session.scalars(select(CalendarFeed).where(CalendarFeed.room_id == room.id)).one_or_none()
    if feed is not None:
        return _next_link(actor, feed, key=key, now=now)
    feed = CalendarFeed(room_id=room.id, created_at=now, changed_at=now)
    return _first_link(actor, feed, key=key, now=now)


def turn_off_own(*, actor: Actor, now: datetime) -> None:
    """End the link to a staff member's own sessions; without one nothing happens."""
    actor.require(Permission.PROGRAM_READ)
    _turn_off_all(actor, CalendarFeed.user_id == actor.user_id, now=now)


def turn_off_room(*, actor: Actor, room_id: int, now: datetime) -> None:
    """End the link to a room's sessions; without one nothing happens.

    Raises:
        NotFound, NotAllowed: not this person's room to manage.
    """
    room = access_room(actor, room_id, Permission.PROGRAM_EDIT)
    _turn_off_all(actor, CalendarFeed.room_id == room.id, now=now)


def switch_site(*, actor: Actor, site_id: int, serves: bool, now: datetime) -> None:
    """Let a site serve calendar links, or no longer; links go on when it does again.

    Raises:
        NotFound, NotAllowed: not this person's site to manage.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    db.session.refresh(site, with_for_update={"key_share": True})
    pause = db.session.get(CalendarPause, site.id)
    if (pause is None) == serves:
        db.session.rollback()
        return
    if pause is not None:
        db.session.delete(pause)
    else:
        db.session.add(CalendarPause(site_id=site.id, since=now))
    audit.record(
        AuditKind.CALENDARS_SWITCHED, actor=actor, now=now, subject=("site", site.id), site_id=site.id,
        details={"on": serves},
    )  # fmt: skip
    db.session.commit()


def end_links(*, now: datetime) -> int:
    """End the links whose reason is gone: care, account, or anyone who reads them; return how many.

    From then on their thirty days of serving an empty calendar are counted. One transaction each.
    """
    db.session.rollback()
    due = [(found, rules.reason_to_end(found.facts, now=now)) for found in calendar_links.open_links(now=now)]
    return sum(_end_one(found, reason, now=now) for found, reason in due if reason is not None)


#: Whether the asker lacks the body with this entity tag, last changed then.
Lacks = Callable[[str, datetime | None], bool]


def serve(
    *, token: str, key: str, uid_key: bytes, user_agent: str, lacks: Lacks, now: datetime
) -> Served | None:
    """Return what a link is answered with, or None when it never was one of ours.

    The body is stored, and made again only when one of its sessions, the day or the choices changed.
    Writes at most this body and, every five minutes, that the link was read.
    """
    found = calendar_links.find_link(tokens.keyed_hash(key, _PURPOSE, token), now=now)
    if found is None:
        return None
    answer = rules.answer(found.facts, now=now)
    if answer is Answer.GONE:
        return Served(found.link_id, answer)
    if answer is Answer.NOTHING:
        body = calendar_bodies.empty_body(found)
        ended_at = found.facts.ended_at
        changed_at = calendar_bodies.utc_seconds(ended_at) if ended_at else None
        etag = strong_etag(body)
        return Served(found.link_id, answer, body if lacks(etag, changed_at) else None, etag, changed_at)
    return _served(found, uid_key=uid_key, user_agent=user_agent, lacks=lacks, now=now)


def serve_unchanged(
    engine: Engine, *, token: str, key: str, lacks: Lacks, has_some: bool, now: datetime
) -> Served | None:
    """Return what `serve` would, where nothing is to be written or made; None says: ask `serve`.

    Nearly every fetch is of this kind. It takes two statements on a connection alone, needs no context of
    the application, and changes nothing. Whoever `has_some` body and names it most likely needs none.
    """
    token_hash = tokens.keyed_hash(key, _PURPOSE, token)
    found, body = calendar_links.find_link_quickly(engine, token_hash, with_body=not has_some, now=now)
    if (
        found is None
        or found.stored is None
        or found.stored.version != found.version
        or rules.answer(found.facts, now=now) is not Answer.SESSIONS
        or rules.is_to_be_noted(found.facts.last_read_at, now=now)
        or (has_some and lacks(found.stored.etag, found.stored.changed_at))
    ):
        return None
    return Served(found.link_id, Answer.SESSIONS, body, found.stored.etag, found.stored.changed_at)


def _served(found: FoundLink, *, uid_key: bytes, user_agent: str, lacks: Lacks, now: datetime) -> Served:
    made, stored = None, found.stored
    if stored is None or stored.version != found.version:
        made = _made_again(found, uid_key=uid_key, now=now)
        body, etag, changed_at = made.body, made.etag, made.changed_at
    elif lacks(stored.etag, stored.changed_at):
        stored, body = calendar_links.stored_body(found.feed_id)
        etag, changed_at = stored.etag, stored.changed_at
    else:
        body, etag, changed_at = None, stored.etag, stored.changed_at
    if made is not None or rules.is_to_be_noted(found.facts.last_read_at, now=now):
        _write_down(found, made, user_agent=user_agent, now=now)
    wanted = body if lacks(etag, changed_at) else None
    return Served(found.link_id, Answer.SESSIONS, wanted, etag, changed_at)


def _made_again(found: FoundLink, *, uid_key: bytes, now: datetime) -> CalendarBody:
    body = calendar_bodies.build_body(found, key=uid_key, now=now)
    etag = strong_etag(body)
    return CalendarBody(
        feed_id=found.feed_id,
        version=found.version,
        etag=etag,
        changed_at=_changed_at(found, etag, now),
        body=body,
    )


def _changed_at(found: FoundLink, etag: str, now: datetime) -> datetime:
    """Return since when the bytes are these; a later second than that of the bytes before."""
    if found.stored is None:
        return calendar_bodies.utc_seconds(now)
    if found.stored.etag == etag:
        return found.stored.changed_at
    return max(calendar_bodies.utc_seconds(now), found.stored.changed_at + calendar_bodies.ONE_SECOND)


def _write_down(found: FoundLink, new: CalendarBody | None, *, user_agent: str, now: datetime) -> None:
    """Store a body and that the link was read; a database that is busy keeps nobody from reading."""
    read_before = CalendarLink.last_read_at
    note = (
        update(CalendarLink)
        .where(
            CalendarLink.id == found.link_id,
            CalendarLink.ended_at.is_(None),
            or_(read_before.is_(None), read_before <= now - rules.NOTED_EVERY),
        )
        .values(last_read_at=now, last_reader=rules.reader_of(user_agent))
    )
    try:
        with write_transaction() as session:
            session.execute(note)
            if new is not None:
                session.execute(
                    select(CalendarFeed.id).where(CalendarFeed.id == new.feed_id).with_for_update()
                )
                session.merge(new)
    except OperationalError:
        log.warning("a calendar was served without noting it", extra={"item_id": found.feed_id})


def check_choices(choices: FeedChoices) -> None:
    """Refuse choices that cannot be saved; a preview asks first.

    Raises:
        BadFeed: it names the field.
    """
    rules.check_label(choices.label)
    rules.check_wording(choices.wording)
    rules.check_alarm(choices.alarm_minutes)


def _choose(feed: CalendarFeed, choices: FeedChoices) -> None:
    feed.label = choices.label
    feed.detail, feed.alarm_minutes = choices.wording.detail, choices.alarm_minutes
    feed.title, feed.place = choices.wording.title, choices.wording.place


_PAUSED = "Your program has turned calendar links off for now. You can still save a file."


def _may_have_links(actor: Actor, site_id: int, *, in_care: bool = True) -> None:
    if calendar_links.is_paused(site_id):
        raise BadFeed(_PAUSED if actor.client_id else "Calendar links are turned off for this site.")
    if not in_care:
        message = "Your time in the program is over, so there are no sessions to show."
        raise BadFeed(message)


def _in_care(client_id: int, zone: str, now: datetime) -> bool:
    return calendar_links.is_in_care(client_id, zone=zone, now=now)


def _labels(client_id: int, *, besides: int = 0) -> list[str]:
    """Return what the client's calendars with an open link are called, `besides` one of them."""
    statement = (
        select(CalendarFeed.label)
        .join(CalendarLink)
        .where(
            CalendarFeed.client_id == client_id,
            CalendarFeed.id != besides,
            CalendarLink.ended_at.is_(None),
        )
    )
    return list(db.session.scalars(statement))


def _not_too_many(taken: Sequence[str]) -> None:
    if len(taken) >= rules.MOST_FEEDS:
        message = f"You have {rules.MOST_FEEDS} calendar links. Turn one off before you add another."
        raise BadFeed(message)


def _first_link(actor: Actor, feed: CalendarFeed, *, key: str, now: datetime) -> NewLink:
    db.session.add(feed)
    db.session.flush()
    made = _link(feed, key=key, now=now)
    _record(AuditKind.CALENDAR_TURNED_ON, actor, feed, {"detail": str(feed.detail)}, now=now)
    db.session.commit()
    return made


def _next_link(actor: Actor, feed: CalendarFeed, *, key: str, now: datetime) -> NewLink:
    _end_open(feed, FeedEnd.REPLACED, now=now)
    db.session.flush()
    made = _link(feed, key=key, now=now)
    _record(AuditKind.CALENDAR_RENEWED, actor, feed, now=now)
    db.session.commit()
    return made


def _link(feed: CalendarFeed, *, key: str, now: datetime) -> NewLink:
    token = tokens.new_token()
    hashed = tokens.keyed_hash(key, _PURPOSE, token)
    db.session.add(CalendarLink(feed_id=feed.id, token_hash=hashed, created_at=now))
    return NewLink(feed.id, token)


def _end_open(feed: CalendarFeed, reason: FeedEnd, *, now: datetime) -> int:
    links: Sequence[CalendarLink] = db.session.scalars(
        select(CalendarLink)
        .where(CalendarLink.feed_id == feed.id, CalendarLink.ended_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for link in links:
        link.ended_at, link.end_reason = now, reason
    return len(links)


def _turn_off_all(actor: Actor, which: ColumnElement[bool], *, now: datetime) -> None:
    for feed in db.session.scalars(select(CalendarFeed).where(which).order_by(CalendarFeed.id)):
        if _end_open(feed, FeedEnd.TURNED_OFF, now=now):
            _record(AuditKind.CALENDAR_TURNED_OFF, actor, feed, now=now)
    db.session.commit()


def _end_one(found: FoundLink, reason: FeedEnd, *, now: datetime) -> int:
    feed = db.session.get_one(CalendarFeed, found.feed_id)
    ended = _end_open(feed, reason, now=now)
    if ended:
        _record(AuditKind.CALENDAR_ENDED, None, feed, {"reason": str(reason)}, now=now)
    db.session.commit()
    return ended


def _record(
    kind: AuditKind,
    actor: Actor | None,
    feed: CalendarFeed,
    details: dict[str, object] | None = None,
    *,
    now: datetime,
) -> None:
    audit.record(
        kind, actor=actor, now=now, subject=("calendar", feed.id), client_id=feed.client_id,
        site_id=feed.room.site_id if feed.room_id is not None and feed.room else None, details=details,
    )  # fmt: skip
