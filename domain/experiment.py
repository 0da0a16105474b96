"""Experiments with rare events: which arm did better, and was the split fair.

Two arms leave together, so under equal rates the next event is an arm's with a
probability of its share of the mails. That is a coin whatever the delay, and a bet
against it (an e-process) may be read after every event. Clicks, complaints and
unsubscribes are rare enough for it; opens are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from statistics import NormalDist
from typing import Final

WEIGHT: Final = 200.0
"""How firmly the bet expects an even split, in events seen (a + b of the Beta)."""

ALPHA: Final = 0.05
"""Chance that arms which do equally well are told apart, over all looks."""

EARLY_ALPHA: Final = 0.01
"""Its part for the looks on the way; the one test at the planned end has the rest."""

SPLIT_ALPHA: Final = 0.001
"""Chance that a fair split is called unfair, over all looks."""

_NORMAL: Final = NormalDist()
_BISECTIONS: Final = 60
_EDGE: Final = 1e-12  # a share this near 0 or 1 stands for it
_RATIO_MOST: Final = 1e6  # "any number of times as often"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm at one moment: how many got it, and how many of them did it."""

    name: str
    delivered: int
    events: int

    def __post_init__(self) -> None:
        if not 0 <= self.events <= self.delivered:
            raise ValueError(f"Arm {self.name} has more events than recipients.")

    @property
    def rate(self) -> float:
        return self.events / self.delivered if self.delivered else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """How many times as often one arm does it as another; `high` may be infinite."""

    low: float
    high: float
    confidence: float  # 0-1


class Outcome(StrEnum):
    WINNER = "winner"
    # the difference may be chance; not the same as "no difference"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the comparison came to.

    Attributes:
        best: The arm with the highest rate, which is not yet a winner.
        rival: The arm that `interval` compares it with: the hardest to tell apart.
        p: The smallest p of the deciding comparison, corrected for looks and pairs.
        was_early: Decided by a look on the way, not by the test at the end.
    """

    outcome: Outcome
    best: Arm
    rival: Arm
    interval: Interval
    p: float
    was_early: bool


def log_e_value(
    counts: Sequence[int], shares: Sequence[float], weight: float = WEIGHT
) -> float:
    """Return the log of the bet's worth after these counts, against these shares.

    For two arms that is Beta(a + x, b + y) / Beta(a, b) / (r^x (1 - r)^y) with
    a + b = `weight` and a = r * `weight`; for more, Dirichlet in the place of Beta.
    It passes 1 / alpha with a chance of at most alpha, however often one looks.

    Args:
        counts: Events (or units) of each arm so far.
        shares: Each arm's chance of the next one if all is equal; they add up to 1.
    """
    _require_shares(counts, shares)
    worth = math.lgamma(weight) - math.lgamma(weight + sum(counts))
    for count, share in zip(counts, shares, strict=True):
        prior = weight * share
        worth += math.lgamma(prior + count) - math.lgamma(prior)
        worth -= count * math.log(share)
    return worth


def peak(
    path: Iterable[int], shares: Sequence[float], weight: float = WEIGHT
) -> tuple[float, tuple[int, ...]]:
    """Return the bet's highest log worth on the way, and the counts at that moment.

    Args:
        path: The arm of each event, by its place in `shares`, in order of time.
    """
    _require_shares(shares, shares)
    counts = [0] * len(shares)
    worth, best, at = 0.0, 0.0, tuple(counts)
    for seen, arm in enumerate(path):
        odds = (weight * shares[arm] + counts[arm]) / (weight + seen)
        worth += math.log(odds / shares[arm])
        counts[arm] += 1
        if worth > best:
            best, at = worth, tuple(counts)
    return best, at


def always_valid_p(path: Iterable[int], shares: Sequence[float]) -> float:
    """Return 1 / the bet's highest worth: a p-value that peeking does not spoil."""
    return math.exp(-peak(path, shares)[0])


def compare(
    arms: Sequence[Arm], path: Sequence[str], *, is_end: bool, alpha: float = ALPHA
) -> Finding:
    """Say which arm did better, or that it cannot be told; two arms or more.

    The bet at a fifth of `alpha` runs all the way, one z-test with the rest of it
    comes at the planned end: together at most `alpha`. With more than two arms each
    pair gets an equal part, and a winner has to beat every other arm. An early winner is
    one only as long as the numbers of now bear it out, at all of `alpha`.

    Args:
        arms: All arms at equal age since they left together.
        path: The arm's name of each event, in order of time.
        is_end: Whether the planned end has come; the z-test is made only then.
    """
    if len({arm.name for arm in arms}) < max(len(arms), 2):
        raise ValueError("A comparison needs two arms or more, each with its own name.")
    best = max(arms, key=lambda arm: (arm.rate, arm.name))
    pairs = len(list(combinations(arms, 2)))
    early = alpha * EARLY_ALPHA / ALPHA / pairs
    found = [
        _pair(
            best, other, path, is_end=is_end, early=early, final=alpha / pairs - early
        )
        for other in arms
        if other is not best
    ]
    # the hardest to tell apart stands for all
    return max(found, key=lambda each: (each.outcome is Outcome.CANNOT_TELL, each.p))


def is_split_unfair(
    delivered: Sequence[int], planned: Sequence[int], alpha: float = SPLIT_ALPHA
) -> bool:
    """Say whether the arms' delivered mails cannot have come of the planned split.

    May be asked after every delivery: over all looks a fair split is called unfair
    with a chance of at most `alpha`. The arms' numbers mean nothing then.

    Args:
        delivered: Mails of each arm that arrived.
        planned: Mails of each arm that were planned; an arm of none is left out.
    """
    used = [(got, n) for got, n in zip(delivered, planned, strict=True) if n > 0]
    if any(got > 0 for got, n in zip(delivered, planned, strict=True) if n <= 0):
        return True
    total = sum(n for _, n in used)
    if len(used) < 2:  # noqa: PLR2004 - one arm has no split
        return False
    worth = log_e_value([got for got, _ in used], [n / total for _, n in used])
    return worth >= -math.log(alpha)


def z_test(one: Arm, other: Arm) -> float:
    """Return the two-sided p of the pooled test for equal rates; 1 when none is had."""
    return _two_sided(_score(one, other, 1.0))


def ratio_at_end(one: Arm, other: Arm, confidence: float) -> Interval:
    """Return Koopman's score interval of `one`'s rate over `other`'s.

    It holds 1 exactly when `z_test` does not reach 1 - `confidence`.
    """
    limit = _NORMAL.inv_cdf(0.5 + confidence / 2) ** 2
    return _interval(
        lambda ratio: _score(one, other, ratio) <= limit, one, other, confidence
    )


def ratio_so_far(one: Arm, other: Arm, confidence: float) -> Interval:
    """Return an interval of `one`'s rate over `other`'s that holds at every look.

    It is the set of ratios that the bet has not refuted: valid under any delay, and
    wider than one made once at a planned end.
    """
    share = one.delivered / (one.delivered + other.delivered)
    counts, limit = (one.events, other.events), -math.log(1 - confidence)
    prior = log_e_value(counts, (share, 1 - share)) + _log_likelihood(counts, share)

    def holds(ratio: float) -> bool:
        under = one.delivered * ratio / (one.delivered * ratio + other.delivered)
        return prior - _log_likelihood(counts, under) <= limit

    return _interval(holds, one, other, confidence)


def _pair(
    best: Arm,
    other: Arm,
    path: Sequence[str],
    *,
    is_end: bool,
    early: float,
    final: float,
) -> Finding:
    total = best.delivered + other.delivered
    if best.delivered == 0 or other.delivered == 0:
        nothing = Interval(low=0.0, high=math.inf, confidence=1 - early)
        return _finding(best, other, nothing, p=1.0)
    shares = (best.delivered / total, other.delivered / total)
    places = {best.name: 0, other.name: 1}
    worth, at = peak((places[name] for name in path if name in places), shares)
    p_early = math.exp(-worth)
    p = z_test(best, other)
    # arms whose events come at other ages would win early, and not bear it out later
    is_borne_out = p <= early + final and at[0] * shares[1] > at[1] * shares[0]
    is_early = p_early <= early and is_borne_out
    if is_end and (p <= final or not is_early):
        # the narrower interval, where the test at the end agrees
        interval = ratio_at_end(best, other, 1 - final)
        won, p = p <= final, min(p, p_early)
        return _finding(best, other, interval, p=p, won=won, was_early=is_early)
    # of the moment it was decided, or of now
    then = (_with(best, at[0]), _with(other, at[1])) if is_early else (best, other)
    interval = ratio_so_far(*then, 1 - early)
    return _finding(best, other, interval, p=p_early, won=is_early, was_early=is_early)


def _finding(
    best: Arm,
    rival: Arm,
    interval: Interval,
    *,
    p: float,
    won: bool = False,
    was_early: bool = False,
) -> Finding:
    return Finding(
        outcome=Outcome.WINNER if won else Outcome.CANNOT_TELL,
        best=best,
        rival=rival,
        interval=interval,
        p=min(p, 1.0),
        was_early=was_early,
    )


def _with(arm: Arm, events: int) -> Arm:
    return Arm(
        name=arm.name, delivered=arm.delivered, events=min(events, arm.delivered)
    )


def _score(one: Arm, other: Arm, ratio: float) -> float:
    """Return z squared for "`one`'s rate is `ratio` times `other`'s"."""
    n, m, x, y = one.delivered, other.delivered, one.events, other.events
    if n == 0 or m == 0 or x + y == 0:
        return 0.0
    # the most likely rates under that ratio solve a quadratic
    a, b = (n + m) * ratio, n * ratio + x + m + y * ratio
    base = (b - math.sqrt(max(b * b - 4 * a * (x + y), 0.0))) / (2 * a)
    return _departure(n, x, base * ratio) + _departure(m, y, base)


def _departure(n: int, events: int, rate: float) -> float:
    rate = min(max(rate, _EDGE), 1 - _EDGE)
    return (events - n * rate) ** 2 / (n * rate * (1 - rate))


def _two_sided(squared: float) -> float:
    return math.erfc(math.sqrt(squared / 2))


def _log_likelihood(counts: tuple[int, int], share: float) -> float:
    share = min(max(share, _EDGE), 1 - _EDGE)
    return counts[0] * math.log(share) + counts[1] * math.log1p(-share)


def _interval(
    holds: Callable[[float], bool], one: Arm, other: Arm, confidence: float
) -> Interval:
    """Search outwards from the observed ratio, which always holds."""
    centre = (max(one.events, 0.5) * other.delivered) / (
        max(other.events, 0.5) * one.delivered
    )
    centre = min(max(centre, 1 / _RATIO_MOST), _RATIO_MOST)
    low = _border(holds, centre, 1 / _RATIO_MOST) if one.events else 0.0
    high = _border(holds, centre, _RATIO_MOST) if other.events else math.inf
    return Interval(low=low, high=high, confidence=confidence)


def _border(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    near, far = math.log(inside), math.log(outside)
    for _ in range(_BISECTIONS):
        middle = (near + far) / 2
        near, far = (middle, far) if holds(math.exp(middle)) else (near, middle)
    return math.exp(near)


def _require_shares(counts: Sequence[float], shares: Sequence[float]) -> None:
    is_whole = math.isclose(sum(shares), 1.0, abs_tol=1e-9)
    if len(counts) != len(shares) or not is_whole or min(shares) <= 0:
        raise ValueError("Every arm needs a share above 0, and the shares add up to 1.")
