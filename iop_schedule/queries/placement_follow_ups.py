"""Whom staff have to see to after a plan was applied or taken back: no message or no place reached them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.models import Client, PlacementProposal, PlacementRun, db
from iop_schedule.queries.access import Actor, sees_client
from iop_schedule.queries.news import being_told
from iop_schedule.queries.placement_changes import TOLD_FOR
from iop_schedule.queries.placement_endings import first_day, series_held
from iop_schedule.vocabulary import ProposalState


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Somebody to see to, and why where that is theirs alone."""

    client_id: int
    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Whom one plan leaves to staff."""

    #: Who could not be given the place back when sessions went on, and has got no other since.
    without_place: tuple[FollowUp, ...]
    #: Whose weekly times have just changed, and to whom no message of it goes.
    unheard: tuple[FollowUp, ...]

    @property
    def client_ids(self) -> set[int]:
        """Return everyone named."""
        return {one.client_id for one in (*self.without_place, *self.unheard)}


def follow_ups(
    actor: Actor, run: PlacementRun, proposals: Iterable[PlacementProposal], *, now: datetime
) -> FollowUps:
    """Return whom a run leaves to staff, as seen `now`: those of them that `actor` may see."""
    left, unheard = _without_place(run, now), _unheard(run, proposals, now)
    people = select(Client).where(Client.id.in_({*left, *unheard}), sees_client(actor, now=now))
    names = {one.id: one.short_name for one in db.session.scalars(people)} if left or unheard else {}
    by_name = sorted(names, key=lambda client_id: (names[client_id], client_id))
    return FollowUps(
        without_place=tuple(FollowUp(one, names[one], left[one]) for one in by_name if one in left),
        unheard=tuple(FollowUp(one, names[one]) for one in by_name if one in unheard),
    )


def _without_place(run: PlacementRun, now: datetime) -> dict[int, str]:
    """Return who could not have the place back, and why, but those to whom others were given since."""
    ended = run.went_on.get("left", {}).values()
    left = {place["client_id"]: place for was in ended for place in was["places"]}
    held = series_held(left, first_day(run, now)) if left else {}
    return {
        client_id: place["why"]
        for client_id, place in left.items()
        if {*held[client_id]} <= {*place.get("held", ())}
    }


def _unheard(run: PlacementRun, proposals: Iterable[PlacementProposal], now: datetime) -> Collection[int]:
    tz = zone(run.site.zone)
    today = local_day(now, tz)
    decided = {
        client_id: at
        for client_id, at in _decided(run, proposals).items()
        if today <= max(run.from_day, local_day(at, tz) + timedelta(days=1)) + TOLD_FOR
    }
    return decided.keys() - being_told(decided)


def _decided(run: PlacementRun, proposals: Iterable[PlacementProposal]) -> Mapping[int, datetime]:
    """Return whose times a run has changed, or changed back for those who had heard, and since when."""
    found: list[tuple[int, datetime]] = [
        (one.client_id, one.decided_at)
        for one in proposals
        if one.decided_at is not None
        and (
            one.state == ProposalState.APPLIED or (one.state == ProposalState.UNDONE and one.undo.get("told"))
        )
    ]
    for was in (*run.undo.values(), *run.went_on.get("left", {}).values()):
        if "at" in was:
            at = datetime.fromisoformat(was["at"])
            found += [(place["client_id"], at) for place in was["places"]]
    for client_id, back in run.went_on.get("back", {}).items():
        if back["told"]:
            found.append((int(client_id), datetime.fromisoformat(run.went_on["at"])))
    latest: dict[int, datetime] = {}
    for client_id, at in found:
        latest[client_id] = max(at, latest.get(client_id, at))
    return latest
