"""Who wants invitations by e-mail, the sessions they are about, and the last message about each."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from iop_schedule.domain.invitations import INVITED_AHEAD, Invited, Session
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import Reach
from iop_schedule.models import Client, Invitation, InvitationWish, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.calendar_links import is_in_care
from iop_schedule.queries.calendars import coming_sessions
from iop_schedule.queries.contacts import reaches
from iop_schedule.vocabulary import Channel, DeliveryPurpose, DeliveryState


@dataclass(frozen=True, slots=True)
class MyInvitations:
    """What the client's calendar page says about invitations."""

    on: bool
    #: False while there is no address, or no consent to write to it.
    possible: bool


def my_invitations(actor: Actor, *, now: datetime) -> MyInvitations:
    """Return whether the signed-in client gets invitations, and whether they could."""
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    wish = db.session.get(InvitationWish, client.id)
    return MyInvitations(on=wish is not None and wish.on, possible=may_be_written_to(client))


def may_be_written_to(client: Client) -> bool:
    """Return True when the client has agreed to e-mails and given an address that is theirs."""
    return way_to(client).why_not(DeliveryPurpose.REMINDER) is None


def way_to(client: Client) -> Reach:
    """Return how the client may be written to by mail."""
    return reaches([client.id], [Channel.EMAIL])[client.id][0]


def invited_clients(*, now: datetime) -> list[int]:
    """Return the clients who want invitations, and those with a message about a session to come."""
    wanted = select(InvitationWish.client_id).where(InvitationWish.on)
    told = select(Invitation.client_id).where(Invitation.starts_at > now, ~Invitation.cancels)
    return list(db.session.scalars(wanted.union(told)))


def wanted_sessions(client: Client, *, now: datetime) -> list[Session]:
    """Return the sessions of the coming days the client comes to; none when they want no invitations.

    A session they have said they cannot come to, or that is canceled, is none of them.
    """
    wish = db.session.get(InvitationWish, client.id)
    if wish is None or not wish.on or not may_be_written_to(client):
        return []
    if not is_in_care(client.id, zone=client.site.zone, now=now):
        return []
    coming = coming_sessions(client.id, zone=client.site.zone, until=now + INVITED_AHEAD, now=now)
    return [Session(row.id, row.starts_at, row.ends_at) for row in coming]


def last_messages(client_id: int) -> dict[int, Invitation]:
    """Return the last message about each session, locked until the commit."""
    statement = select(Invitation).where(Invitation.client_id == client_id).with_for_update()
    rows = db.session.scalars(statement.execution_options(populate_existing=True))
    return {row.occurrence_id: row for row in rows}


def as_invited(row: Invitation) -> Invited:
    """Return a stored message as the value the rules take."""
    return Invited(
        occurrence_id=row.occurrence_id,
        sequence=row.sequence,
        cancels=row.cancels,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        told=row.told_at is not None,
    )


def next_invitation(*, now: datetime) -> Select[Invitation]:
    """Return the query for the message to try next; one whose worker did not come back is tried again."""
    planned = (Invitation.state == DeliveryState.PLANNED) & (Invitation.next_try_at <= now)
    left = (Invitation.state == DeliveryState.ATTEMPTING) & (Invitation.lease_until <= now)
    return select(Invitation).where(planned | left).order_by(Invitation.next_try_at, Invitation.id).limit(1)
