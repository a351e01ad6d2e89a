"""Tiers that rise and fall: signals, the tasks they open, and staff who decide otherwise."""

import logging
from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import and_, exists, or_, select

from iop_schedule.actions import audit
from iop_schedule.actions.outreach_tasks import open_or_raise
from iop_schedule.domain.outreach import Again, asked_again
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.errors import NotPossible
from iop_schedule.models import CaseSnapshot, Client, OutreachTask, RiskSignal, SetAside, db
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries.access import Actor, access_about_client, access_client
from iop_schedule.queries.case_snapshots import case_of, cases_of, is_good, reasons_to_json
from iop_schedule.queries.cases import Case
from iop_schedule.vocabulary import AuditKind, SetAsideReason

log = logging.getLogger(__name__)

#: Tiers that ask for something; the others end a signal.
ASKING = (Tier.CHECK_IN, Tier.REACH_OUT, Tier.REACH_OUT_TODAY)
LONGEST_NOT_NOW = timedelta(days=28)


class NotNowTooLong(NotPossible):
    """Choose a day from tomorrow on, at most four weeks ahead."""


def watch_tiers(*, now: datetime) -> int:
    """Raise and end the signals of every stored case whose tier has moved; return how many changed.

    One client per transaction, so that one that fails delays nobody. A signal is raised when the tier is
    higher than that of the signal that stands, and ends when nothing is asked for any more: going down a
    step keeps it, so a tier that swings does not call out twice. Once the task is over, a signal that
    stands calls out again for a later miss, or when nobody was told of it.
    """
    with read_transaction():
        moved = [client_id for client_id, tier, stands in _moved(now) if _asks_for_change(tier, stands)]
        moved += _without_a_task(now)
    return sum(_settle_alone(client_id, now=now) for client_id in moved)


def set_aside(
    *, actor: Actor, client_id: int, reason: SetAsideReason, until_day: date, now: datetime
) -> SetAside:
    """Decide “not now” about a client until a day; an earlier decision is replaced.

    Raises:
        NotFound: not this person's to decide about.
        NotNowTooLong: not a day within the next four weeks.
    """
    client = access_client(actor, client_id, Permission.OUTREACH_LOG, now=now)
    today = actor.today(now)
    if not today < until_day <= today + LONGEST_NOT_NOW:
        raise NotNowTooLong(field="until_day")
    for earlier in _standing(client.id, today):
        earlier.withdrawn_at, earlier.withdrawn_by_id = now, actor.user_id
    case = cases_of([client.id], now=now)[client.id]
    row = SetAside(
        client_id=client.id,
        tier=case.tier,
        reason=reason,
        from_day=today,
        until_day=until_day,
        made_at=now,
        made_by_id=actor.user_id,
    )
    db.session.add(row)
    details = {"tier": case.tier, "reason": reason, "until": until_day.isoformat()}
    audit.record(AuditKind.TIER_SET_ASIDE, actor=actor, client_id=client.id, now=now, details=details)
    db.session.commit()
    return row


def take_up(*, actor: Actor, set_aside_id: int, now: datetime) -> int:
    """Take a “not now” back and return whose it was; taking it back twice changes nothing."""
    row = access_about_client(actor, SetAside, set_aside_id, Permission.OUTREACH_LOG, now=now)
    if row.withdrawn_at is None:
        row.withdrawn_at, row.withdrawn_by_id = now, actor.user_id
        audit.record(AuditKind.TIER_TAKEN_UP, actor=actor, client_id=row.client_id, now=now)
    client_id = row.client_id
    db.session.commit()
    return client_id


def _moved(now: datetime) -> list[tuple[int, str, str | None]]:
    statement = (
        select(CaseSnapshot.client_id, CaseSnapshot.tier, RiskSignal.tier)
        .join(Client, Client.id == CaseSnapshot.client_id)
        .outerjoin(
            RiskSignal, and_(RiskSignal.client_id == CaseSnapshot.client_id, RiskSignal.ended_at.is_(None))
        )
        .where(
            is_good(now),
            or_(
                and_(RiskSignal.id.is_(None), CaseSnapshot.tier.in_(ASKING)),
                and_(RiskSignal.id.is_not(None), RiskSignal.tier != CaseSnapshot.tier),
            ),
        )
        .order_by(CaseSnapshot.client_id)
    )
    return [(client_id, tier, stands) for client_id, tier, stands in db.session.execute(statement)]


def _without_a_task(now: datetime) -> list[int]:
    """Return whose standing signal calls out again."""
    open_task = exists().where(
        OutreachTask.client_id == CaseSnapshot.client_id, OutreachTask.ended_at.is_(None)
    )
    statement = (
        select(CaseSnapshot, RiskSignal)
        .join(Client, Client.id == CaseSnapshot.client_id)
        .join(RiskSignal, and_(RiskSignal.client_id == CaseSnapshot.client_id, RiskSignal.ended_at.is_(None)))
        .where(is_good(now), CaseSnapshot.tier.in_(ASKING), ~open_task)
        .order_by(CaseSnapshot.client_id)
    )
    found = db.session.execute(statement).all()
    ended = _tasks_ended({row.client_id for row, _ in found})
    return [
        row.client_id
        for row, stands in found
        if _again(case_of(row), stands, ended.get(row.client_id)) is not Again.NOTHING
    ]


def _tasks_ended(client_ids: Collection[int]) -> dict[int, datetime]:
    """Return when the latest task of each client ended, of those who had one."""
    statement = (
        select(OutreachTask.client_id, OutreachTask.ended_at)
        .where(OutreachTask.client_id.in_(client_ids), OutreachTask.ended_at.is_not(None))
        .order_by(OutreachTask.ended_at)
    )
    return {client_id: at for client_id, at in db.session.execute(statement) if at is not None}


def _again(case: Case, stands: RiskSignal, task_ended_at: datetime | None) -> Again:
    if case.is_silent or case.tier not in ASKING:
        return Again.NOTHING
    return asked_again(
        raised_at=stands.raised_at,
        was_silent=stands.silent,
        task_ended_at=task_ended_at,
        missed_at=case.missed_at,
    )


def _asks_for_change(tier: str, stands: str | None) -> bool:
    if stands is None:
        return tier in ASKING
    return tier not in ASKING or Tier(tier).rank > Tier(stands).rank


def _settle_alone(client_id: int, *, now: datetime) -> bool:
    """Settle one client; what goes wrong is logged and delays nobody else."""
    try:
        return _settle(client_id, now=now)
    except Exception:
        log.exception("a signal could not be settled", extra={"client": client_id})
        return False


def _settle(client_id: int, *, now: datetime) -> bool:
    """Bring one client's signal to what their case says; return whether anything changed."""
    with write_transaction():
        row = db.session.get(CaseSnapshot, client_id)
        stands = db.session.scalars(
            select(RiskSignal)
            .where(RiskSignal.client_id == client_id, RiskSignal.ended_at.is_(None))
            .with_for_update()
        ).one_or_none()
        if row is None:
            return False
        case = case_of(row)
        if not _asks_for_change(case.tier, stands.tier if stands else None):
            again = Again.NOTHING if stands is None else _called_again(case, stands)
            if stands is None or again is Again.NOTHING:
                return False
            if again is Again.TASK:
                return _open_task(case, stands.id, now=now)
        if stands is not None:
            stands.ended_at = now
            db.session.flush()
        if case.tier in ASKING and case.program_id is not None:
            _raise(case, now=now)
    return True


def _called_again(case: Case, stands: RiskSignal) -> Again:
    has_open = exists().where(OutreachTask.client_id == case.client_id, OutreachTask.ended_at.is_(None))
    if db.session.scalar(select(has_open)):
        return Again.NOTHING
    return _again(case, stands, _tasks_ended([case.client_id]).get(case.client_id))


def _open_task(case: Case, signal_id: int, *, now: datetime) -> bool:
    """Ask somebody to act on a signal; False while nobody could be named."""
    task = open_or_raise(
        client_id=case.client_id,
        tier=case.tier,
        missed_at=case.missed_at,
        signal_id=signal_id,
        today=case.day,
        now=now,
    )
    return task is not None


def _raise(case: Case, *, now: datetime) -> None:
    silent = case.is_silent
    signal = RiskSignal(
        client_id=case.client_id,
        program_id=case.program_id,
        version_id=case.version_id,
        policy=case.policy,
        tier=case.tier,
        reasons=reasons_to_json(case.reasons),
        day=case.day,
        raised_at=now,
        silent=silent,
    )
    db.session.add(signal)
    db.session.flush()
    details = {"signal": signal.id, "tier": case.tier, "policy": case.policy, "silent": silent}
    audit.record(AuditKind.SIGNAL_RAISED, actor=None, client_id=case.client_id, now=now, details=details)
    if not silent:
        _open_task(case, signal.id, now=now)


def _standing(client_id: int, today: date) -> list[SetAside]:
    statement = select(SetAside).where(
        SetAside.client_id == client_id, SetAside.withdrawn_at.is_(None), SetAside.until_day >= today
    )
    return list(db.session.scalars(statement))
