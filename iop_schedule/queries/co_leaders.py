"""Who leads a group together with its counselor."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from iop_schedule.models import GroupCoLeader, User, db


@dataclass(frozen=True, slots=True)
class CoLeader:
    """One co-leader, from a day on; open while `until_day` is empty."""

    user_id: int
    name: str
    from_day: date
    until_day: date | None


def co_leaders_of(group_id: int, *, today: date) -> tuple[CoLeader, ...]:
    """Return those who lead the group together with its counselor today or later, by name."""
    statement = (
        select(GroupCoLeader, User.given_name, User.family_name)
        .join(User, User.id == GroupCoLeader.user_id)
        .where(
            GroupCoLeader.group_id == group_id,
            or_(GroupCoLeader.until_day.is_(None), GroupCoLeader.until_day >= today),
        )
        .order_by(User.given_name, User.family_name, GroupCoLeader.from_day, GroupCoLeader.id)
    )
    return tuple(
        CoLeader(row.user_id, f"{given} {family}".strip(), row.from_day, row.until_day)
        for row, given, family in db.session.execute(statement)
    )
