"""Writing down that two people never share a session, and lifting it."""

from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Client, KeepApart, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.vocabulary import AuditKind


def keep_apart(*, actor: Actor, client_id: int, other_id: int, now: datetime) -> KeepApart:
    """Never again give two people a place in the same session; doing it twice is doing it once.

    Places they share already stay until somebody moves one of them.

    Raises:
        NotFound: one of them is not this person's to see.
        NotPossible: the same person twice, or people of two sites.
    """
    one, other = (
        access_client(actor, each, Permission.PLACEMENT_DECIDE, now=now)
        for each in sorted((client_id, other_id))
    )
    if one.id == other.id:
        message = "Choose two people."
        raise NotPossible(message, field="other_id")
    if one.site_id != other.site_id:
        message = "They are served at two sites, so they never meet."
        raise NotPossible(message, field="other_id")
    lock_schedule(one.site_id)
    statement = select(KeepApart).where(
        KeepApart.client_id == one.id, KeepApart.other_id == other.id, KeepApart.lifted_at.is_(None)
    )
    row = db.session.scalars(statement).one_or_none()
    if row is None:
        row = KeepApart(client_id=one.id, other_id=other.id, made_at=now, made_by_id=actor.user_id)
        db.session.add(row)
        db.session.flush()
        _record(AuditKind.KEEP_APART_ADDED, actor, row, now)
    db.session.commit()
    return row


def lift(*, actor: Actor, pair_id: int, now: datetime) -> None:
    """Let two people share sessions again.

    Raises:
        NotFound: no such pair, or one of the two is not this person's to see.
    """
    actor.require(Permission.PLACEMENT_DECIDE)
    row = db.session.get(KeepApart, pair_id)
    if row is None or row.lifted_at is not None:
        raise NotFound
    client = access_client(actor, row.client_id, Permission.PLACEMENT_DECIDE, now=now)
    access_client(actor, row.other_id, Permission.PLACEMENT_DECIDE, now=now)
    lock_schedule(client.site_id)
    row.lifted_at, row.lifted_by_id = now, actor.user_id
    _record(AuditKind.KEEP_APART_LIFTED, actor, row, now)
    db.session.commit()


def _record(kind: AuditKind, actor: Actor, row: KeepApart, now: datetime) -> None:
    """Write into the trail of each of the two, without naming the other."""
    for client_id in (row.client_id, row.other_id):
        site_id = db.session.get_one(Client, client_id).site_id
        audit.record(kind, actor=actor, now=now, client_id=client_id, site_id=site_id)
