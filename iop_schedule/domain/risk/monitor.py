"""Both channels of one client, one session at a time, in constant time and space per session.

The replay of a file and the pages of the application drive this same class, so they cannot disagree.
"""

from datetime import datetime, timedelta

from iop_schedule.domain.risk.change import Arm, Arms, ChangeAlert
from iop_schedule.domain.risk.policy import MonitorPolicy

_DAY = timedelta(days=1)
_NOTHING = timedelta()


class MonitorSettings:
    """One policy's numbers, prepared once and shared by the monitors of all clients."""

    __slots__ = ("arms", "discount", "learn_below", "policy", "quiet", "threshold")

    def __init__(self, policy: MonitorPolicy) -> None:
        self.policy = policy
        self.arms = Arms(policy)
        self.discount = policy.weekly_discount
        self.threshold = policy.threshold
        self.learn_below = policy.learn_below * policy.threshold
        self.quiet = timedelta(days=policy.quiet_days)


class Monitor:
    """What is known about one client's attendance after the sessions observed so far.

    Sessions come in order of time. Instants may be aware or local, as long as they are all of one kind.
    """

    __slots__ = (
        "_last_alert_at",
        "_last_at",
        "_left_out",
        "_scored_at",
        "_settings",
        "attended",
        "consecutive_misses",
        "drop",
        "drop_since",
        "learnt_misses",
        "learnt_sessions",
        "missed",
        "stop",
        "stop_since",
    )

    def __init__(self, settings: MonitorSettings) -> None:
        self._settings = settings
        #: Discounted counts of the LEVEL channel (a and b).
        self.attended = 0.0
        self.missed = 0.0
        #: The two sums of the CHANGE channel (S1 and S2), and the first session of each current rise.
        self.drop = 0.0
        self.stop = 0.0
        self.drop_since: datetime | None = None
        self.stop_since: datetime | None = None
        #: Misses and sessions from which the client's usual share is learnt (F and N).
        self.learnt_misses = 0.0
        self.learnt_sessions = 0
        #: Sessions in a row that were missed whole.
        self.consecutive_misses = 0
        self._scored_at: datetime | None = None
        self._last_at: datetime | None = None
        self._left_out = _NOTHING
        self._last_alert_at: datetime | None = None

    @property
    def effective_n(self) -> float:
        """Return how many sessions the LEVEL channel rests on after discounting."""
        return self.attended + self.missed

    @property
    def usual_miss(self) -> float:
        """Return the client's usual share of misses as the next session will be measured against it."""
        return self._settings.arms.usual_miss(self.learnt_misses, self.learnt_sessions)

    def copy(self) -> "Monitor":
        """Return an independent monitor in the same state."""
        twin = Monitor.__new__(Monitor)
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    def skip(self, at: datetime, *, paused: bool = False) -> None:
        """Note a session that says nothing about attendance: no statistic changes, not in the last bit.

        Time that ends in a session on a pause is left out of the clock.
        """
        if paused and self._scored_at is not None and self._last_at is not None:
            self._left_out += at - self._last_at
        self._last_at = at

    def observe(self, at: datetime, share: float) -> ChangeAlert | None:
        """Take in one session, `share` attended from 0 to 1, and return the alert it raises, if any.

        Source: docs/sources.md#engagement-monitor
        """
        settings = self._settings
        if self._scored_at is not None:
            days = (at - self._scored_at - self._left_out) / _DAY
            kept = settings.discount ** (days / 7.0)
            self.attended *= kept
            self.missed *= kept
        self._scored_at = self._last_at = at
        self._left_out = _NOTHING
        self.attended += share
        self.missed += 1.0 - share
        self.consecutive_misses = 0 if share else self.consecutive_misses + 1
        return self._listen(at, share)

    def _listen(self, at: datetime, share: float) -> ChangeAlert | None:
        settings = self._settings
        usual = settings.arms.usual_miss(self.learnt_misses, self.learnt_sessions)
        weights = settings.arms.weights(usual)
        missed = 1.0 - share
        drop = self.drop + (missed * weights.drop_missed + share * weights.drop_attended)
        stop = self.stop + (missed * weights.stop_missed + share * weights.stop_attended)
        if drop <= 0.0:
            drop, self.drop_since = 0.0, None
        elif self.drop_since is None:
            self.drop_since = at
        if stop <= 0.0:
            stop, self.stop_since = 0.0, None
        elif self.stop_since is None:
            self.stop_since = at
        self.drop, self.stop = drop, stop
        highest = max(drop, stop)
        if highest < settings.learn_below:
            self.learnt_misses += missed
            self.learnt_sessions += 1
        if highest < settings.threshold:
            return None
        if self._last_alert_at is not None and at - self._last_alert_at <= settings.quiet:
            return None
        return self._raise(at, usual)

    def _raise(self, at: datetime, usual: float) -> ChangeAlert:
        arm = Arm.STOP if self.stop >= self.drop else Arm.DROP
        since = self.stop_since if arm is Arm.STOP else self.drop_since
        alert = ChangeAlert(at, arm, self.drop, self.stop, since=since or at, usual_miss=usual)
        self.drop = self.stop = 0.0
        self.drop_since = self.stop_since = None
        self._last_alert_at = at
        return alert
