"""Ticks of the outbox: plan, drain, sweep."""

import logging
from contextlib import closing

from flask import Flask, current_app

from iop_schedule import clock
from iop_schedule.actions import reminders
from iop_schedule.adapters.messages import Messages, messages_for
from iop_schedule.jobs.worker import Worker
from iop_schedule.queries.reminders import is_anything_due

log = logging.getLogger(__name__)


def plan(worker: Worker) -> None:  # noqa: ARG001
    """Bring the outbox in line with the timetable; without a mail server nothing is planned."""
    if messages_of(current_app) is None:
        return
    found = reminders.plan_reminders(now=clock.now())
    if found.add or found.revive or found.cancel:
        counts = (len(found.add), len(found.revive), len(found.cancel))
        log.info("reminders planned %d, revived %d, cancelled %d", *counts)


def drain(worker: Worker) -> None:
    """Hand over what is due, one message after the other, until nothing is left or we are to stop."""
    messages = messages_of(current_app)
    if messages is None or not worker.mail.lets_through() or not is_anything_due(now=clock.now()):
        return
    with closing(messages):
        while not worker.stopping.is_set():
            step = reminders.deliver_next(messages=messages, now=clock.now())
            if step is None:
                return
            if step is reminders.Step.UNREACHABLE:
                wait = worker.mail.failed()
                log.warning("the mail server cannot be reached; next try in %d s", wait)
                return
            if step is reminders.Step.SENT:
                worker.mail.worked()


def sweep(worker: Worker) -> None:  # noqa: ARG001
    """Settle what a worker left behind and what has become useless."""
    messages = messages_of(current_app)
    settled = reminders.settle_overdue(
        now=clock.now(), repeats=messages.repeats_when_unsure if messages else 0
    )
    if settled:
        log.info("reminders settled %d", settled)


def messages_of(app: Flask) -> Messages | None:
    """Return where messages go; tests put their own in `app.extensions`."""
    given: Messages | None = app.extensions.get("messages")
    return given or messages_for(app.extensions["settings"])
