"""Sites, programs, rooms and closures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from iop_schedule.actions import audit
from iop_schedule.actions.groups import fresh_code
from iop_schedule.actions.horizon import follow_rules
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.occurrences import Closed
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Closure, Group, Occurrence, Program, Room, Series, Site, db
from iop_schedule.queries.access import Actor, access_program, access_room, access_site
from iop_schedule.vocabulary import AuditKind, LevelOfCare, OccurrenceStatus

LONGEST_NAME = 200
LONGEST_CLOSURE = 366


@dataclass(frozen=True, slots=True)
class SiteDetails:
    """What a site is called, where it is, and its time zone."""

    name: str
    zone: str
    address: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class ProgramDetails:
    """A program with the numbers its payer and state ask for."""

    name: str
    level_of_care: LevelOfCare = LevelOfCare.IOP_ADULT
    minimum_minutes: int = 540
    minimum_days: int = 3
    minimum_source: str = ""
    horizon_weeks: int = 12
    spares_scarce_seats: bool = True
    alternating_weeks: bool = False
    make_up_days: int = 7
    late_entry_hours: int = 24
    cancel_notice_hours: int = 0
    self_check_in: bool = True
    check_in_before_minutes: int = 15
    check_in_after_minutes: int = 30


@dataclass(frozen=True, slots=True)
class RoomDetails:
    """A room and how many people it seats."""

    name: str
    seats: int


def change_site(*, actor: Actor, site_id: int, details: SiteDetails, now: datetime) -> Site:
    """Change a site; in a new zone every session to come keeps its wall clock.

    Raises:
        UnknownZone: not an IANA time zone.
        NotPossible: no name, a text that is too long, or another zone for a site where sessions have been
            held or changed on their own: their times would read differently.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    _within(details.name, "name", LONGEST_NAME, needed=True)
    _within(details.address, "address", 300)
    _within(details.phone, "phone", 40)
    zone(details.zone)
    lock_schedule(site.id)
    was = site.zone
    if details.zone != was:
        _nothing_held(site, now)
        _nothing_moved(site)
    site.name, site.zone = details.name.strip(), details.zone
    site.address, site.phone = details.address.strip(), details.phone.strip()
    _record(AuditKind.SITE_CHANGED, actor, ("site", site.id), site.id, {"zone": [was, site.zone]}, now=now)
    if was != site.zone:
        follow_rules(site, now=now)
    db.session.commit()
    return site


def _nothing_held(site: Site, now: datetime) -> None:
    begun = select(Occurrence.id).where(Occurrence.site_id == site.id, Occurrence.starts_at <= now).limit(1)
    if db.session.scalars(begun).first() is not None:
        message = (
            f"Sessions have been held here in {site.zone}; what was held keeps its time. "
            "Keep the time zone, or open a new site for a place in another one."
        )
        raise NotPossible(message, field="zone")


def _nothing_moved(site: Site) -> None:
    """Refuse another zone while a session that no weekly time decides would keep its instant in it."""
    changed = select(func.min(Occurrence.local_day)).where(
        Occurrence.site_id == site.id, Occurrence.edited, Occurrence.status == OccurrenceStatus.PLANNED
    )
    day = db.session.scalar(changed)
    if day is not None:
        message = (
            f"A session on {day:%A}, {day:%B} {day.day} was changed on its own; in another time zone its "
            "time would read differently. Bring it back to its usual time first."
        )
        raise NotPossible(message, field="zone")


def save_program(
    *, actor: Actor, site_id: int, program_id: int | None = None, details: ProgramDetails, now: datetime
) -> Program:
    """Add a program to a site, or change one.

    Raises:
        NotPossible: a number that no week can hold; the error names the field.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    _check_program(details)
    lock_schedule(site.id)
    if program_id is None:
        program = Program(site_id=site.id, code=fresh_code(details.name))
        db.session.add(program)
    else:
        program = access_program(actor, program_id, Permission.PROGRAM_EDIT)
        if program.site_id != site.id:
            raise NotFound
    program.name, program.level_of_care = details.name.strip(), details.level_of_care
    program.minimum_minutes, program.minimum_days = details.minimum_minutes, details.minimum_days
    program.minimum_source, program.horizon_weeks = details.minimum_source.strip(), details.horizon_weeks
    program.spares_scarce_seats = details.spares_scarce_seats
    program.alternating_weeks = details.alternating_weeks
    program.make_up_days, program.self_check_in = details.make_up_days, details.self_check_in
    program.late_entry_hours = details.late_entry_hours
    program.cancel_notice_hours = details.cancel_notice_hours
    program.check_in_before_minutes = details.check_in_before_minutes
    program.check_in_after_minutes = details.check_in_after_minutes
    db.session.flush()
    numbers = {
        "minutes": details.minimum_minutes,
        "days": details.minimum_days,
        "weeks": details.horizon_weeks,
        "spares_scarce_seats": details.spares_scarce_seats,
        "alternating_weeks": details.alternating_weeks,
        "make_up_days": details.make_up_days,
        "late_entry_hours": details.late_entry_hours,
        "cancel_notice_hours": details.cancel_notice_hours,
        "self_check_in": details.self_check_in,
    }
    _record(AuditKind.PROGRAM_CHANGED, actor, ("program", program.id), site.id, numbers, now=now)
    follow_rules(site, now=now, series_ids=_series_of(program.id))
    db.session.commit()
    return program


def _check_program(details: ProgramDetails) -> None:
    _within(details.name, "name", LONGEST_NAME, needed=True)
    _within(details.minimum_source, "minimum_source", 300)
    for name, smallest, largest, sentence in (
        ("minimum_minutes", 0, 3000, "Enter 0 to 50 hours a week."),
        ("minimum_days", 0, 5, "Enter 0 to 5 days; treatment happens Monday to Friday."),
        ("horizon_weeks", 1, 52, "Enter 1 to 52 weeks."),
        ("make_up_days", 0, 31, "Enter 0 to 31 days."),
        ("late_entry_hours", 1, 168, "Enter 1 to 168 hours."),
        ("cancel_notice_hours", 0, 168, "Enter 0 to 168 hours."),
        ("check_in_before_minutes", 0, 120, "Enter 0 to 120 minutes."),
        ("check_in_after_minutes", 0, 120, "Enter 0 to 120 minutes."),
    ):
        if not smallest <= getattr(details, name) <= largest:
            raise NotPossible(sentence, field=name)


def _series_of(program_id: int) -> list[int]:
    return list(db.session.scalars(select(Series.id).where(Series.program_id == program_id)))


def save_room(
    *, actor: Actor, site_id: int, room_id: int | None = None, details: RoomDetails, now: datetime
) -> Room:
    """Add a room to a site, or change one.

    Raises:
        NotPossible: fewer seats than a group that meets there needs.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    _within(details.name, "name", LONGEST_NAME, needed=True)
    if not 1 <= details.seats <= 1000:  # noqa: PLR2004 - a hall
        message = "Enter 1 to 1,000 seats."
        raise NotPossible(message, field="seats")
    lock_schedule(site.id)
    if room_id is None:
        room = Room(site_id=site.id, code=fresh_code(details.name))
        db.session.add(room)
    else:
        room = access_room(actor, room_id, Permission.PROGRAM_EDIT)
        if room.site_id != site.id:
            raise NotFound
        _still_large_enough(room, details.seats, local_day(now, zone(site.zone)))
    room.name, room.seats = details.name.strip(), details.seats
    db.session.flush()
    _record(AuditKind.ROOM_CHANGED, actor, ("room", room.id), site.id, {"seats": room.seats}, now=now)
    db.session.commit()
    return room


def _still_large_enough(room: Room, seats: int, today: date) -> None:
    needed = db.session.scalar(
        select(func.max(Group.seats))
        .join(Series, Series.group_id == Group.id)
        .where(Series.room_id == room.id, (Series.until_day.is_(None)) | (Series.until_day >= today))
    )
    if needed is not None and seats < needed:
        message = f"A group with {needed} seats meets here. Enter at least {needed}, or move the group first."
        raise NotPossible(message, field="seats")


def add_closure(
    *,
    actor: Actor,
    site_id: int,
    program_id: int | None = None,
    closed: Closed,
    now: datetime,
) -> Closure:
    """Close a site, or one program of it, for some days; sessions to come on them are cancelled.

    Raises:
        NotPossible: a day in the past, no name, longer than a year, or entered before.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    program = access_program(actor, program_id, Permission.PROGRAM_EDIT) if program_id is not None else None
    if program is not None and program.site_id != site.id:
        raise NotFound
    check_closure(closed, today=local_day(now, zone(site.zone)))
    lock_schedule(site.id)
    if _is_entered(site.id, program_id, closed):
        message = "These days are closed already."
        raise NotPossible(message, field="from_day")
    closure = Closure(
        site_id=site.id,
        program_id=program_id,
        from_day=closed.from_day,
        until_day=closed.until_day,
        name=closed.name.strip(),
    )
    db.session.add(closure)
    db.session.flush()
    _record(AuditKind.CLOSURE_ADDED, actor, ("closure", closure.id), site.id, _days(closure), now=now)
    follow_rules(site, now=now, period=closed)
    db.session.commit()
    return closure


def check_closure(closed: Closed, *, today: date) -> None:
    """Refuse a closure that has passed or begun, has no name or never ends."""
    _within(closed.name, "name", LONGEST_NAME, needed=True)
    if closed.until_day < today:
        message = "These days have passed. Choose days still to come."
        raise NotPossible(message, field="from_day")
    if closed.from_day < today:
        message = "Sessions before today stay as they were recorded. Choose today or a later first day."
        raise NotPossible(message, field="from_day")
    if (closed.until_day - closed.from_day).days > LONGEST_CLOSURE:
        message = "A closure lasts a year at most. Check its last day."
        raise NotPossible(message, field="until_day")


def _is_entered(site_id: int, program_id: int | None, closed: Closed) -> bool:
    same = select(Closure.id).where(
        Closure.site_id == site_id,
        Closure.program_id.is_(None) if program_id is None else Closure.program_id == program_id,
        Closure.from_day == closed.from_day,
        Closure.until_day == closed.until_day,
    )
    return db.session.scalars(same).first() is not None


def remove_closure(*, actor: Actor, closure_id: int, now: datetime) -> None:
    """Open again on days that were to be closed; sessions to come return at their usual time.

    Of a closure that has begun the days before today stay on record.

    Raises:
        NotFound: no such closure at one of the actor's sites.
        NotPossible: it is over; what was closed stays on record.
    """
    actor.require(Permission.PROGRAM_EDIT)
    closure = db.session.scalars(
        select(Closure).where(Closure.id == closure_id, Closure.site_id.in_(actor.site_ids))
    ).one_or_none()
    if closure is None:
        raise NotFound
    site = closure.site
    today = local_day(now, zone(site.zone))
    if closure.until_day < today:
        message = "These days are over, so the closure stays on record."
        raise NotPossible(message)
    lock_schedule(site.id)
    _record(AuditKind.CLOSURE_REMOVED, actor, ("closure", closure.id), site.id, _days(closure), now=now)
    period = Closed(closure.from_day, closure.until_day)
    yesterday = today - timedelta(days=1)
    begun = closure.from_day <= yesterday
    if begun and not _is_entered(site.id, closure.program_id, Closed(closure.from_day, yesterday)):
        closure.until_day = yesterday
    else:
        db.session.delete(closure)
    follow_rules(site, now=now, period=period)
    db.session.commit()


def _days(closure: Closure) -> dict[str, object]:
    return {
        "from": str(closure.from_day),
        "until": str(closure.until_day),
        "program": closure.program_id,
    }


def _within(text: str, field: str, most: int, *, needed: bool = False) -> None:
    if needed and not text.strip():
        message = "Enter a name."
        raise NotPossible(message, field=field)
    if len(text) > most:
        message = f"Keep this under {most} characters."
        raise NotPossible(message, field=field)


def _record(
    kind: AuditKind,
    actor: Actor,
    subject: tuple[str, int],
    site_id: int,
    details: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    audit.record(kind, actor=actor, now=now, subject=subject, site_id=site_id, details=dict(details))
