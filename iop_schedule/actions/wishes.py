"""Saying what would suit a client best: by themselves, or by staff who plan around their times."""

from datetime import datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.availability import client_to_change
from iop_schedule.actions.locks import lock_client
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.wishes import BadWish, Wishes
from iop_schedule.models import Client, ClientWishes, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.wishes import as_value, counselors_of
from iop_schedule.vocabulary import AuditKind, ModalityWish


def say_wishes(*, actor: Actor, client_id: int, wishes: Wishes, now: datetime) -> None:
    """Keep what suits a client best instead of what was said before. Their places stay as they are.

    Raises:
        NotFound, NotAllowed: not this person's to change.
        BadWish: the counselor leads nothing at their site, or they cannot choose how they attend.
    """
    client = client_to_change(actor, client_id, now)
    lock_client(client.id)
    row = db.session.scalar(select(ClientWishes).where(ClientWishes.client_id == client.id))
    before = as_value(row) if row else Wishes()
    if wishes == before:
        db.session.commit()
        return
    _refuse_impossible(client, wishes, before, now)
    if row is None:
        row = ClientWishes(client_id=client.id)
        db.session.add(row)
    row.time = wishes.time
    row.liked_days, row.disliked_days = (
        sorted(int(day) for day in days) for days in (wishes.liked_days, wishes.disliked_days)
    )
    row.counselor_id, row.modality = wishes.counselor_id, wishes.modality
    row.said_at, row.said_by_id = now, actor.user_id
    db.session.flush()
    audit.record(
        AuditKind.WEEK_WISHES_CHANGED, actor=actor, now=now, client_id=client.id,
        subject=("client_wishes", row.id), details={"before": before.as_plain(), "after": wishes.as_plain()},
    )  # fmt: skip
    db.session.commit()


def _refuse_impossible(client: Client, wishes: Wishes, before: Wishes, now: datetime) -> None:
    today = local_day(now, zone(client.site.zone))
    known = {one.id for one in counselors_of(client.site_id, today)} | {None, before.counselor_id}
    if wishes.counselor_id not in known:
        message = "Choose somebody who leads sessions here."
        raise BadWish(message, field="counselor")
    if wishes.modality is not None and client.modality != ModalityWish.EITHER:
        message = "This can only be wished for by someone who can attend in person and by video."
        raise BadWish(message, field="modality")
