"""Leading a group together: from a day to a day, so that old sheets keep who could sign them."""

from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import Conflict
from iop_schedule.models import Group, GroupCoLeader, db
from iop_schedule.queries.access import Actor, access_group, access_staff
from iop_schedule.queries.series import leader_at
from iop_schedule.vocabulary import AuditKind


class LeadsAlready(Conflict):
    """They lead this group together with its counselor already."""


def add_co_leader(*, actor: Actor, group_id: int, user_id: int, now: datetime) -> GroupCoLeader:
    """Let someone see, mark and sign the sheets of a group from today on, beside its counselor.

    Raises:
        NotFound, NotAllowed: the group or the person is not this person's.
        NotPossible: they do not work at the group's site.
        LeadsAlready: they do so already.
    """
    group, today = _group(actor, group_id), actor.today(now)
    access_staff(actor, user_id, Permission.PROGRAM_EDIT)
    leader_at(group.program.site, user_id)
    if _standing(group.id, user_id, today):
        raise LeadsAlready
    added = GroupCoLeader(group_id=group.id, user_id=user_id, from_day=today)
    db.session.add(added)
    _record(actor, group, {"user": user_id, "from": str(today)}, now=now)
    db.session.commit()
    return added


def end_co_leader(*, actor: Actor, group_id: int, user_id: int, now: datetime) -> None:
    """Let someone lead a group together with its counselor until yesterday; twice is once.

    Raises:
        NotFound, NotAllowed: the group or the person is not this person's.
    """
    group, today = _group(actor, group_id), actor.today(now)
    access_staff(actor, user_id, Permission.PROGRAM_EDIT)
    yesterday = today - timedelta(days=1)
    for row in _standing(group.id, user_id, today):
        if row.from_day > yesterday:
            db.session.delete(row)  # it never held for a whole day
        else:
            row.until_day = yesterday
        _record(actor, group, {"user": user_id, "until": str(yesterday)}, now=now)
    db.session.commit()


def _group(actor: Actor, group_id: int) -> Group:
    group = access_group(actor, group_id, Permission.PROGRAM_EDIT)
    lock_schedule(group.program.site_id)
    return group


def _standing(group_id: int, user_id: int, today: date) -> list[GroupCoLeader]:
    statement = select(GroupCoLeader).where(
        GroupCoLeader.group_id == group_id,
        GroupCoLeader.user_id == user_id,
        or_(GroupCoLeader.until_day.is_(None), GroupCoLeader.until_day >= today),
    )
    return list(db.session.scalars(statement))


def _record(actor: Actor, group: Group, details: dict[str, object], *, now: datetime) -> None:
    audit.record(
        AuditKind.CO_LEADER_CHANGED,
        actor=actor,
        now=now,
        subject=("group", group.id),
        site_id=group.program.site_id,
        details=details,
    )
