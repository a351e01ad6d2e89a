"""Ticks of the invitations by e-mail: plan, hand over."""

import logging

from flask import current_app

from iop_schedule import clock
from iop_schedule.actions import invitations
from iop_schedule.adapters.ical import uid_key
from iop_schedule.jobs.reminders import open_doors
from iop_schedule.jobs.worker import Worker
from iop_schedule.vocabulary import Channel

log = logging.getLogger(__name__)


def plan(worker: Worker) -> None:  # noqa: ARG001
    """Make each mailbox agree with the timetable; without a mail server nothing is planned."""
    with open_doors() as doors:
        if Channel.EMAIL not in doors:
            return
    planned = invitations.plan_invitations(now=clock.now())
    if planned:
        log.info("invitations planned %d", planned)


def drain(worker: Worker) -> None:
    """Hand over what is due, one message after the other, until nothing is left or we are to stop."""
    breaker = worker.breakers[Channel.EMAIL]
    if not breaker.lets_through():
        return
    key = uid_key(current_app.extensions["settings"].secret_key)
    with open_doors() as doors:
        messages = doors.get(Channel.EMAIL)
        while messages is not None and not worker.stopping.is_set():
            step = invitations.deliver_next_invitation(messages=messages, key=key, now=clock.now())
            if step is None:
                return
            if step is invitations.Step.UNREACHABLE:
                log.warning("the mail server cannot be reached; next try in %d s", breaker.failed())
                return
            if step is invitations.Step.SENT:
                breaker.worked()
