"""The tick that makes reports nobody is making, and forgets old ones."""

from iop_schedule import clock
from iop_schedule.actions import report_runs
from iop_schedule.jobs.worker import Worker


def make_reports(worker: Worker) -> None:
    """Make the reports that wait without a worker, and remove those a day old."""
    while not worker.stopping.is_set() and report_runs.work_off(now=clock.now()):
        pass
    report_runs.forget_old(now=clock.now())
