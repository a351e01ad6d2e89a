"""Whether the application can do its work: for load balancers and for whoever is on call."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import inspect, select, text

import iop_schedule
from iop_schedule.models import Heartbeat, db

_HEAD = Path(iop_schedule.__file__).parent / "migrations" / "HEAD"

#: A tick may be this late before it counts as dead, however short its period.
LEAST_PATIENCE = timedelta(seconds=15)
PERIODS_OF_PATIENCE = 3


def is_schema_current() -> bool:
    """Return True when the newest migration has been applied; raises what the database raises."""
    if not inspect(db.session.connection()).has_table("alembic_version"):
        return False
    version: str | None = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    return version == _HEAD.read_text(encoding="ascii").strip()


def late_ticks(*, now: datetime) -> list[str] | None:
    """Return the names of the ticks that are overdue, in order; None when none was ever seen."""
    beats = db.session.scalars(select(Heartbeat).order_by(Heartbeat.tick)).all()
    if not beats:
        return None
    return [beat.tick for beat in beats if now - beat.at > patience(timedelta(seconds=beat.every_seconds))]


def patience(every: timedelta) -> timedelta:
    """Return how long after its last finish a tick with this period counts as dead."""
    return max(LEAST_PATIENCE, every * PERIODS_OF_PATIENCE)
