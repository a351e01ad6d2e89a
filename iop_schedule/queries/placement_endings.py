"""The weekly sessions whose end a repair is about: whether they have ended, and who is still in them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.prescription import dose_on
from iop_schedule.models import Client, Enrollment, PlacementRun, Series, SeriesMember, db
from iop_schedule.queries.access import Actor, holds_on, sees_client
from iop_schedule.queries.placement_caseload import places_on
from iop_schedule.queries.prescription import OPEN, dose_of
from iop_schedule.vocabulary import EnrollmentStatus, ProposalState, RunKind, WeekParity

#: How long after a repair was asked for its sessions may end at the latest.
REPAIRS_LAST = timedelta(days=90)


class Outside(StrEnum):
    """Why a plan does not plan for somebody who has a place."""

    NOT_ENROLLED = "not_enrolled"
    ELSEWHERE = "elsewhere"
    ON_HOLD = "on_hold"
    AWAY = "away"
    NO_DOSE = "no_dose"
    #: None of these: their places or care have changed since the plan was made.
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class StillThere:
    """Somebody who has a place in what ends, and for whom nothing is proposed any more."""

    client_id: int
    name: str
    why: Outside | ProposalState


@dataclass(frozen=True, slots=True)
class Ending:
    """The weekly sessions that a repair ends."""

    series_ids: tuple[int, ...]
    #: On which they end if that is decided now, and have ended once they have.
    last_day: date
    ended_on: date | None
    #: Whether this run ended them, so that it can let them go on.
    may_go_on: bool
    still_there: tuple[StillThere, ...]


def closing(run: PlacementRun) -> list[int]:
    """Return the weekly sessions that a run is to end; [] of most runs."""
    return [int(one) for one in run.options.get("closes", ())]


def first_day(run: PlacementRun, now: datetime) -> date:
    """Return the day on which what is decided now begins: the run's, or tomorrow when that has passed."""
    return max(run.from_day, local_day(now, zone(run.site.zone)) + timedelta(days=1))


def places_ending(run: PlacementRun, day: date) -> dict[int, dict[int, WeekParity]]:
    """Return everyone with a place in what a run ends, on `day` or later, with all places in the program."""
    closes = closing(run)
    holders = select(SeriesMember.client_id).where(
        SeriesMember.series_id.in_(closes),
        or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
    )
    clients = sorted(set(db.session.scalars(holders)))
    if not clients:
        return {}
    own = select(Series.id).where(Series.program_id == run.program_id, Series.group_id.is_not(None))
    return places_on(clients, list(db.session.scalars(own)), day)


def series_held(client_ids: Collection[int], day: date) -> dict[int, list[int]]:
    """Return by client the weekly group sessions in which they have a place on `day` or later."""
    statement = select(SeriesMember.client_id, SeriesMember.series_id).where(
        SeriesMember.client_id.in_(client_ids),
        or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
    )
    found: dict[int, list[int]] = {client_id: [] for client_id in client_ids}
    for client_id, series_id in db.session.execute(statement.distinct().order_by(SeriesMember.series_id)):
        found[client_id].append(series_id)
    return found


@dataclass(frozen=True, slots=True)
class Ended:
    """A weekly session in which one client had a place until a repair ended it."""

    series_id: int
    week: WeekParity
    last_day: date
    decided_at: datetime


def ended_for(client: Client, *, since: datetime) -> list[Ended]:
    """Return the places of a client that ended with their sessions, decided at `since` or later."""
    return [
        Ended(
            series_id=int(series_id),
            week=WeekParity(place.get("week", WeekParity.EVERY)),
            last_day=date.fromisoformat(was["ended"]),
            decided_at=at,
        )
        for undo, went_on in _repairs(client, since)
        for series_id, was in (undo or went_on.get("left", {})).items()
        if "at" in was and (at := datetime.fromisoformat(was["at"])) >= since
        for place in was["places"]
        if place["client_id"] == client.id
    ]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The places that one client has again because the sessions go on, after hearing that they end."""

    weeks: Mapping[int, WeekParity]
    first_day: date


def given_back_to(client: Client, *, since: datetime) -> list[GivenBack]:
    """Return the places a client has again, given back at `since` or later, if they had heard of the end."""
    return [
        GivenBack(
            {int(series_id): WeekParity(week) for series_id, week in back["weeks"].items()},
            date.fromisoformat(back["first"]),
        )
        for _, went_on in _repairs(client, since)
        if went_on and datetime.fromisoformat(went_on["at"]) >= since
        for client_id, back in went_on["back"].items()
        if int(client_id) == client.id and back["told"]
    ]


def _repairs(client: Client, since: datetime) -> Iterable[tuple[dict[str, Any], dict[str, Any]]]:
    """Return what the repairs of the client's site that ended sessions keep of it: ended, and gone on."""
    statement = select(PlacementRun.undo, PlacementRun.went_on).where(
        PlacementRun.site_id == client.site_id,
        PlacementRun.kind == RunKind.REPAIR,
        or_(PlacementRun.undo != {}, PlacementRun.went_on != {}),
        PlacementRun.created_at >= since - REPAIRS_LAST,
    )
    return ((row.undo, row.went_on) for row in db.session.execute(statement))


def ending_of(
    actor: Actor, run: PlacementRun, states: Mapping[int, ProposalState], *, now: datetime
) -> Ending | None:
    """Return what a run ends, or has ended, as seen `now`; None when it ends nothing.

    Args:
        actor: who looks; names are those of clients they may see.
        run: the run.
        states: of the run's proposals, by client.
        now: the current instant.
    """
    closes, day = closing(run), first_day(run, now)
    if not closes:
        return None
    last_days = db.session.scalars(select(Series.until_day).where(Series.id.in_(closes)))
    ends = [last for last in last_days if last is not None and last < day]
    left = [c for c in places_ending(run, day) if states.get(c) is not ProposalState.OPEN]
    why = why_outside(run, left, day)
    people = select(Client).where(Client.id.in_(left), sees_client(actor, now=now))
    return Ending(
        series_ids=tuple(closes),
        last_day=day - timedelta(days=1),
        ended_on=max(ends) if len(ends) == len(closes) else None,
        may_go_on=bool(run.undo),
        still_there=tuple(
            StillThere(one.id, one.short_name, states.get(one.id) or why[one.id])
            for one in sorted(db.session.scalars(people), key=lambda client: (client.short_name, client.id))
        ),
    )


def why_outside(run: PlacementRun, client_ids: Collection[int], day: date) -> dict[int, Outside]:
    """Return why each of these people is in no plan for the run's program on `day`."""
    statement = (
        select(Enrollment)
        .where(
            Enrollment.client_id.in_(client_ids),
            Enrollment.status.in_(OPEN),
            Enrollment.from_day <= day,
            or_(Enrollment.until_day.is_(None), Enrollment.until_day >= day),
        )
        .order_by(Enrollment.client_id, Enrollment.from_day, Enrollment.id)
    )
    found = dict.fromkeys(client_ids, Outside.NOT_ENROLLED)
    for one in db.session.scalars(statement):
        if one.program_id == run.program_id:
            found[one.client_id] = _why(one, day)
        elif found[one.client_id] is Outside.NOT_ENROLLED:
            found[one.client_id] = Outside.ELSEWHERE
    return found


def _why(enrollment: Enrollment, day: date) -> Outside:
    if enrollment.status == EnrollmentStatus.ON_HOLD:
        return Outside.ON_HOLD
    if any(holds_on(p, day) for p in enrollment.pauses):
        return Outside.AWAY
    if dose_on([dose_of(one) for one in enrollment.doses], day) is None:
        return Outside.NO_DOSE
    return Outside.CHANGED
