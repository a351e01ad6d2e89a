"""The sessions a calendar holds: of a client, a staff member or a room; as statements, made once."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, Integer, bindparam, exists, select

from iop_schedule.domain.calendar_feeds import LOOKS_AHEAD, LOOKS_BACK
from iop_schedule.models import CalendarPause, Group, Occurrence, Room, RosterEntry, Series, SessionNotice
from iop_schedule.models.people import user_site
from iop_schedule.vocabulary import NoticeKind

CLIENT, STAFF, ROOM = "client", "staff", "room"

_session, _entry, _notice = Occurrence.__table__.c, RosterEntry.__table__.c, SessionNotice.__table__.c
_group, _series, _room = Group.__table__.c, Series.__table__.c, Room.__table__.c
_pause = CalendarPause.__table__.c


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


def window(owner: Owner, today: date) -> dict[str, object]:
    """Return the values the statements take: whose sessions, and from which day to which."""
    return {"owner_id": owner.id, "first_day": today - LOOKS_BACK, "last_day": today + LOOKS_AHEAD}


def sessions_of(kind: str, *columns: Any) -> Any:
    """Return the query for `columns` over an owner's sessions in the window; it takes `window`."""
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


def with_names(statement: Any) -> Any:
    """Return the statement with the groups and rooms of its sessions joined."""
    return (
        statement.join(Series.__table__, _series.id == _session.series_id)
        .outerjoin(Group.__table__, _group.id == _series.group_id)
        .outerjoin(Room.__table__, _room.id == _session.room_id)
    )
