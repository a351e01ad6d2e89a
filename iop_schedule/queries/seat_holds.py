"""Seats that are held for someone: how many, whose, until when. A hold that has expired is none."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, select

from iop_schedule.domain.civil_time import BOTH_WEEKS, local, weeks_in_words, weeks_within, zone
from iop_schedule.models import Client, SeatHold, Series, SeriesMember, db
from iop_schedule.models.weeks import people_in
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.series import in_words, rule_of
from iop_schedule.vocabulary import WeekParity


def in_force(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a hold counts at `now`."""
    return and_(SeatHold.expires_at > now, SeatHold.released_at.is_(None))


def held_for_others(series_id: int, client_id: int, *, week: WeekParity, now: datetime) -> int:
    """Return how many seats of a weekly session are held for others; of EVERY, in the week with more."""
    found = held_seats([series_id], besides=client_id, now=now)
    return max(found[either][series_id] for either in weeks_within(week))


def held_seats(
    series_ids: Collection[int], *, besides: int | None = None, now: datetime
) -> dict[WeekParity, Counter[int]]:
    """Return how many seats are held in weeks A and B of each session, `besides` those of one client."""
    statement = people_by_week(SeatHold).where(
        SeatHold.series_id.in_(series_ids), SeatHold.client_id != (besides or 0), in_force(now)
    )
    return counted_by_week(statement)


def people_by_week(row: type[SeriesMember] | type[SeatHold]) -> Select[int, int, int]:
    """Return the query for how many clients are in each series, in weeks A and in weeks B."""
    columns = row.series_id, people_in(row, WeekParity.A), people_in(row, WeekParity.B)
    return select(*columns).group_by(row.series_id)


def counted_by_week(statement: Select[int, int, int]) -> dict[WeekParity, Counter[int]]:
    """Return what `people_by_week` counts, by week and series; no people is no entry."""
    counted: dict[WeekParity, Counter[int]] = {week: Counter() for week in BOTH_WEEKS}
    for series_id, a, b in db.session.execute(statement):
        counted[WeekParity.A][series_id], counted[WeekParity.B][series_id] = a, b
    return counted


def attended_by_week(places: Iterable[tuple[int, WeekParity]]) -> dict[WeekParity, Counter[int]]:
    """Return how many of `places`, each a series and its weeks, are attended in weeks A and in weeks B."""
    listed = list(places)
    return {
        either: Counter(series_id for series_id, week in listed if either in weeks_within(week))
        for either in BOTH_WEEKS
    }


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
            words=_words(row),
            until=local(row.expires_at, tz),
        )
        for row in db.session.scalars(statement)
    )


def _words(hold: SeatHold) -> str:
    weeks = weeks_in_words(WeekParity(hold.week), hold.from_day)
    when = f"{session_name(hold.series)}, {in_words(rule_of(hold.series))}"
    return f"{when}, {weeks}" if weeks else when
