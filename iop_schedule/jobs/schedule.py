"""The table of everything that runs on its own. Periods only: wall-clock rules live in the domain."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from iop_schedule.jobs import (
    calendars,
    engagement,
    imports,
    invitations,
    occurrences,
    placement,
    reminders,
    reports,
    upkeep,
)
from iop_schedule.jobs.worker import HEARTBEAT_EVERY, Worker


@dataclass(frozen=True, slots=True)
class Tick:
    """Something done again and again."""

    name: str
    every: timedelta
    run: Callable[[Worker], None]
    #: At one place at a time, among all workers. The others' work is safe side by side.
    alone: bool = False


TICKS = (
    Tick("heartbeat", HEARTBEAT_EVERY, upkeep.heartbeat),
    Tick("drain", timedelta(seconds=5), reminders.drain),
    Tick("sweep", timedelta(seconds=15), reminders.sweep),
    Tick("plan", timedelta(seconds=60), reminders.plan, alone=True),
    Tick("imports", timedelta(seconds=30), imports.work_off, alone=True),
    Tick("reports", timedelta(seconds=60), reports.make_reports, alone=True),
    Tick("placement", timedelta(seconds=3), placement.work_off, alone=True),
    Tick("refresh-cases", timedelta(seconds=15), engagement.refresh_cases, alone=True),
    Tick("watch-tiers", timedelta(seconds=60), engagement.watch, alone=True),
    Tick("extend-occurrences", timedelta(hours=1), occurrences.extend, alone=True),
    Tick("end-calendar-links", timedelta(hours=1), calendars.end, alone=True),
    Tick("plan-invitations", timedelta(minutes=2), invitations.plan, alone=True),
    Tick("drain-invitations", timedelta(seconds=15), invitations.drain, alone=True),
    Tick("purge", timedelta(days=1), upkeep.purge, alone=True),
)
