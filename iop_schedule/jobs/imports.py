"""Ticks for uploads of clinic files: those whose server ended are taken up again, old ones put away."""

from pathlib import Path

from flask import current_app

from iop_schedule import clock
from iop_schedule.actions.importing import runs
from iop_schedule.jobs.worker import Worker


def work_off(worker: Worker) -> None:
    """Finish uploads that nobody works on, and remove the files of those a day old."""
    instance, now = Path(current_app.instance_path), clock.now()
    while not worker.stopping.is_set() and runs.work_off(instance=instance, now=now):
        now = clock.now()
    runs.forget_old(instance=instance, now=now)
