"""The tick that keeps the coming weeks written out, and closes episodes of care whose last day is over."""

import logging

from iop_schedule import clock
from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.actions.prescription import finish_discharges
from iop_schedule.jobs.worker import Worker

log = logging.getLogger(__name__)


def extend(worker: Worker) -> None:  # noqa: ARG001
    """Close finished episodes, then write weekly series out up to each program's horizon."""
    log.info("episodes finished: %s", finish_discharges(now=clock.now()))
    log.info("horizon extended: %s", extend_horizon(now=clock.now()))
