"""What is done about a placement run: proposals are accepted one by one or together, and taken back.

Everything accepted or taken back together is one transaction. Before anything is written each proposal is
looked at again: someone whose places have changed, or whose seat is gone, is left out and told of.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from iop_schedule.actions.placement_deciding import DONE, Outcome, Review
from iop_schedule.errors import NotPossible
from iop_schedule.models import db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.contacts import OUTSIDE
from iop_schedule.vocabulary import Channel, ProposalState


def apply_proposals(
    *,
    actor: Actor,
    run_id: int,
    client_ids: Collection[int] | None,
    channels: Sequence[Channel] = OUTSIDE,
    now: datetime,
) -> Outcome:
    """Do what a run proposes, for some people or (None) for everyone who is not decided yet.

    Those for whom it is no longer possible are left out; their proposals say why. Everyone else is told
    that something new waits for them, over one of the `channels` that are set up here;
    what it is, and only their own, stands on their week.

    Raises:
        NotFound: no such run at this person's sites, or a client without a proposal in it.
    """
    review = Review(actor, run_id, now, channels)
    wanted = review.clients(client_ids, ProposalState.OPEN)
    return review.decide(wanted, review.apply if client_ids is not None else review.apply_all)


def undo_proposals(
    *,
    actor: Actor,
    run_id: int,
    client_ids: Collection[int] | None,
    channels: Sequence[Channel] = OUTSIDE,
    now: datetime,
) -> Outcome:
    """Give people back the places they had before a run's proposals were applied; None is everyone.

    With everyone, the weekly sessions that the run has ended go on, and all who had a place in them have it
    back.
    What has been attended stays. Before the first day it is as if nothing had happened; later, the former
    places begin again tomorrow. Those for whom it is no longer possible keep what they have.

    Raises:
        NotFound: no such run at this person's sites, or a client without a proposal in it.
    """
    review = Review(actor, run_id, now, channels)
    wanted = review.clients(client_ids, ProposalState.APPLIED)
    return review.decide(wanted, review.undo if client_ids is not None else review.undo_all)


def end_sessions(*, actor: Actor, run_id: int, channels: Sequence[Channel] = OUTSIDE, now: datetime) -> None:
    """End the weekly sessions that a repair is about, with every place that is left in them.

    Whoever has one is told as in `apply_proposals`.

    Raises:
        NotFound: no such run at this person's sites.
        NotPossible: it ends nothing, or somebody is not decided yet.
    """
    review = Review(actor, run_id, now, channels)
    review.decide([], review.end)


def let_sessions_go_on(
    *, actor: Actor, run_id: int, channels: Sequence[Channel] = OUTSIDE, now: datetime
) -> Outcome:
    """Let the weekly sessions that a repair has ended go on, for all who had a place in them and no other.

    Whoever had heard of the end is told as in `apply_proposals`; the run keeps who could not have theirs
    back, and why.

    Raises:
        NotFound: no such run at this person's sites.
        TimeTaken: the counselor or the room has something else by now.
    """
    review = Review(actor, run_id, now, channels)
    return review.decide([], review.go_on)


def decline_proposal(*, actor: Actor, run_id: int, client_id: int, now: datetime) -> None:
    """Leave one person's week as it is.

    Raises:
        NotFound: no such run at this person's sites, or no proposal for the client.
        NotPossible: it has been applied.
    """
    review = Review(actor, run_id, now)
    review.lock()
    review.clients([client_id], ProposalState.OPEN)
    (proposal,) = review.proposals([client_id])
    if proposal.state == ProposalState.APPLIED:
        raise NotPossible(DONE)
    review.settle(proposal, ProposalState.DECLINED)
    db.session.commit()
