"""The LEVEL channel: how much a client attends, with an interval that admits how little is known."""

from dataclasses import dataclass

from iop_schedule.domain.risk import beta
from iop_schedule.domain.risk.policy import MonitorPolicy

#: The interval shown holds attendance with this probability; a tenth lies on each side.
INTERVAL = 0.80
_EACH_SIDE = (1 - INTERVAL) / 2


@dataclass(frozen=True, slots=True)
class LevelReading:
    """What LEVEL says after the sessions so far; shares from 0 to 1."""

    #: Expected attendance, the prior included.
    share: float
    low80: float
    high80: float
    #: Sessions it rests on after discounting, the prior not included.
    effective_n: float
    #: Probability that attendance is below the policy's low share.
    below_low_share: float
    #: False while fewer effective sessions than the policy asks for: show “not enough data”.
    is_enough: bool


def reading(*, attended: float, missed: float, policy: MonitorPolicy) -> LevelReading:
    """Return the LEVEL numbers for discounted counts of sessions attended and missed.

    Source: docs/sources.md#engagement-monitor
    """
    a = policy.prior_mean * policy.prior_strength + attended
    b = (1 - policy.prior_mean) * policy.prior_strength + missed
    effective = attended + missed
    return LevelReading(
        share=a / (policy.prior_strength + effective),
        low80=beta.quantile(_EACH_SIDE, a, b),
        high80=beta.quantile(1 - _EACH_SIDE, a, b),
        effective_n=effective,
        below_low_share=beta.cdf(policy.low_share, a, b),
        is_enough=effective >= policy.minimum_effective,
    )


def below_low_share(*, attended: float, missed: float, policy: MonitorPolicy) -> float:
    """Return the probability that attendance is below the policy's low share, and nothing else."""
    a = policy.prior_mean * policy.prior_strength + attended
    b = (1 - policy.prior_mean) * policy.prior_strength + missed
    return beta.cdf(policy.low_share, a, b)


def may_be_low(*, attended: float, missed: float, policy: MonitorPolicy) -> bool:
    """Return False when the probability of low attendance is certainly below one half; costs almost nothing.

    For a > b > 1 the median of a beta distribution lies above its mean, so a mean at or above the low
    share leaves less than half below it.
    """
    a = policy.prior_mean * policy.prior_strength + attended
    b = (1 - policy.prior_mean) * policy.prior_strength + missed
    return not (a > b > 1.0 and a >= policy.low_share * (a + b))


def attended_share(*, attended_minutes: int, scheduled_minutes: int, service_minimum: int = 0) -> float:
    """Return what a session the client came to counts as, from 0 to 1.

    The whole session from half of it on, or from the service's minimum where that is more; else the part.

    >>> attended_share(attended_minutes=90, scheduled_minutes=180)
    1.0
    >>> attended_share(attended_minutes=45, scheduled_minutes=180)
    0.25
    """
    if attended_minutes >= max(scheduled_minutes / 2, service_minimum, 0):
        return 1.0
    return attended_minutes / scheduled_minutes if scheduled_minutes else 0.0
