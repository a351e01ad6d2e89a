"""For load balancers and whoever is on call: is the process alive, and can it do its work? No secrets."""

import shutil
from pathlib import Path
from threading import Lock

from flask import Blueprint, current_app, g, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from iop_schedule import clock
from iop_schedule.actions import upkeep
from iop_schedule.queries import health as checks

health = Blueprint("health", __name__, url_prefix="/health")

#: Anyone may ask, so an answer stands for this many seconds and asking often costs nothing.
ANSWER_STANDS = 1.0
#: Too little room to go on writing: below both.
LEAST_FREE_SHARE = 0.05
LEAST_FREE_BYTES = 1024**3

OK, LATE, OFF = "ok", "late", "off"


@health.get("/live")
def live() -> ResponseReturnValue:
    """Say that this process answers; asks nothing else."""
    return jsonify(status="live")


@health.get("/ready")
def ready() -> ResponseReturnValue:
    """Say whether everything a request needs is there: 200, or 503 with what is missing."""
    found = current_app.extensions.setdefault("readiness", _Readiness()).now()
    expected = bool(current_app.extensions.get("runs_scheduler"))
    good = all(state == OK or (name == "scheduler" and not expected) for name, state in found.items())
    headers = {} if good else {"Retry-After": "5"}
    return jsonify(status="ready" if good else "not ready", **found), 200 if good else 503, headers


class _Readiness:
    """The last answer, kept for a moment."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: float | None = None
        self._found: dict[str, str] = {}

    def now(self) -> dict[str, str]:
        with self._lock:
            if self._asked is None or clock.monotonic() - self._asked > ANSWER_STANDS:
                self._found = _check()
                self._asked = clock.monotonic()
            return self._found


def _check() -> dict[str, str]:
    database = OK if upkeep.can_write() else "cannot be written"
    schema = scheduler = "unknown"
    if database == OK:
        try:
            schema = OK if checks.is_schema_current() else "not current"
            late = checks.late_ticks(now=g.now)
            scheduler = OFF if late is None else LATE if late else OK
        except SQLAlchemyError:
            schema = "not current"
    return {"database": database, "schema": schema, "scheduler": scheduler, "disk": _disk()}


def _disk() -> str:
    instance: Path = current_app.extensions["settings"].instance
    usage = shutil.disk_usage(instance)
    low = usage.free < LEAST_FREE_BYTES and usage.free < usage.total * LEAST_FREE_SHARE
    return "almost full" if low else OK
