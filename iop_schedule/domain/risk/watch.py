"""One client's sessions taken through the monitor, starting again only where something is new.

A late correction changes a row in the middle; everything from that row on is computed again and nothing
before it, with the same result as starting from the first session.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.frequency import SessionFact
from iop_schedule.domain.risk import level
from iop_schedule.domain.risk.change import ChangeAlert
from iop_schedule.domain.risk.monitor import Monitor, MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy

#: A copy of the state is kept after so many rows.
_CHECKPOINT_EVERY = 16
_ONE_HALF = 0.5


class Row(NamedTuple):
    """One session as the monitor sees it; `share` attended is None when it says nothing about attendance."""

    at: datetime
    share: float | None
    paused: bool


class Watch:
    """A monitor with what stays raised: the LEVEL latch and the CHANGE alert until it clears."""

    __slots__ = ("_policy", "alert", "attended_since_alert", "monitor", "raised_level")

    def __init__(self, settings: MonitorSettings) -> None:
        self._policy = settings.policy
        self.monitor = Monitor(settings)
        #: The highest probability of low attendance since LEVEL was raised; None while it is not.
        self.raised_level: float | None = None
        #: The CHANGE alert that still stands, and whole sessions attended since it or the last miss after it.
        self.alert: ChangeAlert | None = None
        self.attended_since_alert = 0

    def copy(self) -> "Watch":
        """Return an independent watch in the same state."""
        twin = Watch.__new__(Watch)
        twin._policy, twin.monitor = self._policy, self.monitor.copy()
        twin.raised_level, twin.alert = self.raised_level, self.alert
        twin.attended_since_alert = self.attended_since_alert
        return twin

    def see(self, row: Row) -> None:
        """Take in one session."""
        if row.share is None:
            self.monitor.skip(row.at, paused=row.paused)
            return
        raised = self.monitor.observe(row.at, row.share)
        if raised is not None:
            self.alert, self.attended_since_alert = raised, 0
        elif self.alert is not None:
            self._clear(row.share)
        self._latch()

    def _clear(self, share: float) -> None:
        """End the alert after enough whole sessions in a row without a miss, unless another would be due."""
        if share == 0.0:
            self.attended_since_alert = 0
        elif share == 1.0:
            self.attended_since_alert += 1
        is_high = max(self.monitor.drop, self.monitor.stop) >= self._policy.threshold
        if self.attended_since_alert >= self._policy.clears_after and not is_high:
            self.alert = None

    def _latch(self) -> None:
        policy, monitor = self._policy, self.monitor
        attended, missed = monitor.attended, monitor.missed
        cheap = policy.clear_below >= _ONE_HALF
        if cheap and not level.may_be_low(attended=attended, missed=missed, policy=policy):
            self.raised_level = None
            return
        if monitor.effective_n < policy.minimum_effective:
            return
        low = level.below_low_share(attended=attended, missed=missed, policy=policy)
        if low < policy.clear_below:
            self.raised_level = None
        elif low >= policy.check_in_from or self.raised_level is not None:
            self.raised_level = max(low, self.raised_level or 0.0)


@dataclass(frozen=True, slots=True)
class Trail:
    """The rows seen, the state after the last one, and states on the way to resume from."""

    policy: MonitorPolicy
    rows: tuple[Row, ...]
    watch: Watch
    checkpoints: tuple[Watch, ...]


def follow(rows: Sequence[Row], *, settings: MonitorSettings, earlier: Trail | None = None) -> Trail:
    """Return the trail over `rows`, resuming from `earlier` as far as the two agree.

    `rows` are in order of time. An earlier trail under another policy is not used.
    """
    rows = tuple(rows)
    checkpoints: list[Watch] = []
    start, watch = 0, Watch(settings)
    if earlier is not None and earlier.policy == settings.policy:
        start, watch, checkpoints = _resume(rows, earlier, settings)
    for number in range(start, len(rows)):
        watch.see(rows[number])
        if (number + 1) % _CHECKPOINT_EVERY == 0:
            checkpoints.append(watch.copy())
    return Trail(settings.policy, rows, watch, tuple(checkpoints))


def _resume(
    rows: tuple[Row, ...], earlier: Trail, settings: MonitorSettings
) -> tuple[int, Watch, list[Watch]]:
    same = _common_start(rows, earlier.rows)
    kept = list(earlier.checkpoints[: same // _CHECKPOINT_EVERY])
    if same == len(earlier.rows):
        return same, earlier.watch.copy(), kept
    start = len(kept) * _CHECKPOINT_EVERY
    return start, kept[-1].copy() if kept else Watch(settings), kept


def _common_start(rows: tuple[Row, ...], others: tuple[Row, ...]) -> int:
    if rows[: len(others)] == others:
        return len(others)
    return next((n for n, (a, b) in enumerate(zip(rows, others, strict=False)) if a != b), len(rows))


def rows_of(facts: Iterable[SessionFact], *, policy: MonitorPolicy, now: datetime, tz: tzinfo) -> list[Row]:
    """Return a client's sessions that had begun at `now` as rows in order of time, on the site's clock `tz`.

    Between two instants of one zone the wall clock counts, as in a file of local times: a week from Monday
    to Monday is a week when clocks change.

    An attended make-up cancels the miss it was booked for, or, where nobody said which, the earliest one
    within reach that no other make-up has cancelled: that miss then says nothing, like an excused one.
    Make-ups themselves say nothing, kept or missed: they are offers, and counting only those that are kept
    would flatter.

    Source: docs/sources.md#what-counts
    """
    begun = sorted((f for f in facts if f.starts_at <= now), key=lambda f: (f.starts_at, f.occurrence_id))
    return rows_in_order(begun, cancelled_misses(begun, days=policy.make_up_days), policy=policy, tz=tz)


def rows_in_order(
    begun: Sequence[SessionFact], cancelled: Container[int], *, policy: MonitorPolicy, tz: tzinfo
) -> list[Row]:
    """Return sessions as `rows_of` does: those that had begun, in order of time, and the misses cancelled."""
    return [
        Row(
            fact.starts_at.astimezone(tz),
            None if fact.occurrence_id in cancelled else share_of(fact, policy=policy),
            fact.state is SessionState.PAUSED,
        )
        for fact in begun
    ]


def share_of(fact: SessionFact, *, policy: MonitorPolicy) -> float | None:
    """Return what a session counts as attended, from 0 to 1; None when it says nothing about attendance."""
    if fact.make_up or not fact.state.in_adherence:
        return None
    if fact.state.is_miss:
        return 0.0
    return level.attended_share(
        attended_minutes=fact.attended_minutes,
        scheduled_minutes=fact.scheduled_minutes,
        service_minimum=policy.minimum_for(fact.service_type),
    )


def cancelled_misses(facts: Sequence[SessionFact], *, days: int) -> frozenset[int]:
    """Return the occurrences whose miss an attended make-up at most `days` days away cancels.

    `facts` are in order of time. What was booked for a session cancels that session's miss or none. Taking
    the earliest open miss first for the others cancels as many as can be.
    """
    misses = [f for f in facts if f.state.is_miss and not f.make_up]
    made_up_for = [f for f in facts if f.make_up and f.state.is_attended]
    cancelled: set[int] = set()
    for made_up in sorted(made_up_for, key=lambda f: f.makes_up is None):
        for miss in misses:
            near = abs((made_up.local_day - miss.local_day).days) <= days
            meant = made_up.makes_up in {None, miss.occurrence_id}
            if near and meant and miss.occurrence_id not in cancelled:
                cancelled.add(miss.occurrence_id)
                break
    return frozenset(cancelled)
