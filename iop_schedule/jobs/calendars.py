"""The tick that ends calendar links whose reason is gone."""

import logging

from iop_schedule import clock
from iop_schedule.actions.calendars import end_links
from iop_schedule.jobs.worker import Worker

log = logging.getLogger(__name__)


def end(worker: Worker) -> None:  # noqa: ARG001
    """End links after care has ended, the account was turned off, or nobody read them for long."""
    log.info("calendar links ended: %d", end_links(now=clock.now()))
