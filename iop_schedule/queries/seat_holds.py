"""Seats that are held for someone: how many, whose, until when. A hold that has expired is none."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from iop_schedule.domain.civil_time import local, zone
from iop_schedule.models import Client, SeatHold, Series, db
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.series import in_words, rule_of


def in_force(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a hold counts at `now`."""
    return and_(SeatHold.expires_at > now, SeatHold.released_at.is_(None))


def held_for_others(series_id: int, client_id: int, *, now: datetime) -> int:
    """Return how many seats of a weekly session are held for people other than `client_id`."""
    return held_seats([series_id], besides=client_id, now=now).get(series_id, 0)


def held_seats(series_ids: Collection[int], *, besides: int | None = None, now: datetime) -> dict[int, int]:
    """Return how many seats are held in each session, `besides` those of one client; none is no entry."""
    statement = (
        select(SeatHold.series_id, func.count(SeatHold.client_id.distinct()))
        .where(SeatHold.series_id.in_(series_ids), SeatHold.client_id != (besides or 0), in_force(now))
        .group_by(SeatHold.series_id)
    )
    return {series_id: number for series_id, number in db.session.execute(statement)}  # noqa: C416 - rows


def holders_of(series_ids: Collection[int], *, now: datetime) -> dict[int, list[int]]:
    """Return for whom seats are held in each session, those who were first before; none is no entry."""
    statement = (
        select(SeatHold.series_id, SeatHold.client_id)
        .where(SeatHold.series_id.in_(series_ids), in_force(now))
        .order_by(SeatHold.held_at, SeatHold.id)
    )
    found: dict[int, dict[int, None]] = {}
    for series_id, client_id in db.session.execute(statement):
        found.setdefault(series_id, {})[client_id] = None
    return {series_id: list(clients) for series_id, clients in found.items()}


@dataclass(frozen=True, slots=True)
class Held:
    """One seat held for a client."""

    series_id: int
    #: `Evening Recovery 2, Mondays 5:30 pm to 8:45 pm`.
    words: str
    #: On the clock of the client's site.
    until: datetime


def seats_held_for(client: Client, *, now: datetime) -> tuple[Held, ...]:
    """Return the seats held for one client, by weekday. The caller has made sure they may be seen."""
    statement = (
        select(SeatHold)
        .join(Series, Series.id == SeatHold.series_id)
        .where(SeatHold.client_id == client.id, in_force(now))
        .order_by(Series.weekday, Series.local_start, SeatHold.id)
    )
    tz = zone(client.site.zone)
    return tuple(
        Held(
            series_id=row.series_id,
            words=f"{session_name(row.series)}, {in_words(rule_of(row.series))}",
            until=local(row.expires_at, tz),
        )
        for row in db.session.scalars(statement)
    )
