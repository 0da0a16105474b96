"""Exact binomial tails and the counts and rates a canary is judged by."""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import lru_cache
from typing import Final

_NEGLIGIBLE: Final = 1e-17  # a term this small, relative to the sum, no longer moves it
_BISECTIONS: Final = 60  # halvings of [0, 1]; far below the precision anybody prints
_SLACK: Final = 1e-9  # keeps 0.002 * 1_500 from falling below 3 in floating point


def _log_point(n: int, k: int, p: float) -> float:
    """Return the log of P(Bin(n, p) = k) for 0 <= k <= n and 0 < p < 1."""
    choices = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choices + k * math.log(p) + (n - k) * math.log1p(-p)


def _sum_away(n: int, k: int, p: float, *, step: int) -> float:
    """Sum the point masses from k outwards, away from the mean."""
    term = math.exp(_log_point(n, k, p))
    total, odds = term, p / (1 - p)
    while 0 <= k + step <= n and term > total * _NEGLIGIBLE:
        term *= (n - k) / (k + 1) * odds if step > 0 else k / (n - k + 1) / odds
        k += step
        total += term
    return total


@lru_cache(maxsize=65_536)
def tail(n: int, k: int, p: float) -> float:
    """Return P(Bin(n, p) >= k), exact to about nine digits.

    Args:
        n: Trials, 0 or more.
        k: Successes; 0 or fewer is certain, more than n impossible.
        p: Rate, 0-1.
    """
    if n < 0 or not 0 <= p <= 1:
        raise ValueError(f"A binomial tail needs n >= 0 and 0 <= p <= 1, not {n}, {p}.")
    if k <= 0:
        return 1.0
    if k > n or p == 0:
        return 0.0
    if p == 1:
        return 1.0
    if k > n * p:
        return min(1.0, _sum_away(n, k, p, step=1))
    return max(0.0, 1.0 - _sum_away(n, k - 1, p, step=-1))


@lru_cache(maxsize=16_384)
def breach_count(n: int, *, ok: float, limit: float, alpha: float) -> int:
    """Return the count that ends a canary of n planned recipients.

    The larger of the first k that a send at rate `ok` reaches with a probability of
    at most `alpha`, and the first count that is above `limit`. A cumulative count
    never falls, so it may be compared after every event at no cost in error.

    Args:
        n: Planned recipients that could be counted, fixed before the first look.
        ok: Rate that is still acceptable, 0-1.
        limit: Rate that must be exceeded before stopping, 0-1.
        alpha: Probability of stopping a send whose true rate is `ok`, 0-0.5.
    """
    if not 0 < alpha < 0.5:  # noqa: PLR2004 - above a half the search below starts too late
        raise ValueError(f"An error rate lies between 0 and 0.5, not at {alpha}.")
    low = math.floor(n * ok)  # the median is never below it, so neither is the answer
    ks = range(low, n + 2)
    first = ks[bisect_left(ks, True, key=lambda k: tail(n, k, ok) <= alpha)]  # noqa: FBT003 - the key's value
    return max(first, math.floor(limit * n + _SLACK) + 1)


@lru_cache(maxsize=16_384)
def detectable_rate(n: int, k: int, power: float = 0.8) -> float:
    """Return the true rate at which n recipients reach k events this often.

    Args:
        n: Recipients whose events are seen.
        k: Events needed, at least 1; a k above n is never reached and gives 1.
        power: Share of such sends that are caught, 0-1.
    """
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if tail(n, k, middle) >= power else (middle, high)
    return high


def excluded_rate(n: int, confidence: float = 0.95) -> float:
    """Return the lowest rate that zero events among n recipients rule out.

    No recipients rule out nothing, which is a rate of 1.
    """
    if n <= 0:
        return 1.0
    return -math.expm1(math.log1p(-confidence) / n)
