"""What the ticks of one process share: when each last finished, the wish to stop, the providers' state."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import random
from threading import Event

from iop_schedule import clock
from iop_schedule.actions.reminders import BATCH, STANDS_SECONDS
from iop_schedule.vocabulary import Channel

#: How often a process shows that it is alive.
HEARTBEAT_EVERY = timedelta(seconds=5)


@dataclass
class CircuitBreaker:
    """After a failure, lets nothing through for a while; the while doubles up to five minutes."""

    first_wait: float = 15.0
    longest_wait: float = 300.0
    #: So many messages in a row of which nobody knows whether they arrived count as a failure.
    most_doubts: int = 3
    _failures: int = 0
    _doubts: int = 0
    _open_until: float = 0.0

    def lets_through(self) -> bool:
        """Return True when a try is worth it now."""
        return clock.monotonic() >= self._open_until

    def failed(self) -> float:
        """Note a failure; return the seconds until the next try, spread at random."""
        full = min(self.longest_wait, self.first_wait * 2.0 ** min(self._failures, 10))
        wait = full * (0.5 + random() / 2)  # noqa: S311
        self._failures, self._doubts = self._failures + 1, 0
        self._open_until = clock.monotonic() + wait
        return wait

    def doubted(self) -> float:
        """Note a message in doubt; return the seconds until the next try, 0 while there were few."""
        self._doubts += 1
        return self.failed() if self._doubts >= self.most_doubts else 0.0

    def worked(self) -> None:
        """Note a success: everything goes through again."""
        self._failures, self._doubts, self._open_until = 0, 0, 0.0


@dataclass
class Handful:
    """How many messages are decided together: as many as go out in half the time a decision stands."""

    size: int = 5

    def took(self, messages: int, seconds: float) -> None:
        """Note how long the last handful took."""
        if messages:
            in_time = messages * STANDS_SECONDS / 2 / max(seconds, 0.001)
            self.size = max(1, min(BATCH, int(in_time)))


@dataclass
class Worker:
    """The state of one scheduler process; holds nothing that a restart may not forget."""

    stopping: Event = field(default_factory=Event)
    #: One for each provider: a text provider that is away does not keep mail from going out.
    breakers: dict[Channel, CircuitBreaker] = field(
        default_factory=lambda: {channel: CircuitBreaker() for channel in Channel}
    )
    handfuls: dict[Channel, Handful] = field(
        default_factory=lambda: {channel: Handful() for channel in Channel}
    )
    #: Name of a tick -> when it last finished well, and its period.
    finished: dict[str, tuple[datetime, timedelta]] = field(default_factory=dict)
    #: Name of a tick -> when its body last ended, well or not, on the clock that never jumps.
    ended: dict[str, float] = field(default_factory=dict)
