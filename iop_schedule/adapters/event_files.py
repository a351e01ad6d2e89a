"""Files of past sessions in, files of monitor states and alerts out; no database.

A file in which each client's rows stand together is read once, one client in memory at a time; a file in
any other order is gathered in memory first. What is written does not depend on that: clients in natural
order of their ids, 2 before 10, and each one's rows in order of time. Nothing appears under the names asked
for before the last row has been accepted.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path

from iop_schedule.adapters.event_rows import Event, events_in
from iop_schedule.adapters.level_batch import level_columns
from iop_schedule.adapters.ordered_parts import OrderedParts, natural
from iop_schedule.adapters.replaced_files import ReplacedFile
from iop_schedule.domain.risk.monitor import Monitor, MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.replay import week_number
from iop_schedule.domain.risk.watch import Row

LEVEL_COLUMNS = (
    "client_id",
    "at",
    "attended_share",
    "low80",
    "high80",
    "effective_n",
    "below_two_thirds",
    "drop",
    "stop",
    "consecutive_misses",
)
ALERT_COLUMNS = ("client_id", "at", "reason", "drop", "stop")

#: Rows computed and written together.
_BATCH = 4096


@dataclass(slots=True)
class Replayed:
    """What a replay went through and raised. Alerts in weeks in which a session was expected."""

    rows: int = 0
    duplicates: int = 0
    clients: int = 0
    client_weeks: int = 0
    alerts: int = 0

    @property
    def alerts_per_100_client_weeks(self) -> float | None:
        """Return how often an alert was raised; None without any client-week."""
        return 100 * self.alerts / self.client_weeks if self.client_weeks else None


#: A client's id and rows, in file order.
_Client = tuple[str, list[Event]]


def replay(events: Path, *, levels: Path | None, alerts: Path | None, policy: MonitorPolicy) -> Replayed:
    """Write the monitor's state after every row to `levels` and what it raised to `alerts`.

    Either may be None. Both files appear, or are replaced, together at the end.

    Raises:
        BadRow: a row cannot be used; neither file is written or changed.
    """
    with ExitStack() as stack:
        outputs = [stack.enter_context(ReplacedFile(path)) for path in (levels, alerts)]
        try:
            replayed = _Replay(outputs[0], outputs[1], policy).run(_together(events))
        except _Scattered:
            for output in outputs:
                output.restart()
            replayed = _Replay(outputs[0], outputs[1], policy).run(_gathered(events))
        for output in outputs:
            output.keep()
    return replayed


def histories(events: Path) -> list[tuple[Row, ...]]:
    """Return the rows of every client in order of time, exact duplicates used once; all in memory.

    Raises:
        BadRow: a row cannot be used.
    """
    return [
        tuple(Row(event[0], event[1], event[2]) for event in _ordered(rows)) for _, rows in _gathered(events)
    ]


class _Scattered(Exception):
    """A client's rows do not stand together."""


def _together(events: Path) -> Iterator[_Client]:
    """Yield one client after the other while reading; one that comes back later stops it."""
    if not events.is_file():
        raise _Scattered  # a pipe cannot be read twice, so it is gathered from the start
    done: set[str] = set()
    current: str | None = None
    rows: list[Event] = []
    for client_id, event in events_in(events):
        if client_id != current:
            if current is not None:
                yield current, rows
            if client_id in done:
                raise _Scattered
            done.add(client_id)
            current, rows = client_id, []
        rows.append(event)
    if current is not None:
        yield current, rows


def _gathered(events: Path) -> Iterator[_Client]:
    """Yield every client in natural order of their ids, 2 before 10, after reading the whole file."""
    by_client: dict[str, list[Event]] = {}
    for client_id, event in events_in(events):
        by_client.setdefault(client_id, []).append(event)
    for client_id in sorted(by_client, key=natural):
        yield client_id, by_client.pop(client_id)


def _ordered(events: list[Event]) -> Iterator[Event]:
    """Yield a client's rows in order of time, file order within a moment, exact duplicates once."""
    events.sort(key=itemgetter(0))
    before: datetime | None = None
    moment: list[list[str]] = []
    for event in events:
        if event[0] != before:
            before, moment = event[0], [event[4]]
        elif event[4] in moment:
            continue
        else:
            moment.append(event[4])
        yield event


class _Replay:
    """One pass over the clients of a file, with the rows waiting to be written."""

    def __init__(self, levels: ReplacedFile, alerts: ReplacedFile, policy: MonitorPolicy) -> None:
        self._policy = policy
        self._wants_levels = levels.is_wanted
        self._levels = OrderedParts(levels, ",".join(LEVEL_COLUMNS) + "\n")
        self._alerts = OrderedParts(alerts, ",".join(ALERT_COLUMNS) + "\n")
        #: States to be written, and whose they are: each client with the number of rows.
        self._waiting: list[tuple[str, float, float, float, float, int]] = []
        self._whose: list[tuple[str, int]] = []
        self._counted = Replayed()

    def run(self, clients: Iterable[_Client]) -> Replayed:
        """Take every client through a monitor of their own and return what was counted."""
        settings = MonitorSettings(self._policy)
        for client_id, events in clients:
            self._take(client_id, events, Monitor(settings))
            if len(self._waiting) >= _BATCH:
                self._write_levels()
        self._write_levels()
        self._levels.put_in_order()
        self._alerts.put_in_order()
        return self._counted

    def _take(self, client_id: str, events: list[Event], monitor: Monitor) -> None:
        waiting, name = self._waiting, _quoted(client_id)
        weeks, before = set(), len(waiting)
        alerts: list[str] = []
        for at, share, paused, written, _ in _ordered(events):
            if share is None:
                monitor.skip(at, paused=paused)
            else:
                weeks.add(week_number(at))
                alert = monitor.observe(at, share)
                if alert is not None:
                    alerts.append(f"{name},{written},{alert.arm},{alert.drop!r},{alert.stop!r}\n")
            state = (monitor.attended, monitor.missed, monitor.drop, monitor.stop, monitor.consecutive_misses)
            waiting.append((f"{name},{written}", *state))
        if alerts:
            self._alerts.add(client_id, alerts)
        used = len(waiting) - before
        self._whose.append((client_id, used))
        counted = self._counted
        counted.clients += 1
        counted.rows += used
        counted.alerts += len(alerts)
        counted.duplicates += len(events) - used
        counted.client_weeks += len(weeks)

    def _write_levels(self) -> None:
        """Write the waiting rows, every number with all its digits.

        Formatted here rather than by the csv module, which takes half as long again.
        """
        rows, self._waiting = self._waiting, []
        whose, self._whose = self._whose, []
        if not rows or not self._wants_levels:
            return
        heads, attended, missed, drop, stop, misses = zip(*rows, strict=True)
        prior = self._policy.prior_mean * self._policy.prior_strength
        strength = self._policy.prior_strength
        low, high, below = level_columns(attended, missed, policy=self._policy)
        columns = zip(heads, attended, missed, low, high, below, drop, stop, misses, strict=True)
        lines = (
            f"{head},{(prior + a) / (strength + (a + b))!r},{low80!r},{high80!r},{a + b!r},{low!r},"
            f"{s1!r},{s2!r},{k}\n"
            for head, a, b, low80, high80, low, s1, s2, k in columns
        )
        for client_id, count in whose:
            self._levels.add(client_id, islice(lines, count))


def _quoted(text: str) -> str:
    """Return `text` as one CSV field."""
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
