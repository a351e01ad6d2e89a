"""The process that reads one uploaded file: bytes in on standard input, times out as JSON.

It is a fresh interpreter with its own bounds on memory and processor time, without the settings and
secrets of the web process. The first input line says what to read for; the file follows.
"""

import json
import resource
import sys
from datetime import date
from typing import Any

from iop_schedule.adapters.ical_upload.limits import UploadLimits
from iop_schedule.adapters.ical_upload.results import Problem, UploadWindow


def main() -> None:
    """Read the request from standard input and write the answer to standard output."""
    header, _, data = sys.stdin.buffer.read().partition(b"\n")
    request = json.loads(header)
    limits = UploadLimits(**request["limits"])
    _confine(limits)
    window = UploadWindow(
        zone=request["zone"],
        first_day=date.fromisoformat(request["first_day"]),
        last_day=date.fromisoformat(request["last_day"]),
        all_day_is_busy=request["all_day_is_busy"],
    )
    sys.stdout.write(json.dumps(_answer(data, window, limits)))
    sys.stdout.flush()


def _confine(limits: UploadLimits) -> None:
    """Set the bounds that the operating system keeps, and forbid writing files."""
    for kind, bound in (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (bound, bound))


def _answer(data: bytes, window: UploadWindow, limits: UploadLimits) -> dict[str, Any]:
    # Imported under the bounds: the libraries are what the bounds are for.
    from iop_schedule.adapters.ical_upload.parse import read_calendar  # noqa: PLC0415
    from iop_schedule.adapters.ical_upload.prescan import Refused  # noqa: PLC0415

    try:
        reading = read_calendar(data, window, limits)
    except Refused as refused:
        return _refusal(refused.problem)
    except MemoryError:
        return _refusal(Problem.UNREADABLE)
    return {
        "occurrences": [[int(s.timestamp()), int(e.timestamp())] for s, e in reading.occurrences],
        "skipped": dict(reading.skipped),
        "problems": list(reading.problems),
        "entries": reading.entries,
    }


def _refusal(problem: Problem) -> dict[str, Any]:
    return {"occurrences": [], "skipped": {}, "problems": [problem], "entries": 0}
