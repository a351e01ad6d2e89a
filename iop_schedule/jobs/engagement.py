"""Ticks that keep caseloads ready and open outreach tasks."""

import logging

from iop_schedule import clock
from iop_schedule.actions import case_snapshots, outreach_tasks, risk
from iop_schedule.jobs.worker import Worker

log = logging.getLogger(__name__)


def refresh_cases(worker: Worker) -> None:
    """Derive again whatever events or time have made stale."""
    total = 0
    while not worker.stopping.is_set() and (done := case_snapshots.refresh(now=clock.now())):
        total += done
    if total:
        log.info("cases derived again: %d", total)


def watch(worker: Worker) -> None:  # noqa: ARG001
    """Raise and end signals, close and hand up outreach tasks."""
    now = clock.now()
    signals, tasks = risk.watch_tiers(now=now), outreach_tasks.settle_tasks(now=now)
    if signals or tasks:
        log.info("signals changed: %d, tasks closed or handed up: %d", signals, tasks)
