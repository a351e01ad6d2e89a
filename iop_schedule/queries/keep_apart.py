"""People who must never share a session: who with whom, and which sessions are closed to one for it.

Only pages for staff who may see both ever say who; everywhere else a session simply cannot be had.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from iop_schedule.domain.civil_time import both_weeks
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import KeepApart, RosterEntry, Series, SeriesMember, db
from iop_schedule.queries.access import Actor, in_force, visible_clients
from iop_schedule.queries.availability import session_name
from iop_schedule.vocabulary import WeekParity


def apart_from(client_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Return whom each client is kept apart from; clients without anybody are not in the answer."""
    found: dict[int, set[int]] = defaultdict(set)
    statement = select(KeepApart.client_id, KeepApart.other_id).where(
        KeepApart.lifted_at.is_(None),
        or_(KeepApart.client_id.in_(client_ids), KeepApart.other_id.in_(client_ids)),
    )
    for one, other in db.session.execute(statement):
        found[one].add(other)
        found[other].add(one)
    return {client: frozenset(others) for client, others in found.items() if client in set(client_ids)}


def shared_places(
    others: Iterable[int], series_ids: Collection[int], first: date, last: date | None
) -> dict[int, dict[int, WeekParity]]:
    """Return in which of the weekly sessions `others` have a place on some of these days, with its weeks."""
    begins = SeriesMember.from_day <= last if last is not None else SeriesMember.from_day.is_not(None)
    statement = select(SeriesMember.client_id, SeriesMember.series_id, SeriesMember.week).where(
        SeriesMember.client_id.in_(list(others)),
        SeriesMember.series_id.in_(series_ids),
        begins,
        or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= first),
    )
    found: dict[int, dict[int, WeekParity]] = defaultdict(dict)
    for client_id, series_id, week in db.session.execute(statement):
        found[client_id][series_id] = both_weeks(found[client_id].get(series_id), WeekParity(week))
    return found


def closed_series(client_id: int, day: date) -> dict[int, WeekParity]:
    """Return the weekly sessions that somebody a client is kept apart from attends on `day` or later.

    Each with the weeks in which it is closed to the client.
    """
    others = apart_from([client_id]).get(client_id)
    if not others:
        return {}
    statement = select(SeriesMember.series_id, SeriesMember.week).where(
        SeriesMember.client_id.in_(others),
        or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
    )
    found: dict[int, WeekParity] = {}
    for series_id, week in db.session.execute(statement):
        found[series_id] = both_weeks(found.get(series_id), WeekParity(week))
    return found


def closed_sessions(client_id: int, occurrence_ids: Collection[int]) -> frozenset[int]:
    """Return at which of these dated sessions somebody a client is kept apart from is expected."""
    others = apart_from([client_id]).get(client_id)
    if not others:
        return frozenset()
    statement = select(RosterEntry.occurrence_id).where(
        RosterEntry.client_id.in_(others),
        RosterEntry.occurrence_id.in_(occurrence_ids),
        RosterEntry.released_at.is_(None),
    )
    return frozenset(db.session.scalars(statement))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people kept apart, for staff who may see both."""

    id: int
    names: tuple[str, str]
    #: Weekly sessions in which both have a place today: somebody has to move one of them.
    together_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApartView:
    """The pairs somebody may see, and the people they can name."""

    pairs: tuple[Pair, ...]
    people: tuple[tuple[int, str], ...]


def pairs_for(actor: Actor, *, now: datetime) -> ApartView:
    """Return the pairs both of whom `actor` may see.

    Raises:
        NotAllowed: placing people is not this role's.
    """
    actor.require(Permission.PLACEMENT_DECIDE)
    people = {one.id: one.short_name for one in db.session.scalars(visible_clients(actor, now=now))}
    rows = db.session.scalars(
        select(KeepApart)
        .where(KeepApart.lifted_at.is_(None), KeepApart.client_id.in_(people), KeepApart.other_id.in_(people))
        .order_by(KeepApart.id)
    ).all()
    together = _together(actor.today(now))
    pairs = [
        Pair(
            row.id,
            (people[row.client_id], people[row.other_id]),
            tuple(together.get((row.client_id, row.other_id), ())),
        )
        for row in rows
    ]
    by_name = sorted(people.items(), key=lambda one: (one[1].casefold(), one[0]))
    return ApartView(tuple(sorted(pairs, key=lambda pair: (pair.names, pair.id))), tuple(by_name))


def _together(day: date) -> dict[tuple[int, int], list[str]]:
    """Return, by pair, the weekly sessions in which both have a place on `day`."""
    one, other = aliased(SeriesMember), aliased(SeriesMember)
    statement = (
        select(KeepApart, Series)
        .join(one, one.client_id == KeepApart.client_id)
        .join(other, and_(other.client_id == KeepApart.other_id, other.series_id == one.series_id))
        .join(Series, Series.id == one.series_id)
        .where(KeepApart.lifted_at.is_(None), in_force(one, day), in_force(other, day))
        .order_by(Series.weekday, Series.id)
    )
    found: dict[tuple[int, int], list[str]] = {}
    for pair, series in db.session.execute(statement):
        names = found.setdefault((pair.client_id, pair.other_id), [])
        names.append(f"{session_name(series)}, {date(2026, 1, 5 + series.weekday):%A}s")
    return found
