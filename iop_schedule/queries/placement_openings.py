"""Which rooms and counselors of a site are free when, for groups that might be opened."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain import civil_time
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.placement import FreeCounselor, FreeRoom
from iop_schedule.models import CounselorLimit, RoleRow, Room, Series, Site, User, db
from iop_schedule.models.people import user_site
from iop_schedule.vocabulary import Role, Weekday


def free_rooms(site: Site, day: date) -> list[FreeRoom]:
    """Return the rooms of a site with what meets in them weekly on `day` or later."""
    rooms = db.session.scalars(select(Room).where(Room.site_id == site.id).order_by(Room.id)).all()
    held = _to_come(day).where(Series.room_id.in_([room.id for room in rooms]))
    by_room: dict[int | None, list[Series]] = defaultdict(list)
    for series in db.session.scalars(held):
        by_room[series.room_id].append(series)
    return [FreeRoom(str(room.id), room.seats, _busy(by_room[room.id])) for room in rooms]


def free_counselors(site: Site, day: date) -> list[FreeCounselor]:
    """Return the counselors of a site with what they lead weekly on `day` or later, here and elsewhere.

    They speak the languages that were said with their hours, and those of the groups they lead; where nobody
    has said, they may lead in any.
    """
    works_here = (
        select(User)
        .join(user_site, user_site.c.user_id == User.id)
        .where(user_site.c.site_id == site.id, User.active, User.roles.any(RoleRow.name == Role.COUNSELOR))
    )
    users = db.session.scalars(works_here.order_by(User.id)).unique().all()
    led: dict[int, list[Series]] = defaultdict(list)
    of_them = _to_come(day).where(Series.leader_id.in_([user.id for user in users]))
    for series in db.session.scalars(of_them.options(joinedload(Series.group))):
        led[series.leader_id].append(series)
    said = {
        limit.user_id: limit.languages
        for limit in db.session.scalars(select(CounselorLimit).where(CounselorLimit.site_id == site.id))
    }
    return [
        FreeCounselor(
            str(user.id),
            _busy(led[user.id]),
            frozenset(said[user.id]) | {one.group.language for one in led[user.id] if one.group}
            if user.id in said
            else frozenset(),
        )
        for user in users
    ]


@dataclass(frozen=True, slots=True)
class OpeningNames:
    """What the counselors and rooms of groups that might be opened are called, by id."""

    leaders: Mapping[int, str]
    rooms: Mapping[int, str]


def opening_names(summary: Mapping[str, Any]) -> OpeningNames:
    """Return the names in what a run about new groups found; the caller may see the run."""
    groups = [group for found in summary.get("openings", ()) for group in found["groups"]]
    leaders = {group.get("leader_id", 0) for group in groups}
    rooms = {group.get("room_id", 0) for group in groups}
    users = db.session.scalars(select(User).where(User.id.in_(leaders))).unique() if groups else ()
    places = db.session.scalars(select(Room).where(Room.id.in_(rooms))) if groups else ()
    return OpeningNames({user.id: user.name for user in users}, {room.id: room.name for room in places})


def _to_come(day: date) -> Select[Series]:
    return select(Series).where(or_(Series.until_day.is_(None), Series.until_day >= day)).order_by(Series.id)


def _busy(held: Iterable[Series]) -> dict[Weekday, list[Interval[int]]]:
    found: dict[Weekday, list[Interval[int]]] = {}
    for series in held:
        start = civil_time.minutes_of_day(series.local_start)
        taken = Interval(start, start + series.duration_minutes)
        found.setdefault(Weekday(series.weekday), []).append(taken)
    return found
