"""Writing the audit trail. Every action calls `record` inside its own transaction."""

from datetime import datetime
from typing import Any

from iop_schedule import logs
from iop_schedule.models import AuditEvent, AuditEventClient, Client, db
from iop_schedule.models.base import write_transaction
from iop_schedule.queries.access import Actor
from iop_schedule.vocabulary import AuditKind


def record(
    kind: AuditKind,
    *,
    actor: Actor | None,
    now: datetime,
    subject: tuple[str, object] | None = None,
    client_id: int | None = None,
    site_id: int | None = None,
    details: dict[str, Any] | None = None,
    reference: str = "",
) -> None:
    """Add one row to the audit trail, in the transaction of the caller.

    Args:
        kind: what happened.
        actor: who did it; None for the scheduler and for people who are not signed in. One whom a link or
            a text spoke for is not named: the row says by which it was.
        now: when.
        subject: what it was done to, as a table's word and its id.
        client_id: the one client it is about.
        site_id: where; unless given, the client's site, else the actor's own when they have exactly one.
        details: ids, old and new values. Names and free text stay out. A page that shows several people
            lists them as "clients", so that the row is found for each of them.
        reference: the request's reference number; unless given, that of the request being answered.
    """
    if site_id is None:
        site_id = _site_of(actor, client_id)
    if actor is not None and actor.unsigned_by:
        details, actor = {**(details or {}), "by": actor.unsigned_by}, None
    db.session.add(
        AuditEvent(
            at=now,
            kind=AuditKind(kind),
            actor_id=actor.user_id if actor else None,
            actor_role=actor.role if actor else "",
            site_id=site_id,
            client_id=client_id,
            subject=subject[0] if subject else "",
            subject_id=str(subject[1]) if subject else "",
            details=details or {},
            reference=reference or logs.reference.get(),
            clients=[AuditEventClient(client_id=one) for one in sorted(_people(client_id, details or {}))],
        )
    )


def _people(client_id: int | None, details: dict[str, Any]) -> set[int]:
    """Return everyone a row is about or shows."""
    return {*details.get("clients", ()), *(() if client_id is None else (client_id,))}


def _site_of(actor: Actor | None, client_id: int | None) -> int | None:
    client = db.session.get(Client, client_id) if client_id is not None else None
    if client is not None:
        return client.site_id
    if actor is not None and len(actor.site_ids) == 1:
        (site_id,) = actor.site_ids
        return site_id
    return None


def record_alone(kind: AuditKind, **what: Any) -> None:
    """Add one row in a transaction of its own: for views and refusals, which change nothing else.

    Takes the same arguments as `record`.
    """
    with write_transaction():
        record(kind, **what)
