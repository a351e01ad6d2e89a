"""What entry points say about their transactions, without touching tables themselves."""

from contextvars import Token

from iop_schedule.models import db
from iop_schedule.models.base import write_intent


def declare_intent(*, writes: bool) -> Token[bool]:
    """Say, before the first statement, whether this request may write; SQLite must know at BEGIN."""
    return write_intent.set(writes)


def withdraw_intent(token: Token[bool]) -> None:
    """Put back what held before `declare_intent`."""
    write_intent.reset(token)


def abandon() -> None:
    """Take back everything since the last commit."""
    db.session.rollback()
