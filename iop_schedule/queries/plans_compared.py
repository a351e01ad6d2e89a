"""Where several plans for everyone differ: the people whose weeks they plan differently, plan by plan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.models import Client, PlacementProposal, PlacementRun, Series, User, db
from iop_schedule.queries.access import Actor, sees_client
from iop_schedule.queries.placement_runs import MeetingLine, in_order, meeting_line
from iop_schedule.queries.proposed_weeks import weeks_proposed
from iop_schedule.vocabulary import WeekParity


@dataclass(frozen=True, slots=True)
class Differing:
    """One person and the week each plan gives them, in the order of the plans; None leaves it as it is."""

    client_id: int
    name: str
    weeks: tuple[tuple[MeetingLine, ...] | None, ...]


def where_plans_differ(actor: Actor, run_ids: Sequence[int], *, now: datetime) -> tuple[Differing, ...]:
    """Return the people to whom the plans do not all give the same week in groups, by name.

    The caller has made sure that the plans may be seen.
    """
    statement = (
        select(
            PlacementProposal.run_id,
            PlacementProposal.client_id,
            PlacementProposal.after,
            PlacementProposal.session,
            PlacementRun.from_day,
        )
        .join(PlacementProposal.run)
        .where(PlacementProposal.run_id.in_(run_ids))
    )
    after: dict[int, dict[int, dict[int, WeekParity]]] = {}
    first: dict[int, date] = {}
    for row in db.session.execute(statement):
        first[row.run_id] = row.from_day
        if not row.session:
            after.setdefault(row.client_id, {})[row.run_id] = weeks_proposed(row.after)
    differing = {
        client: weeks
        for client, weeks in after.items()
        if any(weeks.get(run) != weeks.get(run_ids[0]) for run in run_ids)
    }
    visible = select(Client).where(Client.id.in_(differing), sees_client(actor, now=now))
    names = {client.id: client.short_name for client in db.session.scalars(visible)}
    meetings = _meetings({one for weeks in differing.values() for week in weeks.values() for one in week})
    return tuple(
        Differing(
            client,
            name,
            tuple(
                None if (week := differing[client].get(run)) is None else in_order(meetings, week, first[run])
                for run in run_ids
            ),
        )
        for client, name in sorted(names.items(), key=lambda one: (one[1].casefold(), one[0]))
    )


def _meetings(series_ids: Iterable[int]) -> dict[str, MeetingLine]:
    statement = (
        select(Series)
        .where(Series.id.in_(set(series_ids)))
        .options(joinedload(Series.group), joinedload(Series.leader).lazyload(User.roles))
    )
    return {str(series.id): meeting_line(series) for series in db.session.scalars(statement).unique()}
