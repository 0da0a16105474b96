"""The few statistics the rows need."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` (0-1) of all do not exceed."""
    if not samples:
        raise ValueError("There are no samples.")
    ordered = sorted(samples)
    rank = -(-len(ordered) * share // 1)
    return ordered[min(len(ordered), max(1, int(rank))) - 1]


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)
