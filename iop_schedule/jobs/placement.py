"""The tick that works on placement runs, one at a time, each in a process of its own."""

import logging

from iop_schedule import clock
from iop_schedule.actions import placement_runs
from iop_schedule.jobs.worker import Worker

log = logging.getLogger(__name__)


def work_off(worker: Worker) -> None:
    """Say which runs have lost their process, then work on those that wait."""
    lost = placement_runs.give_up_silent(now=clock.now())
    if lost:
        log.warning("placement runs lost: %d", lost)
    while not worker.stopping.is_set():
        if not placement_runs.work_off(now=clock.now, abandon=worker.stopping.is_set):
            return
