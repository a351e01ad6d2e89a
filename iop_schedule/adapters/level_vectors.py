"""The LEVEL channel on whole columns: the monitor's only door to numpy, opened to replay a history."""

from collections.abc import Sequence
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from iop_schedule.domain.risk import beta, level
from iop_schedule.domain.risk.policy import MonitorPolicy

Vector = NDArray[np.float64]
Rows = NDArray[np.int_]

#: Quantiles of ordinary attendance need two or three steps; what needs more is finished one by one.
_STEPS = 5


def columns(
    attended: Sequence[float], missed: Sequence[float], *, policy: MonitorPolicy
) -> tuple[list[float], list[float], list[float]]:
    """Return both ends of the 80 % interval and the probability of low attendance, one list each."""
    a = policy.prior_mean * policy.prior_strength + np.asarray(attended, dtype=np.float64)
    b = (1 - policy.prior_mean) * policy.prior_strength + np.asarray(missed, dtype=np.float64)
    shapes = _Shapes.of(a, b)
    low, high = (1 - level.INTERVAL) / 2, (1 + level.INTERVAL) / 2
    return (
        shapes.quantile(low).tolist(),
        shapes.quantile(high).tolist(),
        shapes.cdf(np.full_like(a, policy.low_share)).tolist(),
    )


class _Shapes:
    """The two shapes of each row's beta distribution, and what does not depend on x."""

    def __init__(self, a: Vector, b: Vector, log_beta: Vector) -> None:
        self.a, self.b, self.log_beta = a, b, log_beta
        self.terms = beta.terms_needed(float(a.max(initial=1.0)), float(b.max(initial=1.0)))

    @classmethod
    def of(cls, a: Vector, b: Vector) -> "_Shapes":
        """Return the shapes of all rows."""
        logs = (map(lgamma, shape.tolist()) for shape in (a, b, a + b))
        return cls(a, b, np.array([one + other - both for one, other, both in zip(*logs, strict=True)]))

    def only(self, rows: Rows) -> "_Shapes":
        """Return the shapes of some rows."""
        return _Shapes(self.a[rows], self.b[rows], self.log_beta[rows])

    def cdf(self, x: Vector) -> Vector:
        """Return I_x(a, b), each row from its convergent side."""
        far = x > (self.a + 1.0) / (self.a + self.b + 2.0)
        near_a, near_b = np.where(far, self.b, self.a), np.where(far, self.a, self.b)
        tail = self._tail(np.where(far, 1.0 - x, x), near_a, near_b)
        return np.where(far, 1.0 - tail, tail)

    def quantile(self, share: float) -> Vector:
        """Return the x with I_x(a, b) equal to `share`, by the steps of `beta.quantile`.

        Rows that have converged take no further step; the few that are slow are finished one by one.
        """
        x = self.first_guess(share)
        rows, shapes = np.arange(len(x)), self
        for _ in range(_STEPS):
            closer, settled = shapes.step(x[rows], share)
            x[rows] = closer
            rows = rows[~settled]
            if not len(rows):
                return x
            shapes = self.only(rows)
        for row in rows.tolist():
            x[row] = beta.quantile(share, float(self.a[row]), float(self.b[row]))
        return x

    def step(self, x: Vector, share: float) -> tuple[Vector, NDArray[np.bool_]]:
        """Return each row one step closer, and whether that was its last."""
        a, b = self.a, self.b
        density = np.exp((a - 1.0) * np.log(x) + (b - 1.0) * np.log1p(-x) - self.log_beta)
        newton = (self.cdf(x) - share) / density
        bend = np.clip(newton * ((a - 1.0) / x - (b - 1.0) / (1.0 - x)), -1.0, 1.0)
        closer = np.clip(x - newton / (1.0 - 0.5 * bend), 0.5 * x, 0.5 * (1.0 + x))
        return closer, np.abs(closer - x) <= beta.SMALL_STEP * np.minimum(x, 1.0 - x)

    def first_guess(self, share: float) -> Vector:
        """Return the starting points of `beta.first_guess`; for shapes up to 1, the mean."""
        deviate = beta.normal_deviate(share)
        small = np.minimum(self.a, self.b) <= 1.0
        a, b = np.where(small, 2.0, self.a), np.where(small, 2.0, self.b)
        r, s = 1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0)
        curve = (deviate * deviate - 3.0) / 6.0
        width = 2.0 / (r + s)
        shift = deviate * np.sqrt(width + curve) / width
        shift += (s - r) * (curve + 5.0 / 6.0 - 2.0 / (3.0 * width))
        odds = a / b * np.exp(np.clip(2.0 * shift, -30.0, 30.0))
        return np.where(small, self.a / (self.a + self.b), np.clip(odds / (1.0 + odds), 1e-12, 1.0 - 1e-12))

    def _tail(self, x: Vector, a: Vector, b: Vector) -> Vector:
        """Return the continued fraction of `beta`, all rows together."""
        total = a + b
        slope = a + 1.0 - total * x
        far_side = 2.0 - x
        rest = np.zeros_like(x)
        for n in range(self.terms, 0, -1):
            c = a + 2.0 * n
            k = n * (b - n) * x / (c - 1.0)
            here = n + k + (a + n) * (slope + n * far_side) / (c + 1.0)
            rest = (a + (n - 1.0)) * (total + (n - 1.0)) * k * x / ((c - 1.0) * (here + rest))
        power: Vector = np.exp(a * np.log(x) + b * np.log1p(-x) - self.log_beta)
        return power / (slope * a / (a + 1.0) + rest)
