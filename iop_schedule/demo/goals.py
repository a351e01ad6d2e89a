"""What clients of the invented clinic want time for."""

from datetime import datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.goals import add_goal
from iop_schedule.models import Client, User, db
from iop_schedule.queries.access import actor_for

#: Whose, in which words, and which of their times is kept for it.
_GOALS = (
    ("C001", "Walk my daughter to school", "School drop-off"),
    ("C001", "Keep my job at the store", "Store shift"),
    ("C001", "Sunday dinners with my mother", ""),
    ("C004", "Finish my welding class", ""),
)


def add_goals(*, now: datetime) -> None:
    """Let a few clients say what they want time for."""
    for code, words, time_name in _GOALS:
        found = db.session.execute(
            select(Client.id, User).join(User, User.id == Client.user_id).where(Client.code == code)
        )
        for client_id, user in found.unique():
            at = now - timedelta(days=20)
            add_goal(actor=actor_for(user), client_id=client_id, words=words, time_name=time_name, now=at)
