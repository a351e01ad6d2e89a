"""Ticks for the application itself."""

import logging

from iop_schedule import clock
from iop_schedule.actions import accounts, upkeep
from iop_schedule.jobs.worker import HEARTBEAT_EVERY, Worker

log = logging.getLogger(__name__)


def heartbeat(worker: Worker) -> None:
    """Write down when each tick of this process last finished."""
    upkeep.beat(dict(worker.finished) | {"heartbeat": (clock.now(), HEARTBEAT_EVERY)})


def purge(worker: Worker) -> None:  # noqa: ARG001
    """Forget what has had its day."""
    now = clock.now()
    attempts, others = accounts.forget_attempts(now=now), upkeep.forget_old(now=now)
    log.info("forgotten: %d sign-in attempts, %d other rows", attempts, others)
