"""The beta distribution: its cumulative share and its quantiles, accurate to about 14 digits.

Only arithmetic and the standard library's log-gamma, so that a rule about people needs no numerical
package and can be checked by hand.
"""

from math import exp, lgamma, log, log1p, sqrt

#: Each step leaves about the cube of its own relative size; after one this small nothing is left.
SMALL_STEP = 3e-6
_MOST_STEPS = 100


def cdf(x: float, a: float, b: float) -> float:
    """Return I_x(a, b), the probability that a Beta(a, b) variable is at most `x`.

    `a` and `b` are above 0; `x` outside 0 to 1 gives 0 or 1.

    >>> round(cdf(0.5, 3.0, 3.0), 12)
    0.5
    >>> round(cdf(0.5, 1.0, 4.0), 12)          # 1 - (1 - 1/2)^4
    0.9375
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    # The fraction converges fast on the near side of the mean only; beyond it, take the other tail.
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _tail(1.0 - x, b, a)
    return _tail(x, a, b)


def quantile(share: float, a: float, b: float) -> float:
    """Return the x with I_x(a, b) equal to `share`, for a share strictly between 0 and 1.

    Newton's step with the second-order correction, kept inside a bracket that every step narrows.
    """
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    low, high = 0.0, 1.0
    x = first_guess(share, a, b)
    for _ in range(_MOST_STEPS):
        error = cdf(x, a, b) - share
        if error > 0.0:
            high = x
        else:
            low = x
        newton = error / exp(scale + (a - 1.0) * log(x) + (b - 1.0) * log1p(-x))
        bend = newton * ((a - 1.0) / x - (b - 1.0) / (1.0 - x))
        step = newton / (1.0 - 0.5 * min(1.0, max(-1.0, bend)))
        if abs(step) <= SMALL_STEP * min(x, 1.0 - x):
            return x - step
        x = x - step if low < x - step < high else 0.5 * (low + high)
    return x


def terms_needed(a: float, b: float) -> int:
    """Return after how many terms the continued fraction of I_x(a, b) no longer changes.

    Measured on random arguments up to 10,000; the worst case grows like the square root.
    """
    return 12 + int(1.3 * sqrt(max(a, b)))


def _tail(x: float, a: float, b: float) -> float:
    """Return I_x(a, b) for x up to about the mean: power factor over a continued fraction.

    The fraction is the even part of the classic one (two of its terms at a time), evaluated from the
    last term backwards: that needs one division fewer per term and no guard against zeros.
    """
    total = a + b
    slope = a + 1.0 - total * x
    rest = 0.0
    for n in range(terms_needed(a, b), 0, -1):
        c = a + 2.0 * n
        k = n * (b - n) * x / (c - 1.0)
        here = n + k + (a + n) * (slope + n * (2.0 - x)) / (c + 1.0)
        rest = (a + n - 1.0) * (total + n - 1.0) * k * x / ((c - 1.0) * (here + rest))
    fraction = slope * a / (a + 1.0) + rest
    power = a * log(x) + b * log1p(-x) + lgamma(total) - lgamma(a) - lgamma(b)
    return exp(power) / fraction


def first_guess(share: float, a: float, b: float) -> float:
    """Return a starting point inside (0, 1) for `quantile`, right to two or three digits for a, b > 1.

    The normal deviate moved to the odds scale. Source: Abramowitz and Stegun 26.5.22.
    """
    deviate = normal_deviate(share)
    if min(a, b) > 1.0:
        r, s = 1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0)
        curve = (deviate * deviate - 3.0) / 6.0
        width = 2.0 / (r + s)
        shift = deviate * sqrt(width + curve) / width + (s - r) * (curve + 5.0 / 6.0 - 2.0 / (3.0 * width))
        log_odds = 2.0 * shift
    else:
        log_odds = deviate * sqrt(1.0 / a + 1.0 / b)
    odds = a / b * exp(min(30.0, max(-30.0, log_odds)))
    return min(1.0 - 1e-12, max(1e-12, odds / (1.0 + odds)))


def normal_deviate(share: float) -> float:
    """Return the standard normal quantile to about three digits, enough to start from."""
    tail = min(share, 1.0 - share)
    t = sqrt(-2.0 * log(tail))
    top = 2.515517 + t * (0.802853 + 0.010328 * t)
    bottom = 1.0 + t * (1.432788 + t * (0.189269 + 0.001308 * t))
    deviate = t - top / bottom
    return -deviate if share < 0.5 else deviate  # noqa: PLR2004 - one half
