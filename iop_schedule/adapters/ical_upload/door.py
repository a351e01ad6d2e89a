"""An uploaded file -> what it says about busy time, within bounds that hold whatever the file does."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import iop_schedule
from iop_schedule.adapters.ical_upload.limits import UploadLimits
from iop_schedule.adapters.ical_upload.prescan import Refused, refuse_at_a_glance
from iop_schedule.adapters.ical_upload.results import (
    Problem,
    Skipped,
    SkipReason,
    UploadSummary,
    UploadWindow,
)
from iop_schedule.adapters.ical_upload.summary import summarize

_CHILD = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from iop_schedule.adapters.ical_upload.child import main; main()"
)
#: How the operating system ends a process that used up its processor time.
_ENDED_BY_BOUNDS = {-signal.SIGXCPU, -signal.SIGKILL}
#: How many files one web process reads at the same time; each may take the memory of its bounds.
_AT_ONCE = BoundedSemaphore(2)


def read_upload(data: bytes, window: UploadWindow, limits: UploadLimits | None = None) -> UploadSummary:
    """Return when the owner of the calendar in `data` is busy during `window`.

    Answers within `limits.wall_seconds` (waiting for a turn included: twice that) and never raises
    for what is in the file: what could not be read is in `problems` and `skipped`. Nothing but times
    is kept.
    """
    limits = limits or UploadLimits()
    try:
        refuse_at_a_glance(data, limits)
    except Refused as refused:
        return UploadSummary(problems=(refused.problem,))
    if not _AT_ONCE.acquire(timeout=limits.wall_seconds):
        return UploadSummary(problems=(Problem.NOT_NOW,))
    try:
        return _summary(_output_of_child(data, window, limits), window)
    except Refused as refused:
        return UploadSummary(problems=(refused.problem,))
    finally:
        _AT_ONCE.release()


def _output_of_child(data: bytes, window: UploadWindow, limits: UploadLimits) -> bytes:
    """Return what the child wrote; end it from outside after the wall time.

    A fresh interpreter instead of a fork: forking a process with threads can block for ever. No
    environment: the child needs no secrets.
    """
    request = {
        "zone": window.zone,
        "first_day": window.first_day.isoformat(),
        "last_day": window.last_day.isoformat(),
        "all_day_is_busy": window.all_day_is_busy,
        "limits": asdict(limits),
    }
    root = str(Path(iop_schedule.__file__).resolve().parent.parent)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and code; the file goes to standard input
            [sys.executable, "-I", "-c", _CHILD, root],
            input=json.dumps(request).encode() + b"\n" + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused(Problem.TOO_SLOW) from None
    if done.returncode in _ENDED_BY_BOUNDS:
        raise Refused(Problem.TOO_SLOW)
    if done.returncode != 0:
        raise Refused(Problem.UNREADABLE)
    return done.stdout


def _summary(output: bytes, window: UploadWindow) -> UploadSummary:
    answer: dict[str, Any] = json.loads(output)
    occurrences = [
        (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in answer["occurrences"]
    ]
    skipped = {SkipReason(reason): entries for reason, entries in answer["skipped"].items()}
    return summarize(
        occurrences,
        window=window,
        skipped=tuple(Skipped(reason, skipped[reason]) for reason in SkipReason if reason in skipped),
        problems=tuple(Problem(problem) for problem in answer["problems"]),
        entries=answer["entries"],
    )
