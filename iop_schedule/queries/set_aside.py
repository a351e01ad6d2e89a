"""Whom staff decided not to contact for now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from iop_schedule.models import SetAside, User, db
from iop_schedule.vocabulary import SetAsideReason


@dataclass(frozen=True, slots=True)
class NotNow:
    """A standing “not now”: who decided it, why, and until when."""

    id: int
    reason: SetAsideReason
    until_day: date
    by: str


def set_aside(client_ids: Collection[int], today: date) -> dict[int, NotNow]:
    """Return the “not now” that stands about each client, of those about whom one does."""
    statement = (
        select(SetAside, User.given_name, User.family_name)
        .join(User, User.id == SetAside.made_by_id)
        .where(SetAside.withdrawn_at.is_(None), SetAside.from_day <= today, SetAside.until_day >= today)
        .order_by(SetAside.id)
    )
    wanted = set(client_ids)
    return {
        row.client_id: NotNow(row.id, SetAsideReason(row.reason), row.until_day, f"{given} {family}".strip())
        for row, given, family in db.session.execute(statement)
        if row.client_id in wanted
    }
