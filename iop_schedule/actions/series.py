"""Weekly sessions: starting, changing and ending them. What was held is never rewritten."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select, update

from iop_schedule.actions import audit
from iop_schedule.actions.groups import fresh_code
from iop_schedule.actions.horizon import follow_rules
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.notices import take_back_moved, told_off_starts
from iop_schedule.actions.occurrences import Move, move_occurrence
from iop_schedule.domain.civil_time import instant, local_day, monday_of, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import (
    BadSeries,
    Change,
    Scope,
    Span,
    Split,
    WeeklyRule,
    split,
)
from iop_schedule.errors import NotFound
from iop_schedule.models import Occurrence, RosterEntry, Series, SeriesMember, Site, db
from iop_schedule.queries.access import (
    Actor,
    access_client,
    access_group,
    access_program,
    access_series,
)
from iop_schedule.queries.legal_places import check_places
from iop_schedule.queries.occurrences import begun_until
from iop_schedule.queries.series import (
    check_client_can_come,
    check_free,
    leader_at,
    room_at,
    rule_of,
)
from iop_schedule.vocabulary import (
    AuditKind,
    Modality,
    OccurrenceStatus,
    SeriesKind,
    ServiceType,
    Weekday,
)


@dataclass(frozen=True, slots=True)
class Meeting:
    """When, with whom and where a weekly session is held. Wall clock at the site."""

    weekday: Weekday
    local_start: time
    #: From start to end by the clock, breaks included.
    duration_minutes: int
    leader_id: int
    room_id: int | None = None
    break_minutes: int = 0
    every_weeks: int = 1


def create_meeting(
    *,
    actor: Actor,
    group_id: int,
    meeting: Meeting,
    from_day: date,
    until_day: date | None = None,
    now: datetime,
) -> Series:
    """Let a group meet once more a week, from a day until a day, and write out its sessions.

    Raises:
        BadSeries: a weekend, past midnight, or days in the past.
        NotPossible: the counselor does not work there, or the room is too small.
        TimeTaken: the counselor or the room is taken; the sentence names by what.
    """
    series = add_meeting(
        actor=actor, group_id=group_id, meeting=meeting, from_day=from_day, until_day=until_day, now=now
    )
    db.session.commit()
    return series


def add_meeting(
    *,
    actor: Actor,
    group_id: int,
    meeting: Meeting,
    from_day: date,
    until_day: date | None = None,
    now: datetime,
) -> Series:
    """Do what `create_meeting` does, inside the caller's transaction."""
    group = access_group(actor, group_id, Permission.PROGRAM_EDIT)
    program = group.program
    lock_schedule(program.site_id, leader_ids=[meeting.leader_id])
    check_not_past(from_day, program.site, now)
    rule = _rule(meeting, program.site, from_day, until_day)
    _check_meeting(actor, program.site, rule, meeting, seats=group.seats, now=now)
    series = Series(
        kind=SeriesKind.GROUP, group_id=group.id, code=fresh_code(group.name), site_id=program.site_id,
        program_id=program.id, service_type=group.service_type, modality=group.modality,
        created_at=now, **_series_columns(rule, meeting),
    )  # fmt: skip
    return _added(series, actor, now)


def create_individual(
    *,
    actor: Actor,
    client_id: int,
    program_id: int,
    meeting: Meeting,
    service_type: ServiceType = ServiceType.INDIVIDUAL,
    modality: Modality = Modality.IN_PERSON,
    from_day: date,
    until_day: date | None = None,
    now: datetime,
) -> Series:
    """Give a client a weekly session of their own, and write out its dates.

    Raises:
        As `create_meeting`; also CommitmentClash, TimeTaken and NotLegal when the client cannot come then.
    """
    series = add_individual(
        actor=actor, client_id=client_id, program_id=program_id, meeting=meeting, service_type=service_type,
        modality=modality, from_day=from_day, until_day=until_day, now=now,
    )  # fmt: skip
    db.session.commit()
    return series


def add_individual(
    *,
    actor: Actor,
    client_id: int,
    program_id: int,
    meeting: Meeting,
    service_type: ServiceType = ServiceType.INDIVIDUAL,
    modality: Modality = Modality.IN_PERSON,
    from_day: date,
    until_day: date | None = None,
    now: datetime,
) -> Series:
    """Do as `create_individual` inside the caller's transaction."""
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    program = access_program(actor, program_id, Permission.PLACEMENT_DECIDE)
    if program.site_id != client.site_id:
        raise NotFound
    lock_schedule(program.site_id, leader_ids=[meeting.leader_id])
    check_not_past(from_day, program.site, now)
    rule = _rule(meeting, program.site, from_day, until_day)
    _check_meeting(actor, program.site, rule, meeting, seats=1, now=now)
    check_client_can_come(client, rule, Span(from_day, until_day), modality=modality, now=now)
    series = Series(
        kind=SeriesKind.INDIVIDUAL, client_id=client.id, code=fresh_code("one-to-one"),
        site_id=program.site_id, program_id=program.id, service_type=service_type, modality=modality,
        created_at=now, **_series_columns(rule, meeting),
    )  # fmt: skip
    _added(series, actor, now)
    check_places(client, [series.id], Span(from_day, until_day))
    return series


def _added(series: Series, actor: Actor, now: datetime) -> Series:
    db.session.add(series)
    db.session.flush()
    record_series(AuditKind.SERIES_CREATED, actor, series, {"from": str(series.from_day)}, now=now)
    follow_rules(series.site, now=now, series_ids=[series.id])
    return series


def _rule(meeting: Meeting, site: Site, from_day: date, until_day: date | None) -> WeeklyRule:
    return WeeklyRule(
        weekday=meeting.weekday,
        local_start=meeting.local_start,
        duration_minutes=meeting.duration_minutes,
        break_minutes=meeting.break_minutes,
        every_weeks=meeting.every_weeks,
        zone=site.zone,
        from_day=from_day,
        until_day=until_day,
    )


def _series_columns(rule: WeeklyRule, meeting: Meeting) -> dict[str, object]:
    return {
        "weekday": int(rule.weekday),
        "local_start": rule.local_start,
        "duration_minutes": rule.duration_minutes,
        "break_minutes": rule.break_minutes,
        "every_weeks": rule.every_weeks,
        "from_day": rule.from_day,
        "until_day": rule.until_day,
        "leader_id": meeting.leader_id,
        "room_id": meeting.room_id,
    }


def check_not_past(day: date, site: Site, now: datetime) -> None:
    """Refuse a first day before today on the site's calendar."""
    if day < local_day(now, zone(site.zone)):
        message = "This day has passed. Choose today or later."
        raise BadSeries(message, field="from_day")


def _check_meeting(
    actor: Actor,
    site: Site,
    rule: WeeklyRule,
    meeting: Meeting,
    *,
    seats: int,
    ignore: Collection[int] = (),
    now: datetime,
) -> None:
    leader = leader_at(site, meeting.leader_id)
    room = room_at(site, meeting.room_id, seats=seats) if meeting.room_id is not None else None
    check_free(rule, actor=actor, leader=leader, room=room, ignore=ignore, now=now)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a change of a weekly session would do, checked but not done."""

    split: Split
    cut: date


def plan_change(
    actor: Actor, series: Series, *, scope: Scope, day: date | None, meeting: Meeting, now: datetime
) -> Planned:
    """Return what changing a weekly session from `day` on would do, or say why it cannot be.

    Args:
        actor: who asks.
        series: as it is.
        scope: FOLLOWING from `day` on, or ALL_FUTURE from the next session on.
        day: a day on which the series has a session; ignored for ALL_FUTURE.
        meeting: as it shall be.
        now: the current instant.

    Raises:
        As `create_meeting`; BadSeries also when `day` has no session or lies in the past.
    """
    rule, site = rule_of(series), series.site
    cut = _cut(rule, scope, day, begun=begun_until(series.id, now=now), now=now)
    today = local_day(now, zone(site.zone))
    begun = instant(today, meeting.local_start, zone(site.zone)) <= now
    result = split(
        rule,
        cut,
        Change(
            weekday=meeting.weekday,
            local_start=meeting.local_start,
            duration_minutes=meeting.duration_minutes,
            break_minutes=meeting.break_minutes,
            every_weeks=meeting.every_weeks,
        ),
        not_before=today + timedelta(days=1) if begun else today,
    )
    seats = series.group.seats if series.group else 1
    _check_meeting(actor, site, result.successor, meeting, seats=seats, ignore=[series.id], now=now)
    return Planned(result, cut)


def _cut(rule: WeeklyRule, scope: Scope, day: date | None, *, begun: date | None, now: datetime) -> date:
    """Return the first session day that changes: one that has not begun, here or where it was moved to."""
    earliest = local_day(now, zone(rule.zone))
    if begun is not None:
        earliest = max(earliest, begun + timedelta(days=1))
    if scope is Scope.FOLLOWING and day is not None:
        if rule.holds_on(day) and (day < earliest or rule.instants_on(day).start <= now):
            message = "This session has begun or is over. Choose a later one."
            raise BadSeries(message, field="day")
        return day
    first = rule.next_day(earliest)
    if first is not None and rule.instants_on(first).start <= now:
        first = rule.next_day(first + timedelta(days=1))
    if first is None:
        message = "This series has no sessions to come, so there is nothing to change."
        raise BadSeries(message, field="scope")
    return first


def change_series(
    *,
    actor: Actor,
    series_id: int,
    scope: Scope,
    day: date | None = None,
    meeting: Meeting,
    reason: str = "",
    now: datetime,
) -> Series:
    """Change one session, this and the following ones, or all to come; return the series that goes on.

    Sessions that were held keep their series, time and records. Those to come keep their identity, so
    that calendars see them move. One that someone changed on its own keeps its own time.

    Raises:
        NotFound, NotAllowed: not this person's to change.
        As `plan_change`; for THIS as `move_occurrence`.
    """
    series = _access(actor, series_id, now)
    if scope is Scope.THIS:
        occurrence_id, move = one_move(series, day, meeting, reason)
        move_occurrence(actor=actor, occurrence_id=occurrence_id, move=move, now=now)
        return series
    lock_schedule(series.site_id, leader_ids=[series.leader_id, meeting.leader_id])
    planned = plan_change(actor, series, scope=scope, day=day, meeting=meeting, now=now)
    told_off = told_off_starts(series.id, now=now)
    goes_on = _apply(series, planned, meeting, now)
    record_series(
        AuditKind.SERIES_CHANGED, actor, goes_on,
        {"from": str(planned.cut), "scope": str(scope), "was": series.id}, now=now,
    )  # fmt: skip
    follow_rules(series.site, now=now, series_ids={series.id, goes_on.id})
    take_back_moved(actor, told_off, now=now)
    db.session.commit()
    return goes_on


def _access(actor: Actor, series_id: int, now: datetime) -> Series:
    series = access_series(actor, series_id, Permission.PLACEMENT_DECIDE, now=now)
    if series.kind == SeriesKind.GROUP:
        actor.require(Permission.PROGRAM_EDIT)
    return series


def one_move(series: Series, day: date | None, meeting: Meeting, reason: str) -> tuple[int, Move]:
    """Return the dated session of a series on `day`, and where `meeting` would move it in its week.

    Raises:
        BadSeries: there is none.
    """
    found = db.session.scalars(
        select(Occurrence.id).where(Occurrence.series_id == series.id, Occurrence.original_day == day)
    ).one_or_none()
    if day is None or found is None:
        message = "This series has no session on that day. Choose one of its days."
        raise BadSeries(message, field="day")
    return found, Move(
        day=monday_of(day) + timedelta(days=int(meeting.weekday)),
        start=meeting.local_start,
        duration_minutes=meeting.duration_minutes,
        leader_id=meeting.leader_id,
        room_id=meeting.room_id,
        reason=reason,
    )


def _apply(series: Series, planned: Planned, meeting: Meeting, now: datetime) -> Series:
    columns = _series_columns(planned.split.successor, meeting)
    if planned.split.ended is None:
        for name, value in columns.items():
            setattr(series, name, value)
        db.session.flush()
        return series
    successor = Series(
        kind=series.kind, group_id=series.group_id, client_id=series.client_id, site_id=series.site_id,
        program_id=series.program_id, service_type=series.service_type, modality=series.modality,
        code=fresh_code(series.code.rsplit("-", 1)[0]), predecessor_id=series.id, created_at=now, **columns,
    )  # fmt: skip
    series.until_day = planned.split.ended.until_day
    db.session.add(successor)
    db.session.flush()
    _hand_over(series, successor, planned.cut, now)
    return successor


def _hand_over(series: Series, successor: Series, cut: date, now: datetime) -> None:
    """Give the sessions to come and the places in them to the successor."""
    db.session.execute(
        update(Occurrence)
        .where(Occurrence.series_id == series.id, Occurrence.original_day >= cut, Occurrence.starts_at > now)
        .values(series_id=successor.id)
        .execution_options(synchronize_session=False)
    )
    last = cut - timedelta(days=1)
    for member in places_in(series.id):
        if member.until_day is not None and member.until_day < cut:
            continue
        if member.from_day >= cut:
            member.series_id = successor.id
            continue
        db.session.add(
            SeriesMember(
                series_id=successor.id,
                client_id=member.client_id,
                from_day=max(member.from_day, successor.from_day),
                until_day=member.until_day,
                week=member.week,
            )
        )
        member.until_day = last
    db.session.flush()


def places_in(series_id: int) -> list[SeriesMember]:
    """Return every place ever taken in a series, in the order they were given."""
    statement = select(SeriesMember).where(SeriesMember.series_id == series_id).order_by(SeriesMember.id)
    return list(db.session.scalars(statement))


def end_series(*, actor: Actor, series_id: int, last_day: date, now: datetime) -> Series:
    """Let a weekly session and the places in it end with `last_day`; later dates are cancelled.

    Raises:
        BadSeries: `last_day` lies before yesterday, so sessions that were held would lose their series.
    """
    series = _access(actor, series_id, now)
    lock_schedule(series.site_id)
    close_series(series, last_day, now)
    record_series(AuditKind.SERIES_ENDED, actor, series, {"last_day": str(last_day)}, now=now)
    follow_rules(series.site, now=now, series_ids=[series.id])
    db.session.commit()
    return series


def close_series(series: Series, last_day: date, now: datetime) -> None:
    """End a series and the places in it, inside the caller's transaction."""
    check_last_day(last_day, series.site, now)
    if series.until_day is not None and series.until_day <= last_day:
        message = f"This already ends on {series.until_day:%B} {series.until_day.day}."
        raise BadSeries(message, field="last_day")
    if last_day < series.from_day:
        # Never held: a single day that is not its weekday gives no sessions.
        off = last_day if last_day.weekday() != series.weekday else last_day - timedelta(days=1)
        series.from_day = off
        last_day = off
    series.until_day = last_day
    for member in places_in(series.id):
        end_place(member, last_day, now)


def check_last_day(last_day: date, site: Site, now: datetime) -> None:
    """Refuse a last day that would take sessions that were held out of their series."""
    if last_day < local_day(now, zone(site.zone)) - timedelta(days=1):
        message = "What was held stays as it was. Choose yesterday, today or a later day as the last day."
        raise BadSeries(message, field="last_day")


def end_place(member: SeriesMember, last_day: date, now: datetime) -> bool:
    """End a place with `last_day`; one that never began is taken away. Return True when it changed.

    One that began after `last_day` lasts until the day of the last session in it that has begun.
    """
    before = member.until_day
    if before is not None and before <= last_day:
        return False
    end = last_day if member.from_day <= last_day else _last_begun(member, now)
    if end is None:
        db.session.delete(member)
        return True
    member.until_day = end
    return end != before


def _last_begun(member: SeriesMember, now: datetime) -> date | None:
    """Return the last day on which a session began that someone was expected at by their place."""
    return db.session.scalar(
        select(func.max(Occurrence.local_day))
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            Occurrence.series_id == member.series_id,
            Occurrence.starts_at <= now,
            Occurrence.local_day >= member.from_day,
            Occurrence.status == OccurrenceStatus.PLANNED,
            RosterEntry.client_id == member.client_id,
            RosterEntry.released_at.is_(None),
        )
    )


def record_series(
    kind: AuditKind, actor: Actor, series: Series, details: Mapping[str, object], *, now: datetime
) -> None:
    """Write the audit row of a change to a series."""
    shown = {
        "weekday": series.weekday,
        "start": series.local_start.isoformat("minutes"),
        "minutes": series.duration_minutes,
        "leader": series.leader_id,
        "room": series.room_id,
    }
    audit.record(
        kind, actor=actor, now=now, subject=("series", series.id), client_id=series.client_id,
        site_id=series.site_id, details={**details, **shown},
    )  # fmt: skip
