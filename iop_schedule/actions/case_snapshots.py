"""Keeping stored cases up to date, ahead of anyone who looks."""

import logging
from datetime import datetime

from sqlalchemy import Select, delete, select

from iop_schedule.models import CaseChange, CaseSnapshot, Client, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries.case_snapshots import is_good, values_of
from iop_schedule.queries.cases import Case, derive

log = logging.getLogger(__name__)

#: Clients brought up to date in one transaction.
BATCH = 100


def refresh(*, now: datetime, batch: int = BATCH) -> int:
    """Derive the next stale cases and store them; return how many, 0 when all are good.

    The changes are read before the events they tell of, and only those read are struck off. A change that
    comes in between stays, and its client is derived again: nothing can slip through. A client whose case
    cannot be derived is logged and stays stale; the others of the batch are not held up.
    """
    with read_transaction():
        ids = list(db.session.scalars(_stale(now).limit(batch)))
        statement = select(CaseChange.id, CaseChange.client_id).where(CaseChange.client_id.in_(ids))
        changes = db.session.execute(statement).all()
        cases = _derived(ids, now=now) if ids else {}
    if not cases:
        return 0
    ids = list(cases)
    seen = [change_id for change_id, client_id in changes if client_id in cases]
    with write_transaction():
        db.session.execute(delete(CaseSnapshot).where(CaseSnapshot.client_id.in_(ids)))
        db.session.add_all(CaseSnapshot(**values_of(case, now=now)) for case in cases.values())
        for start in range(0, len(seen), BATCH):
            db.session.execute(delete(CaseChange).where(CaseChange.id.in_(seen[start : start + BATCH])))
    return len(ids)


def _derived(ids: list[int], *, now: datetime) -> dict[int, Case]:
    """Return the cases of these clients, one by one where they cannot be derived together."""
    try:
        return derive(ids, now=now)
    except Exception:
        db.session.rollback()
        if len(ids) > 1:
            return {k: v for one in ids for k, v in _derived([one], now=now).items()}
        log.exception("a case could not be derived", extra={"client": ids[0]})
        return {}


def _stale(now: datetime) -> Select[int]:
    return (
        select(Client.id)
        .outerjoin(CaseSnapshot, CaseSnapshot.client_id == Client.id)
        .where(~is_good(now))
        .order_by(Client.id)
    )
