"""An administrator's sites with their rooms and programs."""

from dataclasses import dataclass

from sqlalchemy import select

from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Program, Room, Site, db
from iop_schedule.queries.access import Actor


@dataclass(frozen=True, slots=True)
class RoomPlace:
    """One room."""

    id: int
    site_id: int
    name: str
    seats: int


@dataclass(frozen=True, slots=True)
class ProgramPlace:
    """One program with its numbers."""

    id: int
    site_id: int
    name: str
    level_of_care: str
    minimum_minutes: int
    minimum_days: int
    minimum_source: str
    horizon_weeks: int
    spares_scarce_seats: bool
    alternating_weeks: bool
    make_up_days: int
    late_entry_hours: int
    cancel_notice_hours: int
    self_check_in: bool
    check_in_before_minutes: int
    check_in_after_minutes: int


@dataclass(frozen=True, slots=True)
class SitePlace:
    """One site with its programs and rooms, by name."""

    id: int
    name: str
    zone: str
    address: str
    phone: str
    programs: tuple[ProgramPlace, ...]
    rooms: tuple[RoomPlace, ...]


def places(actor: Actor) -> list[SitePlace]:
    """Return the actor's sites with their programs and rooms, by name."""
    actor.require(Permission.PROGRAM_EDIT)
    mine = actor.site_ids
    sites = db.session.scalars(select(Site).where(Site.id.in_(mine)).order_by(Site.name, Site.id))
    programs = db.session.scalars(
        select(Program).where(Program.site_id.in_(mine)).order_by(Program.name, Program.id)
    ).all()
    rooms = db.session.scalars(select(Room).where(Room.site_id.in_(mine)).order_by(Room.name, Room.id)).all()
    return [
        SitePlace(
            id=site.id,
            name=site.name,
            zone=site.zone,
            address=site.address,
            phone=site.phone,
            programs=tuple(program_place(one) for one in programs if one.site_id == site.id),
            rooms=tuple(room_place(one) for one in rooms if one.site_id == site.id),
        )
        for site in sites
    ]


def room_place(room: Room) -> RoomPlace:
    """Return a room the caller has reached through the door."""
    return RoomPlace(room.id, room.site_id, room.name, room.seats)


def program_place(program: Program) -> ProgramPlace:
    """Return a program the caller has reached through the door."""
    return ProgramPlace(
        id=program.id,
        site_id=program.site_id,
        name=program.name,
        level_of_care=program.level_of_care,
        minimum_minutes=program.minimum_minutes,
        minimum_days=program.minimum_days,
        minimum_source=program.minimum_source,
        horizon_weeks=program.horizon_weeks,
        spares_scarce_seats=program.spares_scarce_seats,
        alternating_weeks=program.alternating_weeks,
        make_up_days=program.make_up_days,
        late_entry_hours=program.late_entry_hours,
        cancel_notice_hours=program.cancel_notice_hours,
        self_check_in=program.self_check_in,
        check_in_before_minutes=program.check_in_before_minutes,
        check_in_after_minutes=program.check_in_after_minutes,
    )
