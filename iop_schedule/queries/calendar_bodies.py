"""The bytes of a calendar: the sessions behind a link, or the client's own as a file."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from iop_schedule.adapters.ical import CalendarEntry, calendar_bytes, feed_uid
from iop_schedule.domain import civil_time
from iop_schedule.domain.calendar_feeds import Wording
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Group, Occurrence, Room, Site, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.calendar_links import FoundLink
from iop_schedule.queries.calendar_sessions import CLIENT, ROOM, STAFF, Owner, sessions_of, window, with_names
from iop_schedule.vocabulary import OccurrenceStatus

#: How a one-to-one session is called in the calendars of staff and rooms: never by the client's name.
INDIVIDUAL = "Individual"

_session, _site = Occurrence.__table__.c, Site.__table__.c
_group, _room = Group.__table__.c, Room.__table__.c


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
        for row in db.session.execute(_ENTRIES[owner.kind], window(owner, today))
    ]


def _entries_of(kind: str) -> Any:
    statement = sessions_of(
        kind, _session.id, _session.starts_at, _session.ends_at, _session.status, _session.revision,
        _session.updated_at, _site.zone,
    ).join(Site.__table__, _site.id == _session.site_id)  # fmt: skip
    if kind == CLIENT:
        return statement
    return with_names(statement.add_columns(_group.name.label("group_name"), _room.name.label("room_name")))


_ENTRIES = {kind: _entries_of(kind) for kind in (CLIENT, STAFF, ROOM)}


def utc_seconds(at: datetime) -> datetime:
    """Return `at` in UTC without fractions of a second, as HTTP dates are."""
    return at.astimezone(UTC).replace(microsecond=0)


#: The step by which the date of a body grows when it changes twice within a second.
ONE_SECOND = timedelta(seconds=1)
