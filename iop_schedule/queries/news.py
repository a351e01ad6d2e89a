"""Whether something new waits for a client to be looked at: weeks to choose among, or times that changed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select

from iop_schedule.models import Client, PlacementOffer, PlacementProposal, ReminderDelivery, db
from iop_schedule.queries.placement_endings import ended_for, given_back_to
from iop_schedule.vocabulary import Channel, DeliveryPurpose, DeliveryState, OfferState, ProposalState

_NOT_GOING = (DeliveryState.SUPPRESSED, DeliveryState.CANCELLED, DeliveryState.DEAD)


def has_news(client_id: int, *, since: datetime, now: datetime) -> bool:
    """Return True while something decided at `since` or later stands: a choice, or a change of places.

    That a change is taken back is new only for those who had heard of it.
    """
    offered = exists().where(
        PlacementOffer.client_id == client_id,
        PlacementOffer.state == OfferState.OPEN,
        PlacementOffer.made_at >= since,
        PlacementOffer.expires_at > now,
    )
    changed = exists().where(
        PlacementProposal.client_id == client_id,
        PlacementProposal.state == ProposalState.APPLIED,
        PlacementProposal.decided_at >= since,
    )
    if db.session.scalar(select(or_(offered, changed))) is True:
        return True
    undone = select(PlacementProposal.undo).where(
        PlacementProposal.client_id == client_id,
        PlacementProposal.state == ProposalState.UNDONE,
        PlacementProposal.decided_at >= since,
    )
    if any(undo.get("told") for undo in db.session.scalars(undone)):
        return True
    client = db.session.get(Client, client_id)
    return client is not None and bool(ended_for(client, since=since) or given_back_to(client, since=since))


def is_being_told(client_id: int, *, since: datetime) -> bool:
    """Return True when a word that something decided at `since` or later is new leaves for a client."""
    return client_id in being_told({client_id: since})


def being_told(since: Mapping[int, datetime]) -> set[int]:
    """Return for which clients a word leaves, or has left, that something decided since then is new."""
    if not since:
        return set()
    last = func.max(ReminderDelivery.due_at)
    statement = (
        select(ReminderDelivery.client_id, last)
        .where(
            ReminderDelivery.client_id.in_(since),
            ReminderDelivery.purpose == DeliveryPurpose.NEWS,
            ReminderDelivery.channel != Channel.IN_APP,
            ReminderDelivery.state.not_in(_NOT_GOING),
            ReminderDelivery.day >= min(since.values()).date() - timedelta(days=1),
        )
        .group_by(ReminderDelivery.client_id)
    )
    rows = db.session.execute(statement)
    return {client_id for client_id, at in rows if client_id is not None and at >= since[client_id]}
