"""A client asks for a change in their care; the case manager answers."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from iop_schedule.actions import audit
from iop_schedule.domain.care_requests import AlreadyAsked, AlreadyEnded, Asking, Reply
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import CareReply, CareRequest, db
from iop_schedule.queries.access import Actor, access_about_client, access_client
from iop_schedule.vocabulary import AuditKind, RequestEnd


def ask(*, actor: Actor, client_id: int, asking: Asking, now: datetime) -> CareRequest:
    """Keep what a client asks for; staff may write it down for them.

    Raises:
        NotFound: not this person's client.
        AlreadyAsked: the same is open already.
    """
    client = access_client(actor, client_id, Permission.CARE_REQUEST, now=now)
    request = CareRequest(
        client_id=client.id,
        kind=asking.kind,
        words=asking.words.strip(),
        asked_at=now,
        asked_by_id=actor.user_id,
    )
    db.session.add(request)
    try:
        db.session.flush()
    except IntegrityError:  # the index that keeps one open request of each kind
        db.session.rollback()
        raise AlreadyAsked(field="kind") from None
    _record(AuditKind.CARE_REQUESTED, actor, request, now, asked=str(asking.kind))
    db.session.commit()
    return request


def take_back(*, actor: Actor, request_id: int, now: datetime) -> None:
    """End a request that its client does not want any more; twice is once.

    Raises:
        NotFound: it is not about somebody this person may act for.
        AlreadyEnded: it was answered before.
    """
    request = _held(actor, request_id, Permission.CARE_REQUEST, now)
    if request.ended_by == RequestEnd.TAKEN_BACK:
        return
    if request.ended_at is not None:
        raise AlreadyEnded
    request.ended_at, request.ended_by = now, RequestEnd.TAKEN_BACK
    _record(AuditKind.CARE_REQUEST_TAKEN_BACK, actor, request, now)
    db.session.commit()


def answer(*, actor: Actor, request_id: int, reply: Reply, now: datetime) -> CareReply:
    """Answer a request. A talk leaves it open; agreeing and declining end it.

    Raises:
        NotFound: it is not about one of this person's clients.
        AlreadyEnded: somebody was first, or the client took it back.
        BadAnswer: the reply says too little; the error names the field.
    """
    request = _held(actor, request_id, Permission.CARE_ANSWER, now)
    if request.ended_at is not None:
        raise AlreadyEnded
    reply.check(local_day(now, zone(request.client.site.zone)))
    row = CareReply(
        request_id=request.id,
        answer=reply.answer,
        words=reply.words.strip(),
        day=reply.day,
        at=now,
        by_id=actor.user_id,
    )
    db.session.add(row)
    if reply.end is not None:
        request.ended_at, request.ended_by = now, reply.end
    day = str(reply.day) if reply.day else None
    _record(AuditKind.CARE_REQUEST_ANSWERED, actor, request, now, answer=str(reply.answer), day=day)
    db.session.commit()
    return row


def _held(actor: Actor, request_id: int, permission: Permission, now: datetime) -> CareRequest:
    """Return a request, held fast until the transaction ends, so that it gets one ending."""
    found = access_about_client(actor, CareRequest, request_id, permission, now=now)
    statement = select(CareRequest).where(CareRequest.id == found.id).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def _record(kind: AuditKind, actor: Actor, request: CareRequest, now: datetime, **details: object) -> None:
    audit.record(
        kind,
        actor=actor,
        now=now,
        client_id=request.client_id,
        subject=("care_request", request.id),
        details=details,
    )
