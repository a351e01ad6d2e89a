"""The tick that keeps the coming weeks written out."""

import logging

from iop_schedule import clock
from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.jobs.worker import Worker

log = logging.getLogger(__name__)


def extend(worker: Worker) -> None:  # noqa: ARG001
    """Write weekly series out as dated sessions up to each program's horizon."""
    log.info("horizon extended: %s", extend_horizon(now=clock.now()))
