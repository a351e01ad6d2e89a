"""Bringing dated sessions and their rosters in line with weekly series, memberships and closures.

Idempotent and in bulk: a handful of statements for a site, however many clients it has. The caller holds
the site's lock and commits.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from iop_schedule.actions.booked_once import change_sessions, expect, insert_sessions
from iop_schedule.domain.civil_time import local_day, monday_of, zone
from iop_schedule.domain.occurrences import (
    Cancel,
    Closed,
    Follow,
    PlannedOccurrence,
    replan,
)
from iop_schedule.models import (
    Closure,
    Occurrence,
    RosterEntry,
    Series,
    SeriesMember,
    Site,
    db,
)
from iop_schedule.models.weeks import attended_on
from iop_schedule.queries.occurrences import existing_of, has_attendance, is_marked
from iop_schedule.queries.series import rule_of
from iop_schedule.vocabulary import OccurrenceStatus, RosterSource, SeriesKind

WEEK = timedelta(days=6)
#: Rows per INSERT; both databases limit the parameters of one statement.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Extended:
    """How many rows a run changed."""

    created: int = 0
    changed: int = 0
    cancelled: int = 0
    expected: int = 0
    released: int = 0

    def __add__(self, other: "Extended") -> "Extended":
        """Return both runs together."""
        return Extended(
            created=self.created + other.created,
            changed=self.changed + other.changed,
            cancelled=self.cancelled + other.cancelled,
            expected=self.expected + other.expected,
            released=self.released + other.released,
        )

    @property
    def anything(self) -> bool:
        """Return True when a row was changed."""
        return any((self.created, self.changed, self.cancelled, self.expected, self.released))


def follow_rules(
    site: Site,
    *,
    now: datetime,
    series_ids: Collection[int] | None = None,
    period: Closed | None = None,
) -> Extended:
    """Make the sessions of `site` from today on follow their series.

    What has begun or has attendance is never touched. Sessions are cancelled with their reason, never
    deleted, and come back when the reason is gone.

    Args:
        site: whose sessions; the caller holds its lock.
        now: the current instant.
        series_ids: only these series.
        period: only the program weeks that share a day with it.
    """
    db.session.flush()
    scope = _scope(site, period, now)
    wanted = _series(site, series_ids, now)
    planned = _replan_sessions(site, wanted, scope)
    rosters = _replan_rosters([series.id for series in wanted], scope)
    db.session.expire_all()
    return planned + rosters


@dataclass(frozen=True, slots=True)
class _Scope:
    """The days a run looks at."""

    now: datetime
    today: date
    #: Monday of the first and Sunday of the last week; no end when None.
    first: date
    last: date | None

    def has(self, day: InstrumentedAttribute[date]) -> ColumnElement[bool]:
        """Return the condition that a day lies in it."""
        return day >= self.first if self.last is None else day.between(self.first, self.last)


def _scope(site: Site, period: Closed | None, now: datetime) -> _Scope:
    today = local_day(now, zone(site.zone))
    if period is None:
        return _Scope(now, today, monday_of(today), None)
    first = monday_of(max(today, period.from_day))
    return _Scope(now, today, first, monday_of(max(today, period.until_day)) + WEEK)


def _series(site: Site, series_ids: Collection[int] | None, now: datetime) -> list[Series]:
    statement = (
        select(Series)
        .where(_may_change(site, now))
        .options(joinedload(Series.site), joinedload(Series.program))
        .order_by(Series.id)
        .execution_options(populate_existing=True)
    )
    if series_ids is not None:
        statement = statement.where(Series.id.in_(list(series_ids)))
    return list(db.session.scalars(statement))


def _may_change(site: Site, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a series of `site` has sessions to come, or may get some."""
    today = local_day(now, zone(site.zone))
    to_come = exists().where(Occurrence.series_id == Series.id, Occurrence.starts_at > now)
    in_force = or_(Series.until_day.is_(None), Series.until_day >= monday_of(today), to_come)
    return and_(Series.site_id == site.id, in_force)


def series_in_batches(site: Site, *, now: datetime, size: int = 200) -> list[list[int]]:
    """Return the ids of the series a full run looks at, in batches short enough for one transaction."""
    ids = db.session.scalars(select(Series.id).where(_may_change(site, now)).order_by(Series.id)).all()
    return [list(ids[start : start + size]) for start in range(0, len(ids), size)]


def _replan_sessions(site: Site, wanted: list[Series], scope: _Scope) -> Extended:
    standing = _standing([series.id for series in wanted], scope)
    # Of several that cover a day, the first gives the reason.
    closed = select(Closure).where(Closure.site_id == site.id).order_by(Closure.from_day, Closure.id)
    closures = list(db.session.scalars(closed))
    successors = _successors(site)
    new: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    cancellations: list[dict[str, Any]] = []
    for series in wanted:
        horizon = scope.today + timedelta(weeks=series.program.horizon_weeks)
        rows = {row.id: row for row in standing.get(series.id, [])}
        found = replan(
            rule_of(series),
            _closed_for(series, closures),
            [existing_of(row, attended=bool(row.attended)) for row in rows.values()],
            first_day=max(scope.today, scope.first),
            last_day=horizon if scope.last is None else min(horizon, scope.last),
            moved_until=_goes_on_until(series, successors),
            now=scope.now,
        )
        new += [_new_row(series, planned, scope.now) for planned in found.create]
        changes += _differing(rows, ((one.id, _following(series, one, rows[one.id])) for one in found.follow))
        cancellations += _differing(rows, ((one.id, _cancelled(one)) for one in found.cancel))
    # What goes makes room for what comes.
    _update(cancellations, rows_at=scope.now)
    _update(changes, rows_at=scope.now)
    for start in range(0, len(new), CHUNK):
        insert_sessions(new[start : start + CHUNK])
    return Extended(created=len(new), changed=len(changes), cancelled=len(cancellations))


def _successors(site: Site) -> dict[int, list[Series]]:
    """Return what goes on in the place of each series of `site` that was changed."""
    found = defaultdict(list)
    changed = select(Series).where(Series.site_id == site.id, Series.predecessor_id.is_not(None))
    for series in db.session.scalars(changed):
        found[series.predecessor_id or 0].append(series)
    return found


def _goes_on_until(series: Series, successors: Mapping[int, Collection[Series]]) -> date | None:
    """Return the last day of a series, or of what goes on in its place; None while there is none."""
    ends = [series.until_day, *(_goes_on_until(one, successors) for one in successors.get(series.id, ()))]
    days = [day for day in ends if day is not None]
    return max(days) if len(days) == len(ends) else None


#: What is compared and shown of a session; rows of these columns are much cheaper than objects.
_COLUMNS = (
    Occurrence.id,
    Occurrence.series_id,
    Occurrence.original_day,
    Occurrence.local_day,
    Occurrence.starts_at,
    Occurrence.ends_at,
    Occurrence.break_minutes,
    Occurrence.leader_id,
    Occurrence.room_id,
    Occurrence.status,
    Occurrence.status_reason,
    Occurrence.cancel_cause,
    Occurrence.edited,
    Occurrence.revision,
)


def _standing(series_ids: Collection[int], scope: _Scope) -> dict[int, list[Any]]:
    """Return the sessions that exist in the weeks looked at, with whether they have attendance."""
    moved_here = and_(Occurrence.starts_at > scope.now, scope.has(Occurrence.local_day))
    statement = (
        select(*_COLUMNS, has_attendance().label("attended"))
        .where(
            Occurrence.series_id.in_(list(series_ids)),
            or_(scope.has(Occurrence.original_day), moved_here),
        )
        .order_by(Occurrence.series_id, Occurrence.original_day)
    )
    found = defaultdict(list)
    for row in db.session.execute(statement):
        found[row.series_id].append(row)
    return found


def _closed_for(series: Series, closures: Iterable[Closure]) -> list[Closed]:
    return [
        Closed(closure.from_day, closure.until_day, closure.name)
        for closure in closures
        if closure.program_id in {None, series.program_id}
    ]


def _new_row(series: Series, planned: PlannedOccurrence, now: datetime) -> dict[str, Any]:
    return {
        "series_id": series.id,
        "site_id": series.site_id,
        **_as_planned(series, planned),
        "status": OccurrenceStatus.PLANNED,
        "updated_at": now,
    }


def _as_planned(series: Series, planned: PlannedOccurrence) -> dict[str, Any]:
    return {
        "original_day": planned.original_day,
        "local_day": planned.original_day,
        "starts_at": planned.starts_at,
        "ends_at": planned.ends_at,
        "break_minutes": series.break_minutes,
        "leader_id": series.leader_id,
        "room_id": series.room_id,
    }


def _following(series: Series, follow: Follow, row: Any) -> dict[str, Any]:
    held: dict[str, Any] = {"status": OccurrenceStatus.PLANNED, "cancel_cause": None}
    if follow.keep_time:
        reason = row.status_reason if row.status == OccurrenceStatus.PLANNED else ""
        return {"original_day": follow.planned.original_day, **held, "status_reason": reason}
    return {**_as_planned(series, follow.planned), **held, "status_reason": ""}


def _cancelled(cancel: Cancel) -> dict[str, Any]:
    return {
        "status": OccurrenceStatus.CANCELLED,
        "cancel_cause": cancel.cause,
        "status_reason": cancel.reason,
    }


def _differing(
    rows: dict[int, Any], wanted: Iterable[tuple[int, dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Yield what differs from the stored rows, as updates by primary key."""
    for row_id, values in wanted:
        row = rows[row_id]
        if any(getattr(row, name) != value for name, value in values.items()):
            yield {"id": row_id, "revision": row.revision + 1, **values}


def _update(changes: list[dict[str, Any]], *, rows_at: datetime) -> None:
    """Write the changes; rows with the same columns share one statement."""

    def columns(change: dict[str, Any]) -> list[str]:
        return sorted(change)

    for _, alike in groupby(sorted(changes, key=columns), key=columns):
        change_sessions([{**change, "updated_at": rows_at} for change in alike])


def _replan_rosters(series_ids: list[int], scope: _Scope) -> Extended:
    if not series_ids:
        return Extended()
    in_scope = and_(Occurrence.series_id.in_(series_ids), scope.has(Occurrence.local_day))
    released = _release(in_scope, scope.now)
    back = _expect_again(in_scope, scope.now)
    members = _expect_members(in_scope, scope.today, scope.now)
    individuals = _expect_individuals(in_scope, scope.today, scope.now)
    return Extended(expected=back + members + individuals, released=released)


def _place_in_force() -> ColumnElement[bool]:
    """Return the condition that a membership holds on the day a session is held.

    A session moved into another week still belongs to the week it was planned for.
    """
    return and_(
        SeriesMember.series_id == Occurrence.series_id,
        SeriesMember.from_day <= Occurrence.local_day,
        or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= Occurrence.local_day),
        attended_on(SeriesMember, Occurrence.original_day),
    )


def _belongs() -> ColumnElement[bool]:
    """Return the condition that someone on a roster still has the place that put them there."""
    member = exists().where(_place_in_force(), SeriesMember.client_id == RosterEntry.client_id)
    own = exists().where(
        Series.id == Occurrence.series_id,
        Series.kind == SeriesKind.INDIVIDUAL,
        Series.client_id == RosterEntry.client_id,
    )
    return or_(member, own)


def _release(in_scope: ColumnElement[bool], now: datetime) -> int:
    """Release from sessions to come everyone whose place has ended."""
    stale = (
        select(RosterEntry.id)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .where(
            in_scope,
            Occurrence.starts_at > now,
            RosterEntry.released_at.is_(None),
            RosterEntry.source.in_((RosterSource.MEMBER, RosterSource.INDIVIDUAL)),
            ~_belongs(),
            ~is_marked(),
        )
    )
    return _run(update(RosterEntry).where(RosterEntry.id.in_(stale)).values(released_at=now))


def _expect_again(in_scope: ColumnElement[bool], now: datetime) -> int:
    """Expect again those who were released and have their place back."""
    back = (
        select(RosterEntry.id)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .where(in_scope, Occurrence.starts_at > now, RosterEntry.released_at.is_not(None), _belongs())
    )
    return _run(update(RosterEntry).where(RosterEntry.id.in_(back)).values(released_at=None))


def _expect_members(in_scope: ColumnElement[bool], today: date, now: datetime) -> int:
    chosen = (
        select(Occurrence.id, SeriesMember.client_id, literal(str(RosterSource.MEMBER)))
        .join(SeriesMember, _place_in_force())
        .where(in_scope, _still_open(today, now), _not_listed(SeriesMember.client_id))
        .distinct()
    )
    return expect(chosen)


def _expect_individuals(in_scope: ColumnElement[bool], today: date, now: datetime) -> int:
    chosen = (
        select(Occurrence.id, Series.client_id, literal(str(RosterSource.INDIVIDUAL)))
        .join(Series, Series.id == Occurrence.series_id)
        .where(
            in_scope,
            Series.kind == SeriesKind.INDIVIDUAL,
            _still_open(today, now),
            _not_listed(Series.client_id),
        )
    )
    return expect(chosen)


def _still_open(today: date, now: datetime) -> ColumnElement[bool]:
    """Return the condition that people may be put on a roster.

    Sessions that are not over, and those of today written out only now.
    """
    just_written = and_(Occurrence.local_day == today, Occurrence.updated_at == now, Occurrence.revision == 0)
    return and_(Occurrence.status == OccurrenceStatus.PLANNED, or_(Occurrence.ends_at > now, just_written))


def _not_listed(client_id: Any) -> ColumnElement[bool]:
    return ~exists().where(RosterEntry.occurrence_id == Occurrence.id, RosterEntry.client_id == client_id)


def _run(statement: Any) -> int:
    options = {"synchronize_session": False, "preserve_rowcount": True}
    result: Any = db.session.execute(statement, execution_options=options)
    return int(result.rowcount)
