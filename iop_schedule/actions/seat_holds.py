"""Keeping seats for a client while they think about it. A hold ends by itself; nothing has to run."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select, update

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.domain.civil_time import local_day, weeks_within, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import EVERY_WEEK, Place, SeatsTaken, Span, most_in_a_week
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Client, SeatHold, Series, db
from iop_schedule.queries.access import Actor, access_client, access_series
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.keep_apart import closed_series
from iop_schedule.queries.seat_holds import held_for_others, in_force
from iop_schedule.queries.series import check_weeks, taken_places
from iop_schedule.vocabulary import AuditKind, SeriesKind, WeekParity

#: How long a seat is held.
HELD_FOR = timedelta(hours=48)


def hold_seats(
    *,
    actor: Actor,
    client_id: int,
    series_ids: Collection[int],
    from_day: date,
    weeks: Mapping[int, WeekParity] = EVERY_WEEK,
    now: datetime,
) -> datetime:
    """Hold a seat in each of these weekly sessions for a client; all or none. Return until when.

    Seats held for them before are given back: what is held is always one plan. A seat is held in the weeks
    that `weeks` says by series, every week where it says nothing.

    Raises:
        NotFound: the client or a session is not this person's to decide.
        NotPossible: nothing was chosen, the first day has passed, or a session is for one client.
        SeatsTaken: a seat is gone.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    wanted = [
        access_series(actor, one, Permission.PLACEMENT_DECIDE, now=now) for one in sorted(set(series_ids))
    ]
    if any(series.site_id != client.site_id for series in wanted):
        raise NotFound
    if not wanted:
        message = "Choose at least one session."
        raise NotPossible(message)
    if from_day < local_day(now, zone(client.site.zone)):
        message = "Choose today or a later day."
        raise NotPossible(message, field="from_day")
    lock_schedule(client.site_id)
    release_held(client.id, now=now)
    until = now + HELD_FOR
    _refuse_kept_apart(client, wanted, from_day, weeks)
    for series in wanted:
        place = Place(Span(from_day), weeks.get(series.id, WeekParity.EVERY))
        _check(series, client.id, place, now)
        hold = SeatHold(
            series_id=series.id, client_id=client.id, from_day=from_day, week=place.week, held_at=now,
            held_by_id=actor.user_id, expires_at=until,
        )  # fmt: skip
        db.session.add(hold)
    audit.record(
        AuditKind.SEATS_HELD, actor=actor, now=now, client_id=client.id,
        details={"series": [series.id for series in wanted], "until": until.isoformat("T", "minutes")},
    )  # fmt: skip
    db.session.commit()
    return until


def _refuse_kept_apart(
    client: Client, wanted: Sequence[Series], from_day: date, weeks: Mapping[int, WeekParity]
) -> None:
    closed = closed_series(client.id, from_day)
    for series in wanted:
        held = weeks.get(series.id, WeekParity.EVERY)
        if series.id in closed and not set(weeks_within(held)).isdisjoint(weeks_within(closed[series.id])):
            message = f"One of these sessions cannot be given to {client.called}. Choose others."
            raise NotPossible(message)


def _check(series: Series, client_id: int, place: Place, now: datetime) -> None:
    if series.kind != SeriesKind.GROUP or series.group is None:
        message = "This session belongs to one client. Choose a group session."
        raise NotPossible(message, field="series")
    span = place.days.shared_with(Span(series.from_day, series.until_day))
    if span is None:
        message = f"{session_name(series)} does not meet in these days. Choose others."
        raise NotPossible(message, field="from_day")
    check_weeks(series, place.week, span)
    taken = most_in_a_week(taken_places(series.id, besides=client_id), span, place.week)
    if taken + held_for_others(series.id, client_id, week=place.week, now=now) >= series.group.seats:
        message = f"All {series.group.seats} seats of {session_name(series)} are taken then."
        raise SeatsTaken(message + " Choose another session or a later first day.", field="series")


def give_back(*, actor: Actor, client_id: int, now: datetime) -> None:
    """Give back every seat held for a client.

    Raises:
        NotFound: the client is not this person's to decide.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    lock_schedule(client.site_id)
    give_back_held(actor, client.id, now=now)
    db.session.commit()


def give_back_held(actor: Actor, client_id: int, *, now: datetime) -> None:
    """Give back every seat held for a client and say so in the trail, inside the caller's transaction."""
    released = release_held(client_id, now=now)
    if released:
        audit.record(
            AuditKind.SEATS_RELEASED, actor=actor, now=now, client_id=client_id, details={"series": released}
        )


def release_held(client_id: int, series_ids: Collection[int] | None = None, *, now: datetime) -> list[int]:
    """Release a client's holds, all or those of `series_ids`, inside the caller's transaction.

    Returns:
        The sessions in which a seat was held.
    """
    held = select(SeatHold).where(SeatHold.client_id == client_id, in_force(now)).order_by(SeatHold.series_id)
    if series_ids is not None:
        held = held.where(SeatHold.series_id.in_(series_ids))
    rows = list(db.session.scalars(held))
    if rows:
        ended = update(SeatHold).where(SeatHold.id.in_([row.id for row in rows]))
        db.session.execute(ended.values(released_at=now))
    return [row.series_id for row in rows]
