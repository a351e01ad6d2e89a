"""What one client is told after a plan for many was applied: their own change, and nobody else's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.series import Span
from iop_schedule.models import Client, PlacementProposal, PlacementRun, Series, db
from iop_schedule.queries.placement_endings import ended_for
from iop_schedule.queries.proposed_weeks import weeks_proposed
from iop_schedule.queries.series import OwnSeries, place_in_words
from iop_schedule.vocabulary import ProposalState, WeekParity

#: How long after its first day a change is still told.
TOLD_FOR = timedelta(days=7)
#: How long ago the end of sessions may have been decided that is still told.
TOLD_OF = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class OwnChange:
    """The weekly times that begin and end for one client, from a day on; no group is named."""

    first_day: date
    begins: tuple[str, ...]
    ends: tuple[str, ...]


def own_change(client: Client, *, now: datetime) -> OwnChange | None:
    """Return the last change of a client's week that came of a plan for everyone; None when it is old.

    It holds from the first day of the plan, or from the day after it was decided when that is later. Who
    lost a place because its sessions ended is told that, too.
    """
    today = local_day(now, zone(client.site.zone))
    found = [change for change in (_planned(client), _ended(client, now)) if change is not None]
    last = max(found, key=lambda change: change.first_day, default=None)
    return last if last is not None and today <= last.first_day + TOLD_FOR else None


def _ended(client: Client, now: datetime) -> OwnChange | None:
    ended = ended_for(client, since=now - TOLD_OF)
    if not ended:
        return None
    first = max(one.last_day for one in ended) + timedelta(days=1)
    return OwnChange(first, (), _times({one.series_id: one.week for one in ended}, first))


def _planned(client: Client) -> OwnChange | None:
    tz = zone(client.site.zone)
    statement = (
        select(
            PlacementProposal.before,
            PlacementProposal.after,
            PlacementProposal.session,
            PlacementProposal.undo,
            PlacementProposal.decided_at,
            PlacementRun.from_day,
        )
        .join(PlacementRun, PlacementRun.id == PlacementProposal.run_id)
        .where(
            PlacementProposal.client_id == client.id,
            PlacementProposal.state == ProposalState.APPLIED,
        )
        .order_by(PlacementProposal.decided_at.desc(), PlacementProposal.id.desc())
    )
    told = db.session.execute(statement.limit(1)).first()
    if told is None:
        return None
    first = max(told.from_day, local_day(told.decided_at, tz) + timedelta(days=1))
    if told.session:
        return OwnChange(first, _times({told.undo["series"]: WeekParity.EVERY}, first), ())
    before, after = weeks_proposed(told.before), weeks_proposed(told.after)
    begins = {one: week for one, week in after.items() if before.get(one) != week}
    ends = {one: week for one, week in before.items() if after.get(one) != week}
    return OwnChange(first, _times(begins, first), _times(ends, first))


def _times(weeks: Mapping[int, WeekParity], day: date) -> tuple[str, ...]:
    statement = (
        select(Series)
        .where(Series.id.in_(weeks))
        .options(joinedload(Series.site))
        .order_by(Series.weekday, Series.local_start, Series.id)
    )
    return tuple(
        place_in_words(OwnSeries(series, Span(day), weeks[series.id]), day)
        for series in db.session.scalars(statement)
    )
