"""The only reader of the wall clock. Entry points call `now()` once and hand the instant down."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

_read: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731 - replaced whole by tests


def now() -> datetime:
    """Return the current instant, aware and in UTC."""
    return _read()


def machine_now() -> datetime:
    """Return what the machine's clock says even while `now` stands still; for the scheduler's first run."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds that never run backwards, for time-outs and measuring."""
    return time.monotonic()


def freeze(instant: datetime | None) -> None:
    """Make `now()` answer `instant` until called again with None. For tests and the demo only."""
    global _read  # noqa: PLW0603 - one clock for the process is the point
    if instant is None:
        _read = lambda: datetime.now(UTC)  # noqa: E731
    else:
        fixed = instant.astimezone(UTC)
        _read = lambda: fixed  # noqa: E731
