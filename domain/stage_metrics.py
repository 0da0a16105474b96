"""How each stage of review is doing: counts with what they are of, and times to decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.errors import Refused
from domain.rejection import RejectReason

DAYS: Final = 7
DAYS_MOST: Final = 90


class DaysWrong(Refused):
    """The days asked for cannot be counted over."""

    def __init__(self) -> None:
        super().__init__(
            f"Days are a whole number from 1 to {DAYS_MOST}, such as /desk metrics 30."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMetrics:
    """One stage over some days. All counts but `undone` are of review requests.

    Attributes:
        seen: Open at some moment of these days; what the other counts are of.
        asked: Asked in these days, for the last time.
        approved: Closed by people's approvals.
        passed: Approved because nobody acted.
        rejected_for: By code, the most frequent first; None is a record without code.
        superseded: Made void by an edit or a rewrite before they were decided.
        withdrawn: Not asked any more: others were chosen, the campaign ended, or an
            earlier decision was undone.
        open: Waits for an answer now, in a campaign that is in review.
        overdue: Open, and late now.
        kept: Decided by people when it was due, or before.
        reminded: A reminder was sent about them.
        escalated: Somebody was asked to step in.
        undone: Decisions that were taken back.
        median: Wall clock from asked to decided, over those that people decided.
        p90: Nine in ten were decided within it.
    """

    stage: str
    seen: int = 0
    asked: int = 0
    approved: int = 0
    passed: int = 0
    rejected: int = 0
    rejected_for: tuple[tuple[RejectReason | None, int], ...] = ()
    superseded: int = 0
    withdrawn: int = 0
    open: int = 0
    overdue: int = 0
    kept: int = 0
    reminded: int = 0
    escalated: int = 0
    undone: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None

    @property
    def decided(self) -> int:
        """Closed as decided, by people or by itself."""
        return self.approved + self.rejected + self.passed

    @property
    def kept_of(self) -> int:
        """What an SLA could be kept for: all decided, and what is overdue now."""
        return self.decided + self.overdue


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskMetrics:
    """Every stage, in the order of the playbook.

    Attributes:
        practice: What of the desk is practice, as cards say it.
    """

    days: int
    now: datetime
    stages: tuple[StageMetrics, ...]
    practice: tuple[str, ...] = ()


def percentile(spans: Sequence[timedelta], share: float) -> timedelta | None:
    """The smallest span that at least `share` of all do not exceed (nearest rank).

    Args:
        share: Over 0, up to 1.

    Returns:
        One of `spans`, or None when there are none.
    """
    if not spans:
        return None
    # 0.9 * 10 is no whole number in binary: a rank is not raised by such a crumb
    rank = math.ceil(round(share * len(spans), 9))
    return sorted(spans)[max(rank, 1) - 1]


def parse_days(words: Sequence[str]) -> int:
    """What `/desk metrics` was given: nothing, or a number of days.

    Raises:
        DaysWrong: It is no whole number from 1 to `DAYS_MOST`.
    """
    if not words:
        return DAYS
    word = words[0]
    is_number = len(words) == 1 and len(word) <= 3 and word.isascii() and word.isdigit()  # noqa: PLR2004  # digits
    if not is_number or not 1 <= int(word) <= DAYS_MOST:
        raise DaysWrong
    return int(word)
