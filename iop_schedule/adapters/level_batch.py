"""The LEVEL channel's interval and probability for thousands of rows at once.

With numpy, which the optimizer's extra brings, they are computed column by column; without it row by row by
`domain.risk.beta`, several times slower. The two agree to about 13 digits. numpy is loaded only here and only
when called, so that a web server never carries it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from iop_schedule.domain.risk import level
from iop_schedule.domain.risk.policy import MonitorPolicy


class LevelColumns(NamedTuple):
    """One list per column, in the order of the rows given."""

    low80: list[float]
    high80: list[float]
    below_low_share: list[float]


def level_columns(
    attended: Sequence[float], missed: Sequence[float], *, policy: MonitorPolicy
) -> LevelColumns:
    """Return the 80 % interval and the probability of low attendance for discounted counts, row by row."""
    try:
        from iop_schedule.adapters.level_vectors import columns  # noqa: PLC0415 - loads numpy
    except ModuleNotFoundError:  # pragma: no cover - the locked requirements bring it
        return one_by_one(attended, missed, policy=policy)
    return LevelColumns(*columns(attended, missed, policy=policy))


def one_by_one(attended: Sequence[float], missed: Sequence[float], *, policy: MonitorPolicy) -> LevelColumns:
    """Return the same numbers without numpy."""
    pairs = zip(attended, missed, strict=True)
    read = [level.reading(attended=a, missed=b, policy=policy) for a, b in pairs]
    return LevelColumns([r.low80 for r in read], [r.high80 for r in read], [r.below_low_share for r in read])
