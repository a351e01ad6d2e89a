"""A program's own prior and alert threshold, from the sessions of its past clients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, lgamma, log

from iop_schedule.domain.risk.monitor import Monitor, MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.replay import client_weeks
from iop_schedule.domain.risk.watch import Row

#: Fewer clients, or fewer sessions of each, say too little about a program.
LEAST_CLIENTS = 20
LEAST_SESSIONS = 4

#: Where thresholds are looked for, in hundredths.
_LOWEST_H, _HIGHEST_H = 100, 2000

#: How far the estimate may wander: strengths of 0.1 to 1000 sessions, means of 0.1 % to 99.9 %.
_MOST_STRENGTH = 1000.0
_LOG_STRENGTHS = (log(0.1), log(_MOST_STRENGTH))
_LOG_ODDS = (-7.0, 7.0)
_STEPS = 60
_CLOSE = 1e-9
_NUDGE = 1e-3

History = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Prior:
    """Attendance of a program's clients: their mean, and how many sessions it is worth."""

    mean: float
    strength: float
    #: Clients it rests on.
    clients: int

    @property
    def is_at_limit(self) -> bool:
        """Return True when more strength fits ever better: the clients differ no more than chance alone."""
        return self.strength > _MOST_STRENGTH * (1 - _CLOSE)


@dataclass(frozen=True, slots=True)
class FalseAlerts:
    """Alerts for someone who came again, and the weeks in which they could have been raised."""

    alerts: int
    client_weeks: int

    @property
    def per_100_client_weeks(self) -> float:
        """Return the rate a budget is given in; 0 without any week."""
        return 100 * self.alerts / self.client_weeks if self.client_weeks else 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """The numbers one history suggests."""

    policy: MonitorPolicy
    #: None where there were too few clients: the policy keeps the prior it had.
    prior: Prior | None
    #: At the threshold found.
    false_alerts: FalseAlerts
    within_budget: bool


def calibrate(histories: Sequence[History], *, policy: MonitorPolicy, budget: float) -> Calibration:
    """Return `policy` with the prior of these clients and the lowest threshold within `budget`.

    The prior counts every expected session, of those who left and of those who never came as well: it is
    the belief about somebody whose future nobody knows. `budget` is in false alerts per 100 client-weeks. An
    alert is false when the client came again after it; what happens after a client's last attended session
    is left out on both sides there, because an alert then is right.

    Source: docs/sources.md#engagement-monitor
    """
    prior = estimate_prior(histories)
    if prior is not None:
        policy = replace(policy, prior_mean=prior.mean, prior_strength=prior.strength)
    in_care = [kept for kept in map(until_last_attended, histories) if kept]
    policy = replace(policy, threshold=_lowest_threshold(in_care, policy, budget))
    alerts = false_alerts(in_care, policy=policy)
    return Calibration(policy, prior, alerts, alerts.per_100_client_weeks <= budget)


def estimate_prior(histories: Sequence[History]) -> Prior | None:
    """Return the beta-binomial fit of maximum likelihood, or None for fewer than 20 usable clients.

    Usable is a client with at least 4 sessions that say something about attendance, missed ones included.
    Sessions attended in part count with their share.
    """
    counts = list(map(_count, histories))
    usable = [(attended, n) for attended, n in counts if n >= LEAST_SESSIONS]
    if len(usable) < LEAST_CLIENTS:
        return None
    mean = sum(k for k, _ in usable) / sum(n for _, n in usable)
    start = (log(mean / (1 - mean)) if 0 < mean < 1 else _LOG_ODDS[mean > 0], log(5.0))
    log_odds, log_strength = _climb(lambda u, v: _log_likelihood(usable, u, v), start)
    return Prior(1 / (1 + exp(-log_odds)), exp(log_strength), len(usable))


def false_alerts(histories: Sequence[History], *, policy: MonitorPolicy) -> FalseAlerts:
    """Return the alerts the monitor raises over `histories` and the client-weeks in them."""
    settings = MonitorSettings(policy)
    alerts = 0
    for history in histories:
        monitor = Monitor(settings)
        for row in history:
            if row.share is None:
                monitor.skip(row.at, paused=row.paused)
            elif monitor.observe(row.at, row.share) is not None:
                alerts += 1
    return FalseAlerts(alerts, sum(map(client_weeks, histories)))


def until_last_attended(history: History) -> History:
    """Return the rows up to the last session attended, in part or whole."""
    last = max((n for n, row in enumerate(history) if row.share), default=-1)
    return history[: last + 1]


def _lowest_threshold(histories: Sequence[History], policy: MonitorPolicy, budget: float) -> float:
    """Return the lowest threshold within the budget, in hundredths, by halving the range."""
    low, high = _LOWEST_H, _HIGHEST_H
    while low < high:
        middle = (low + high) // 2
        tried = replace(policy, threshold=middle / 100)
        if false_alerts(histories, policy=tried).per_100_client_weeks <= budget:
            high = middle
        else:
            low = middle + 1
    return low / 100


def _count(history: History) -> tuple[float, int]:
    shares = [row.share for row in history if row.share is not None]
    return sum(shares), len(shares)


def _log_likelihood(counts: Sequence[tuple[float, int]], log_odds: float, log_strength: float) -> float:
    strength = exp(log_strength)
    a = strength / (1 + exp(-log_odds))
    b = strength - a
    known = lgamma(strength) - lgamma(a) - lgamma(b)
    return sum(known + lgamma(a + k) + lgamma(b + n - k) - lgamma(strength + n) for k, n in counts)


def _climb(height: Callable[[float, float], float], start: tuple[float, float]) -> tuple[float, float]:
    """Return where `height` is greatest: Newton's steps on measured slopes, halved until they climb."""
    u, v = start
    here = height(u, v)
    for _ in range(_STEPS):
        du, dv = _newton_step(height, u, v, here)
        for _ in range(_STEPS):
            next_u, next_v = _clip(u + du, _LOG_ODDS), _clip(v + dv, _LOG_STRENGTHS)
            there = height(next_u, next_v)
            if there >= here:
                break
            du, dv = du / 2, dv / 2
        else:
            return u, v
        moved = abs(next_u - u) + abs(next_v - v)
        u, v, here = next_u, next_v, there
        if moved < _CLOSE:
            break
    return u, v


def _newton_step(
    height: Callable[[float, float], float], u: float, v: float, here: float
) -> tuple[float, float]:
    """Return Newton's step from central differences; uphill along the slope where the hill is not round."""
    e = _NUDGE
    east, west, north, south = height(u + e, v), height(u - e, v), height(u, v + e), height(u, v - e)
    slope_u, slope_v = (east - west) / (2 * e), (north - south) / (2 * e)
    bend_u, bend_v = (east - 2 * here + west) / e**2, (north - 2 * here + south) / e**2
    twist = (height(u + e, v + e) - east - north + here) / e**2
    round_ = bend_u * bend_v - twist**2
    if bend_u < 0 and round_ > 0:
        return (twist * slope_v - bend_v * slope_u) / round_, (twist * slope_u - bend_u * slope_v) / round_
    steep = max(abs(slope_u), abs(slope_v), 1e-300)
    return slope_u / steep, slope_v / steep


def _clip(value: float, bounds: tuple[float, float]) -> float:
    return min(bounds[1], max(bounds[0], value))
