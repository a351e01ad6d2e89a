"""What one client is told after a plan for many was applied: their own change, and nobody else's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.series import Span
from iop_schedule.models import Client, PlacementProposal, PlacementRun, Series, db
from iop_schedule.queries.placement_endings import ended_for, given_back_to
from iop_schedule.queries.proposed_weeks import weeks_proposed
from iop_schedule.queries.series import OwnSeries, place_in_words
from iop_schedule.vocabulary import ProposalState, WeekParity

#: How long after its first day a change is still told.
TOLD_FOR = timedelta(days=7)
#: How long ago the end of sessions may have been decided that is still told.
TOLD_OF = timedelta(days=90)
#: How many of a client's latest proposals are looked at: of one taken back nobody may have heard.
MOST_UNDONE = 10


@dataclass(frozen=True, slots=True)
class OwnChange:
    """The weekly times that begin and end for one client, from a day on; no group is named."""

    first_day: date
    begins: tuple[str, ...]
    ends: tuple[str, ...]
    #: Whether it takes back a change of which they had heard.
    is_back: bool = False


def own_change(client: Client, *, now: datetime) -> OwnChange | None:
    """Return the last change of a client's week that came of a plan for everyone; None when it is old.

    It holds from the first day of the plan, or from the day after it was decided when that is later. Who
    lost a place because its sessions ended is told that, too. Who had heard of a change is told that it was
    taken back.
    """
    today = local_day(now, zone(client.site.zone))
    every = _given_back(client, now), _planned(client), _ended(client, now)
    found = [change for change in every if change is not None]
    last = max(found, key=lambda change: change.first_day, default=None)
    return last if last is not None and today <= last.first_day + TOLD_FOR else None


def _ended(client: Client, now: datetime) -> OwnChange | None:
    ended = ended_for(client, since=now - TOLD_OF)
    if not ended:
        return None
    first = max(one.last_day for one in ended) + timedelta(days=1)
    return OwnChange(first, (), _times({one.series_id: one.week for one in ended}, first))


def _given_back(client: Client, now: datetime) -> OwnChange | None:
    found = given_back_to(client, since=now - TOLD_OF)
    if not found:
        return None
    last = max(found, key=lambda one: one.first_day)
    return OwnChange(last.first_day, _times(last.weeks, last.first_day), (), is_back=True)


def _planned(client: Client) -> OwnChange | None:
    tz = zone(client.site.zone)
    statement = (
        select(
            PlacementProposal.before,
            PlacementProposal.after,
            PlacementProposal.session,
            PlacementProposal.undo,
            PlacementProposal.decided_at,
            PlacementProposal.state,
            PlacementRun.from_day,
        )
        .join(PlacementRun, PlacementRun.id == PlacementProposal.run_id)
        .where(
            PlacementProposal.client_id == client.id,
            PlacementProposal.state.in_([ProposalState.APPLIED, ProposalState.UNDONE]),
        )
        .order_by(PlacementProposal.decided_at.desc(), PlacementProposal.id.desc())
    )
    rows = db.session.execute(statement.limit(MOST_UNDONE))
    told = next((row for row in rows if row.state == ProposalState.APPLIED or row.undo.get("told")), None)
    if told is None:
        return None
    is_back = told.state == ProposalState.UNDONE
    first = max(told.from_day, local_day(told.decided_at, tz) + timedelta(days=1))
    if told.session:
        times = _times({told.undo["series"]: WeekParity.EVERY}, first)
        return OwnChange(first, () if is_back else times, times if is_back else (), is_back)
    before, after = weeks_proposed(told.before), weeks_proposed(told.after)
    if is_back:
        before, after = after, before
    begins = {one: week for one, week in after.items() if before.get(one) != week}
    ends = {one: week for one, week in before.items() if after.get(one) != week}
    return OwnChange(first, _times(begins, first), _times(ends, first), is_back)


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
