"""Ticks of the outbox: plan, drain, sweep."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app

from iop_schedule import clock
from iop_schedule.actions import reminders
from iop_schedule.actions.reminders import Allowances, Letterhead, Step
from iop_schedule.adapters.messages import Doors, doors_for
from iop_schedule.config import Settings
from iop_schedule.jobs.worker import Worker
from iop_schedule.queries.reminders import channel_waiting_longest
from iop_schedule.vocabulary import Channel

log = logging.getLogger(__name__)


def plan(worker: Worker) -> None:  # noqa: ARG001
    """Bring the outbox in line with the timetable, for the channels that are set up."""
    with open_doors() as doors:
        found = reminders.plan_reminders(now=clock.now(), channels=[*doors, Channel.IN_APP])
    if found.add or found.revive or found.cancel:
        counts = (len(found.add), len(found.revive), len(found.cancel))
        log.info("messages planned %d, revived %d, cancelled %d", *counts)


def drain(worker: Worker) -> None:
    """Hand over what is due, a handful at a time, until nothing is left or we are to stop."""
    with open_doors() as doors:
        allowances = Allowances(_limits())
        while not worker.stopping.is_set():
            now = clock.now()
            channels = _open_channels(worker, doors, allowances)
            channel = channel_waiting_longest(now=now, channels=channels)
            if channel is None:
                return
            handful, began = worker.handfuls[channel], clock.monotonic()
            done = reminders.deliver(
                channel,
                doors=doors,
                now=now,
                head=_head(),
                most=allowances.at_most(channel, handful.size),
                goes_on=lambda: not worker.stopping.is_set(),
            )
            if not done:  # others have it in hand
                return
            for one in done:
                _note(worker, channel, one.step)
            handed_over = sum(one.step is not Step.GIVEN_BACK for one in done)
            allowances.used(channel, handed_over)
            handful.took(handed_over, clock.monotonic() - began)


def _open_channels(worker: Worker, doors: Doors, allowances: Allowances) -> list[Channel]:
    now = clock.now()
    outside = [
        channel
        for channel in doors
        if worker.breakers[channel].lets_through() and allowances.lets_through(channel, now=now)
    ]
    return [*outside, Channel.IN_APP]


def _note(worker: Worker, channel: Channel, step: Step) -> None:
    breaker = worker.breakers[channel]
    if step is Step.SENT:
        breaker.worked()
    elif step is Step.UNREACHABLE:
        log.warning("the provider for %s cannot be reached; next try in %d s", channel, breaker.failed())
    elif step is Step.UNKNOWN:
        wait = breaker.doubted()
        if wait:
            log.warning("the provider for %s does not answer; next try in %d s", channel, wait)


def sweep(worker: Worker) -> None:  # noqa: ARG001
    """Settle what a worker left behind and what has become useless."""
    with open_doors() as doors:
        settled = reminders.settle_overdue(now=clock.now(), doors=doors, head=_head())
    if settled:
        log.info("messages settled %d", settled)


@contextmanager
def open_doors() -> Iterator[Doors]:
    """Yield where messages go, closed at the end; tests put their own in `app.extensions`."""
    given: Doors | None = current_app.extensions.get("messages")
    doors = doors_for(_settings()) if given is None else given
    try:
        yield doors
    finally:
        for door in doors.values():
            door.close()


def _settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


def _head() -> Letterhead:
    chosen = _settings()
    return Letterhead(chosen.public_url, chosen.secret_key)


def _limits() -> dict[Channel, int]:
    chosen = _settings()
    return {Channel.EMAIL: chosen.mail_per_second, Channel.SMS: chosen.sms_per_second}
