"""What keeps the application itself in order: heartbeats, one-at-a-time work, forgetting old rows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from sqlalchemy import delete, false, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from iop_schedule.models import Heartbeat, SignInSession, Standstill, db
from iop_schedule.models.base import write_intent, write_transaction
from iop_schedule.queries import health

#: How long sign-in rows are kept after they have stopped mattering; the audit trail keeps the fact itself.
SIGN_INS_KEPT = timedelta(days=30)
#: Longer than the period of any tick.
HEARTBEATS_KEPT = timedelta(days=7)
#: No sign of life for longer than this is a standstill; shorter gaps are restarts and upgrades.
STANDSTILL_FROM = timedelta(minutes=10)


#: The tick by which a scheduler shows that it is alive.
HEARTBEAT = "heartbeat"


def beat(finished: Mapping[str, tuple[datetime, timedelta]]) -> None:
    """Note when each tick last finished, with its period, and that none did for a while before."""
    with write_transaction() as session:
        last = session.get(Heartbeat, HEARTBEAT, with_for_update=True)
        at, _ = finished.get(HEARTBEAT, (None, None))
        if last is not None and at is not None and at - last.at > STANDSTILL_FROM:
            session.add(Standstill(began_at=last.at, ended_at=at))
        for tick, (at, every) in sorted(finished.items()):
            session.merge(Heartbeat(tick=tick, at=at, every_seconds=int(every.total_seconds())))


@contextmanager
def alone(task: str) -> Iterator[bool]:
    """Yield True when no other worker runs `task` now; none will begin to until the block ends.

    On SQLite there is one worker anyway (it holds a file lock), so the answer is always True.
    """
    if db.engine.dialect.name != "postgresql":
        yield True
        return
    key = crc32(task.encode())
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        try:
            yield mine
        finally:
            if mine:
                connection.scalar(select(func.pg_advisory_unlock(key)))


def forget_old(*, now: datetime) -> int:
    """Delete ended sign-ins and the heartbeats of ticks that are no more; return how many rows."""
    old = now - SIGN_INS_KEPT
    with write_transaction() as session:
        ended = or_(SignInSession.ended_at < old, SignInSession.last_seen_at < old)
        done: list[Any] = [
            session.execute(delete(SignInSession).where(ended)),
            session.execute(
                delete(Heartbeat).where(
                    Heartbeat.at < now - HEARTBEATS_KEPT,
                    Heartbeat.tick != HEARTBEAT,  # by its age the next one knows how long nothing ran
                )
            ),
            session.execute(delete(Standstill).where(Standstill.ended_at < now - SIGN_INS_KEPT)),
        ]
    return sum(int(result.rowcount) for result in done)


def can_write() -> bool:
    """Return True when the database takes a write right now; changes nothing."""
    token = write_intent.set(True)
    try:
        db.session.rollback()
        db.session.execute(update(Heartbeat).where(false()).values(at=Heartbeat.at))
    except SQLAlchemyError:
        return False
    else:
        return True
    finally:
        db.session.rollback()
        write_intent.reset(token)


def why_not_start() -> str | None:
    """Return a sentence when the database is not fit to start on, else None; leaves no connection open.

    Called before the server forks: a connection shared by two processes would corrupt both.
    """
    try:
        current = health.is_schema_current()
    except SQLAlchemyError as error:
        missing = "alembic_version" in str(error)
        reach = "The database cannot be reached. Check DATABASE_URL and that its server runs."
        return _UPGRADE if missing else reach
    else:
        return None if current else _UPGRADE
    finally:
        db.session.remove()
        db.engine.dispose()


_UPGRADE = "The database is not up to date. Run: flask --app wsgi db upgrade"
