"""Solvers in a process of their own: whatever they do to memory or to themselves, the clinic goes on."""

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import iop_schedule
from iop_schedule import clock

_CHILD = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from iop_schedule.adapters.optimizer.child import main; main()"
)
#: How often the caller is asked whether to go on.
LOOK_EVERY = 0.5
#: Beyond its time limit a solver may need so much longer, and so many seconds to start, before it is ended.
TENTH, STARTING_SECONDS = 1.1, 30.0
#: Nobody waits longer than this for the best plan so far.
STOPPING_SECONDS = 20.0


class SolverDied(Exception):
    """The planning ended before it had a result. Start it again."""


class Abandoned(Exception):
    """The application is shutting down; the planning was ended."""


def solve_apart(
    request: Mapping[str, Any],
    *,
    seconds: float,
    progress: Callable[[dict[str, Any]], None],
    stop: Callable[[], bool],
    abandon: Callable[[], bool],
) -> dict[str, Any]:
    """Return what the task named in `request` answers, worked out in a fresh process.

    Args:
        request: JSON values: `task`, and what that task takes.
        seconds: the time limit the task knows of; a tenth beyond it the process is ended.
        progress: called with each word of progress, and at least once a second while it is alive.
        stop: asked twice a second; True asks the task for its best answer so far.
        abandon: asked twice a second; True ends the process at once.

    Raises:
        SolverDied: the process ended without an answer, or had to be ended.
        Abandoned: `abandon` said so.
    """
    child = _started(request)
    try:
        return _answer(child, _Patience(seconds), progress, stop, abandon)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


class _Patience:
    """How long the process may still take."""

    def __init__(self, seconds: float) -> None:
        self._until = clock.monotonic() + seconds * TENTH + STARTING_SECONDS
        self.stopping = False

    def stop(self) -> None:
        """Wait only a little longer."""
        self.stopping = True
        self._until = min(self._until, clock.monotonic() + STOPPING_SECONDS)

    @property
    def is_over(self) -> bool:
        """Return True when the process has had its time."""
        return clock.monotonic() > self._until


def _started(request: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Return a fresh interpreter at work; it gets no environment, for it needs no secrets."""
    root = str(Path(iop_schedule.__file__).resolve().parent.parent)
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-I", "-c", _CHILD, root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )
    assert child.stdin is not None  # noqa: S101 - for the type checker
    try:
        child.stdin.write(json.dumps(request).encode() + b"\n")
        child.stdin.close()
    except BrokenPipeError:  # ended at once; its silence says so
        pass
    return child


def _answer(
    child: subprocess.Popen[bytes],
    patience: _Patience,
    progress: Callable[[dict[str, Any]], None],
    stop: Callable[[], bool],
    abandon: Callable[[], bool],
) -> dict[str, Any]:
    assert child.stdout is not None  # noqa: S101 - for the type checker
    pending = b""
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        while not patience.is_over:
            if abandon():
                raise Abandoned
            if not patience.stopping and stop():
                patience.stop()
                child.send_signal(signal.SIGTERM)
            if not ready.select(LOOK_EVERY):
                continue
            read = os.read(child.stdout.fileno(), 1 << 16)
            if not read:
                break
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                said: dict[str, Any] = json.loads(line)
                if "answer" in said:
                    answer: dict[str, Any] = said["answer"]
                    return answer
                progress(said["progress"])
    raise SolverDied
