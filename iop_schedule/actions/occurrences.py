"""Dated sessions: writing them out ahead of time, and changing one of them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.horizon import Extended, follow_rules, series_in_batches
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.notices import take_back_moved, told_off_starts
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.occurrences import BadTime, check_changeable, moved_to
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import LONGEST, SHORTEST, TimeTaken
from iop_schedule.errors import NotPossible
from iop_schedule.models import Occurrence, Room, Site, User, db
from iop_schedule.queries.access import Actor, access_occurrence
from iop_schedule.queries.occurrences import (
    OtherSession,
    at_that_time,
    attendance_exists,
    clients_busy,
    closures_of,
    existing_of,
    expected_at,
    first_of,
)
from iop_schedule.queries.series import leader_at, room_at, rule_of
from iop_schedule.vocabulary import AuditKind, CancelCause, OccurrenceStatus, SeriesKind

LONGEST_REASON = 300


class BadReason(NotPossible):
    """Keep the reason under 300 characters."""


@dataclass(frozen=True, slots=True)
class Move:
    """Where one session goes. Wall clock at its site."""

    day: date
    start: time
    #: From start to end by the clock, breaks included.
    duration_minutes: int
    leader_id: int
    room_id: int | None
    #: Why, in words clients may read.
    reason: str = ""


def extend_horizon(*, now: datetime, site_id: int | None = None) -> Extended:
    """Write weekly series out as dated sessions up to each program's horizon; return what changed.

    In short transactions, so that nobody waits long. Running it again changes nothing.
    """
    db.session.rollback()
    wanted = select(Site.id).order_by(Site.id)
    if site_id is not None:
        wanted = wanted.where(Site.id == site_id)
    total = Extended()
    for one in db.session.scalars(wanted).all():
        for batch in series_in_batches(db.session.get_one(Site, one), now=now):
            total += _extend(one, batch, now=now)
    db.session.commit()
    return total


def _extend(site_id: int, series_ids: list[int], *, now: datetime) -> Extended:
    lock_schedule(site_id)
    done = follow_rules(db.session.get_one(Site, site_id), now=now, series_ids=series_ids)
    if done.anything:
        audit.record(
            AuditKind.OCCURRENCES_EXTENDED,
            actor=None,
            now=now,
            subject=("site", site_id),
            site_id=site_id,
            details={"created": done.created, "changed": done.changed, "cancelled": done.cancelled},
        )
    db.session.commit()
    return done


def move_occurrence(*, actor: Actor, occurrence_id: int, move: Move, now: datetime) -> Occurrence:
    """Hold one session at another time, with another counselor or in another room; the series stays.

    Raises:
        NotFound, NotAllowed: not this person's to change.
        SessionStands: it has begun or has attendance.
        BadTime: a weekend, a closed day, the past, or too far ahead.
        TimeTaken: the counselor, the room or (one-to-one) the client is taken then.
    """
    occurrence = apply_move(actor, occurrence_id, move, now=now)
    db.session.commit()
    return occurrence


def apply_move(actor: Actor, occurrence_id: int, move: Move, *, now: datetime) -> Occurrence:
    """Move one session inside the caller's transaction; raises as `move_occurrence`.

    Who cannot come at the former time is expected at the new one.
    """
    occurrence = _to_change(actor, occurrence_id, leader_id=move.leader_id, now=now)
    when = check_move(actor, occurrence, move, now=now)
    before, told_off = _shown(occurrence), told_off_starts(occurrence.series_id, now=now)
    occurrence.local_day = move.day
    occurrence.starts_at, occurrence.ends_at = when.start, when.end
    occurrence.leader_id, occurrence.room_id = move.leader_id, move.room_id
    occurrence.double_booked = False
    occurrence.status, occurrence.cancel_cause = OccurrenceStatus.PLANNED, None
    occurrence.break_minutes = min(occurrence.break_minutes, max(0, move.duration_minutes - 1))
    _note(occurrence, _reason(move.reason), now)
    _record(AuditKind.OCCURRENCE_MOVED, actor, occurrence, before=before, now=now)
    db.session.flush()
    follow_rules(occurrence.site, now=now, series_ids=[occurrence.series_id])
    take_back_moved(actor, told_off, now=now)
    return occurrence


def check_move(actor: Actor, occurrence: Occurrence, move: Move, *, now: datetime) -> Interval[datetime]:
    """Return when the moved session would begin and end, or raise as `move_occurrence` does."""
    site, series = occurrence.site, occurrence.series
    _still_to_come(occurrence, now)
    _reason(move.reason)
    if not SHORTEST <= move.duration_minutes <= LONGEST:
        backwards = move.duration_minutes <= 0
        message = f"A session lasts {SHORTEST} minutes to {LONGEST // 60} hours. Check start and end."
        raise BadTime("The end must be after the start." if backwards else message, field="end")
    horizon = local_day(now, zone(site.zone)) + timedelta(weeks=series.program.horizon_weeks)
    if move.day > horizon:
        message = f"Choose a day until {horizon:%B} {horizon.day}, {horizon.year}."
        raise BadTime(message, field="day")
    when = moved_to(
        move.day,
        move.start,
        duration_minutes=move.duration_minutes,
        zone_name=site.zone,
        closures=closures_of(site.id, series.program_id),
        now=now,
    )
    leader_at(site, move.leader_id)
    if move.room_id is not None:
        room_at(site, move.room_id, seats=series.group.seats if series.group else 1)
    _check_free(actor, occurrence, move, when)
    return when


def _check_free(actor: Actor, occurrence: Occurrence, move: Move, when: Interval[datetime]) -> None:
    others = at_that_time(when.start, when.end, ignore=[occurrence.id])
    led = first_of(others.where(Occurrence.leader_id == move.leader_id))
    if led is not None:
        leader = db.session.get_one(User, move.leader_id)
        message = f"{leader.name} already leads {_named(led, actor)} then. Choose another time or counselor."
        raise TimeTaken(message, field="leader")
    if move.room_id is not None:
        held = first_of(others.where(Occurrence.room_id == move.room_id))
        if held is not None:
            room = db.session.get_one(Room, move.room_id)
            message = f"{room.name} is taken by {_named(held, actor)} then. Choose another time or room."
            raise TimeTaken(message, field="room")
    if occurrence.series.kind == SeriesKind.INDIVIDUAL:
        people = [entry.client_id for entry in expected_at(occurrence.id)]
        busy = clients_busy(people, when.start, when.end, ignore=[occurrence.id])
        for other in busy.values():
            message = f"The client has {_named(other, actor)} then. Choose another time."
            raise TimeTaken(message, field="start")


def _named(other: OtherSession, actor: Actor) -> str:
    return other.what if other.site_id in actor.site_ids else "a session at another site"


def cancel_occurrence(*, actor: Actor, occurrence_id: int, reason: str, now: datetime) -> Occurrence:
    """Do not hold one session; everyone stays on its roster and is told.

    Raises:
        NotFound, NotAllowed: not this person's to change.
        SessionStands: it has begun or has attendance.
        BadReason: no reason, or too long a one.
    """
    occurrence = apply_cancellation(actor, occurrence_id, reason, now=now)
    db.session.commit()
    return occurrence


def apply_cancellation(actor: Actor, occurrence_id: int, reason: str, *, now: datetime) -> Occurrence:
    """Cancel one session inside the caller's transaction; raises as `cancel_occurrence`."""
    occurrence = _to_change(actor, occurrence_id, now=now)
    words = _reason(reason)
    if not words:
        message = "Write a short reason. People who were expected will read it."
        raise BadReason(message, field="reason")
    if occurrence.cancel_cause == CancelCause.BY_HAND and occurrence.status_reason == words:
        return occurrence
    before = _shown(occurrence)
    occurrence.status, occurrence.cancel_cause = OccurrenceStatus.CANCELLED, CancelCause.BY_HAND
    _note(occurrence, words, now)
    _record(AuditKind.OCCURRENCE_CANCELLED, actor, occurrence, before=before, now=now)
    return occurrence


def restore_occurrence(*, actor: Actor, occurrence_id: int, now: datetime) -> Occurrence:
    """Hold a cancelled or moved session after all, at the time its series gives.

    Raises:
        NotFound, NotAllowed, SessionStands: as in `cancel_occurrence`.
        NotPossible: the series no longer meets then, or the site is closed.
        TimeTaken: the counselor or the room has been given away meanwhile.
    """
    occurrence = _to_change(actor, occurrence_id, leader_id=None, now=now)
    _check_returns(occurrence, now=now)
    before, told_off = _shown(occurrence), told_off_starts(occurrence.series_id, now=now)
    occurrence.status, occurrence.cancel_cause = OccurrenceStatus.CANCELLED, CancelCause.ENDED
    occurrence.edited, occurrence.status_reason = False, ""
    _record(AuditKind.OCCURRENCE_RESTORED, actor, occurrence, before=before, now=now)
    db.session.flush()
    follow_rules(occurrence.site, now=now, series_ids=[occurrence.series_id])
    if occurrence.status != OccurrenceStatus.PLANNED:
        message = f"It cannot be held then: {occurrence.status_reason}"
        db.session.rollback()
        raise NotPossible(message)
    start = occurrence.starts_at.astimezone(zone(occurrence.site.zone))
    length = int((occurrence.ends_at - occurrence.starts_at).total_seconds()) // 60
    move = Move(start.date(), start.time(), length, occurrence.leader_id, occurrence.room_id)
    try:
        _check_free(actor, occurrence, move, Interval(occurrence.starts_at, occurrence.ends_at))
    except TimeTaken:
        db.session.rollback()
        raise
    take_back_moved(actor, told_off, now=now)
    db.session.commit()
    return occurrence


def _check_returns(occurrence: Occurrence, *, now: datetime) -> None:
    """Refuse to bring a session back to a time that has passed."""
    rule = rule_of(occurrence.series)
    if rule.instants_on(occurrence.original_day).start <= now:
        message = "Its usual time has passed. Move it to a day still to come instead."
        raise NotPossible(message)


def _to_change(
    actor: Actor, occurrence_id: int, *, leader_id: int | None = None, now: datetime
) -> Occurrence:
    """Return a session still to come that `actor` may change, with the site's schedule locked."""
    occurrence = access_occurrence(actor, occurrence_id, Permission.PLACEMENT_DECIDE, now=now)
    if occurrence.series.kind == SeriesKind.GROUP:
        actor.require(Permission.PROGRAM_EDIT)
    leaders = {occurrence.leader_id, occurrence.series.leader_id, leader_id or occurrence.leader_id}
    lock_schedule(occurrence.site_id, leader_ids=leaders)
    # Held against attendance being taken at the same moment.
    db.session.refresh(occurrence, with_for_update=True)
    _still_to_come(occurrence, now)
    return occurrence


def _still_to_come(occurrence: Occurrence, now: datetime) -> None:
    check_changeable(existing_of(occurrence, attended=attendance_exists(occurrence.id)), now=now)


def _reason(text: str) -> str:
    words = " ".join(text.split())
    if len(words) > LONGEST_REASON:
        raise BadReason(field="reason")
    return words


def _note(occurrence: Occurrence, reason: str, now: datetime) -> None:
    occurrence.edited = True
    occurrence.status_reason = reason
    occurrence.revision += 1
    occurrence.updated_at = now


def _shown(occurrence: Occurrence) -> dict[str, object]:
    return {
        "starts_at": occurrence.starts_at.isoformat(),
        "ends_at": occurrence.ends_at.isoformat(),
        "leader": occurrence.leader_id,
        "room": occurrence.room_id,
        "status": str(occurrence.status),
    }


def _record(
    kind: AuditKind, actor: Actor, occurrence: Occurrence, *, before: dict[str, object], now: datetime
) -> None:
    audit.record(
        kind,
        actor=actor,
        now=now,
        subject=("occurrence", occurrence.id),
        client_id=occurrence.series.client_id,
        site_id=occurrence.site_id,
        details={"before": before, "after": _shown(occurrence)},
    )
