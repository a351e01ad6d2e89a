"""What one client is told after a plan for many was applied: their own change, and nobody else's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.models import Client, PlacementProposal, PlacementRun, Series, db
from iop_schedule.queries.series import in_words, rule_of
from iop_schedule.vocabulary import ProposalState

#: How long after its first day a change is still told.
TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class OwnChange:
    """The weekly times that begin and end for one client, from a day on; no group is named."""

    first_day: date
    begins: tuple[str, ...]
    ends: tuple[str, ...]


def own_change(client: Client, *, now: datetime) -> OwnChange | None:
    """Return the last change of a client's week that came of a plan for everyone; None when it is old."""
    today = local_day(now, zone(client.site.zone))
    statement = (
        select(
            PlacementProposal.before,
            PlacementProposal.after,
            PlacementProposal.session,
            PlacementRun.from_day,
        )
        .join(PlacementRun, PlacementRun.id == PlacementProposal.run_id)
        .where(
            PlacementProposal.client_id == client.id,
            PlacementProposal.state == ProposalState.APPLIED,
            PlacementRun.from_day >= today - TOLD_FOR,
        )
        .order_by(PlacementProposal.decided_at.desc(), PlacementProposal.id.desc())
    )
    told = db.session.execute(statement.limit(1)).first()
    if told is None or told.session:
        return None
    before, after = set(told.before), set(told.after)
    return OwnChange(told.from_day, _times(after - before), _times(before - after))


def _times(series_ids: Iterable[int]) -> tuple[str, ...]:
    statement = (
        select(Series)
        .where(Series.id.in_(list(series_ids)))
        .options(joinedload(Series.site))
        .order_by(Series.weekday, Series.local_start, Series.id)
    )
    return tuple(in_words(rule_of(series)) for series in db.session.scalars(statement))
