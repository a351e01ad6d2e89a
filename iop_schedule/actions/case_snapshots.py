"""Keeping stored cases up to date, ahead of anyone who looks."""

from datetime import datetime

from sqlalchemy import Select, delete, select

from iop_schedule.models import CaseChange, CaseSnapshot, Client, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries.case_snapshots import is_good, values_of
from iop_schedule.queries.cases import derive

#: Clients brought up to date in one transaction.
BATCH = 100


def refresh(*, now: datetime, batch: int = BATCH) -> int:
    """Derive the next stale cases and store them; return how many, 0 when all are good.

    The changes are read before the events they tell of, and only those read are struck off. A change that
    comes in between stays, and its client is derived again: nothing can slip through.
    """
    with read_transaction():
        ids = list(db.session.scalars(_stale(now).limit(batch)))
        seen = list(db.session.scalars(select(CaseChange.id).where(CaseChange.client_id.in_(ids))))
        cases = derive(ids, now=now) if ids else {}
    if not ids:
        return 0
    with write_transaction():
        db.session.execute(delete(CaseSnapshot).where(CaseSnapshot.client_id.in_(ids)))
        db.session.add_all(CaseSnapshot(**values_of(case, now=now)) for case in cases.values())
        for start in range(0, len(seen), BATCH):
            db.session.execute(delete(CaseChange).where(CaseChange.id.in_(seen[start : start + BATCH])))
    return len(ids)


def _stale(now: datetime) -> Select[int]:
    return (
        select(Client.id)
        .outerjoin(CaseSnapshot, CaseSnapshot.client_id == Client.id)
        .where(~is_good(now))
        .order_by(Client.id)
    )
