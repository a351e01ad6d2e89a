"""An end to exchanges that take too long, however slowly the other side drips.

Time-outs of single reads do not stop slow dripping. One watching thread serves all exchanges over a
connection, one after the other: starting a thread for each message costs more than sending it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread, current_thread

from iop_schedule import clock


class Deadline:
    """Hangs up on an exchange that is not over after so many seconds."""

    def __init__(self) -> None:
        """Begin with nothing to watch; the thread starts with the first exchange."""
        self._changed = Condition()
        self._watcher: Thread | None = None
        #: The watcher waits for an exchange to begin, and not for one to end.
        self._idle = False
        #: When to hang up, and how; None between exchanges.
        self._exchange: tuple[float, Callable[[], None]] | None = None

    @contextmanager
    def of(self, seconds: float, hang_up: Callable[[], None]) -> Iterator[None]:
        """Watch over one exchange, the block; `hang_up` is called from another thread."""
        with self._changed:
            self._exchange = clock.monotonic() + seconds, hang_up
            if self._watcher is None:
                self._watcher = Thread(target=self._watch, name="deadline", daemon=True)
                self._watcher.start()
            elif self._idle:
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._exchange = None

    def close(self) -> None:
        """Let the watcher go."""
        with self._changed:
            self._watcher = None
            self._changed.notify_all()

    def _watch(self) -> None:
        with self._changed:
            while self._watcher is current_thread():
                self._idle = self._exchange is None
                if self._exchange is None:
                    self._changed.wait()
                    continue
                ends_at, hang_up = self._exchange
                left = ends_at - clock.monotonic()
                if left > 0:
                    self._changed.wait(left)
                else:
                    self._exchange = None
                    hang_up()
