"""Student's t distribution. Standard library only, because the service's image has no scipy."""

from __future__ import annotations

import math

TINY = 1e-300
PRECISE = 1e-15
MOST_TERMS = 10_000


def cumulative(statistic: float, freedom: float) -> float:
    """Probability of a value up to ``statistic`` at ``freedom`` degrees of freedom (above zero)."""
    square = statistic * statistic
    if square == 0:
        return 0.5
    beyond = 0.5 * _incomplete_beta(freedom / (freedom + square), square / (freedom + square), freedom / 2, 0.5)
    return beyond if statistic < 0 else 1 - beyond


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """The regularised incomplete beta function at ``x`` (Abramowitz & Stegun 1964, 26.5.8 and 26.5.2); ``rest`` is 1 - ``x``."""
    if not (x > 0 and rest > 0):
        return 0.0 if x <= 0 else 1.0
    logs = a * (math.log(x) if x < 0.5 else math.log1p(-rest)) + b * (math.log(rest) if rest < 0.5 else math.log1p(-x))
    front = math.exp(logs - math.lgamma(a) - math.lgamma(b) + math.lgamma(a + b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(rest, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Its continued fraction, by the method of Lentz 1976 as modified by Thompson and Barnett 1986."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _not_zero(1 + term * d), _not_zero(1 + term / c)
            found *= d * c
        if abs(d * c - 1) < PRECISE:
            break
    return found


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
