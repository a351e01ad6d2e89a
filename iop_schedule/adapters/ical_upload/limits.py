"""How much of somebody else's file we are willing to read, and the stopwatch that enforces it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Upper bounds for one uploaded calendar; everything beyond is refused or left out, and said."""

    #: Size of the file.
    file_bytes: int = 1024 * 1024
    #: Unfolded lines in the whole file, and characters in one of them.
    lines: int = 20_000
    line_length: int = 64 * 1024
    #: Components inside components: calendar, entry, alarm, and one to spare.
    nesting: int = 4
    entries: int = 2_000
    properties_per_entry: int = 200
    #: Dates added to or taken out of one series.
    dates_per_entry: int = 1_000
    #: Largest INTERVAL of a rule, and longest BY-list in one.
    interval: int = 366
    list_length: int = 31
    #: Longest entry.
    entry_days: int = 14
    #: How long before or after the window a series may begin that cannot be moved up arithmetically.
    years_around: int = 10
    #: Days, weeks, months or years to step through, all series together.
    periods: int = 200_000
    #: Dated busy times, all entries together.
    occurrences: int = 5_000
    #: Processor time for one entry; beyond it the entry is left out.
    entry_cpu_seconds: float = 0.5
    #: Processor time after which the remaining entries are left out.
    soft_cpu_seconds: float = 3.5
    #: Bounds the operating system keeps for the process that reads.
    cpu_seconds: int = 5
    memory_bytes: int = 512 * 1024 * 1024
    #: Time after which the process is ended from outside.
    wall_seconds: float = 8.0


class OutOfTime(BaseException):
    """An entry took too long. Not an Exception, so that no library catches it on its way up."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime when the block uses more than `seconds` of processor time.

    Works in a main thread only and on Python code only: the expansion of dates is both.
    """
    previous = signal.signal(signal.SIGVTALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def _out_of_time(_number: int, _frame: FrameType | None) -> NoReturn:
    raise OutOfTime
