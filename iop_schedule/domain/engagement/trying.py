"""Trying settings of the monitor on a program's own past: alerts, departures seen, and how early."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from statistics import median

from iop_schedule.domain.engagement.leaving import Departure
from iop_schedule.domain.engagement.thumb_rules import Rule
from iop_schedule.domain.risk.monitor import Monitor, MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.replay import week_number
from iop_schedule.domain.risk.watch import Row

#: Told how many people are done.
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class PastCare:
    """One person's sessions as the monitor sees them, and when they left, if they did."""

    person: Hashable
    rows: tuple[Row, ...]
    #: The site's zone: alerts are dated by its calendar.
    tz: tzinfo
    departure: Departure | None = None
    #: Words for comparing subgroups.
    subgroups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What one setting or rule would have done."""

    #: Alerts, all of them, and those for someone who came again afterwards.
    alerts: int
    false_alerts: int
    client_weeks: int
    #: Calendar weeks with a session expected of anybody.
    weeks: int
    departures: int
    #: Departures with an alert before the program knew anyway, and how many days before.
    seen: int
    days_earlier: tuple[int, ...]

    @property
    def alerts_a_week(self) -> float | None:
        """Return alerts over the weeks of the history; None without any."""
        return self.alerts / self.weeks if self.weeks else None

    @property
    def false_per_100_client_weeks(self) -> float | None:
        """Return the rate a budget is given in; None without any client-week."""
        return 100 * self.false_alerts / self.client_weeks if self.client_weeks else None

    @property
    def median_days_earlier(self) -> float | None:
        """Return the median over the departures seen; None when none was."""
        return median(self.days_earlier) if self.days_earlier else None

    @property
    def sentence(self) -> str:
        """Return it in one sentence."""
        if self.alerts_a_week is None:
            return "There are no sessions to try this on."
        often = f"With this setting you would have had {_number(self.alerts_a_week)} alerts a week"
        if not self.departures:
            return f"{often}. Nobody left in this time, so nothing can be said about departures."
        seen = f"seen {self.seen} of {self.departures} departures"
        if self.median_days_earlier is None:
            return f"{often} and {seen}."
        days = _number(self.median_days_earlier)
        return f"{often} and {seen} a median of {days} {'day' if days == '1' else 'days'} earlier."


def try_policy(
    history: Sequence[PastCare], policy: MonitorPolicy, *, progress: Progress = lambda _: None
) -> Tried:
    """Take everyone through the CHANGE channel under `policy` and return what it would have raised."""
    settings = MonitorSettings(policy)
    return try_rule(history, lambda rows: _alerts(rows, settings), progress=progress)


def try_rule(history: Sequence[PastCare], rule: Rule, *, progress: Progress = lambda _: None) -> Tried:
    """Return what `rule` would have said about everyone.

    An alert is false when the person came again after it. An alert after the last session attended is
    right when they had left, and neither while it is too early to tell.
    """
    alerts = false = seen = 0
    earlier: list[int] = []
    for number, care in enumerate(history):
        raised = rule(care.rows)
        last = _last_attended(care.rows)
        alerts += len(raised)
        false += sum(last is not None and at < last for at in raised)
        days = _days_earlier(care, [at for at in raised if last is None or at >= last])
        if days is not None:
            seen += 1
            earlier.append(days)
        progress(number + 1)
    weeks = [{week_number(row.at) for row in care.rows if row.share is not None} for care in history]
    return Tried(
        alerts=alerts,
        false_alerts=false,
        client_weeks=sum(map(len, weeks)),
        weeks=len(set[int]().union(*weeks)),
        departures=sum(care.departure is not None for care in history),
        seen=seen,
        days_earlier=tuple(sorted(earlier)),
    )


def by_subgroup(
    history: Iterable[PastCare], policy: MonitorPolicy
) -> dict[str, tuple[Tried, frozenset[Hashable]]]:
    """Return what `policy` would have done within each subgroup, and who is in it."""
    members: dict[str, list[PastCare]] = {}
    for care in history:
        for word in care.subgroups:
            members.setdefault(word, []).append(care)
    return {
        word: (try_policy(found, policy), frozenset(care.person for care in found))
        for word, found in members.items()
    }


def _alerts(rows: Iterable[Row], settings: MonitorSettings) -> list[datetime]:
    monitor = Monitor(settings)
    raised = []
    for row in rows:
        if row.share is None:
            monitor.skip(row.at, paused=row.paused)
        elif monitor.observe(row.at, row.share) is not None:
            raised.append(row.at)
    return raised


def _last_attended(rows: Iterable[Row]) -> datetime | None:
    return max((row.at for row in rows if row.share), default=None)


def _days_earlier(care: PastCare, raised: Iterable[datetime]) -> int | None:
    """Return how long before it was plain the first of the alerts came; None when none came before."""
    if care.departure is None:
        return None
    days = [(care.departure.plain_on - _day(at, care.tz)).days for at in raised]
    before = [n for n in days if n > 0]
    return max(before, default=None)


def _day(at: datetime, tz: tzinfo) -> date:
    return at.astimezone(tz).date()


def _number(value: float) -> str:
    """Return a number with one decimal where it has one."""
    return f"{value:.1f}".removesuffix(".0")
