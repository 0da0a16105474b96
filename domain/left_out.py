"""How many mails may be left out of a campaign before a person has to look."""

from __future__ import annotations

from typing import Final

FEW: Final = 3
"""So many say nothing of a rate, but of a list that is hardly longer."""

UNMERGED: Final = 0.01
"""Share of mails that may fail to merge."""

GIVEN_UP: Final = 0.05
"""Share of mails that the ESP may put off until they are given up."""


def too_many(left_out: int, *, tried: int, planned: int, share: float) -> bool:
    """Whether more were left out than a few bad rows of a list explain.

    Counted over the campaign, not over a chunk: of a chunk of ten, one is no rate.

    Args:
        tried: Mails so far, those left out included.
        planned: Mails of all steps so far; half of them are too many of any list.
        share: Of those tried, how many may be, 0-1.
    """
    return left_out > max(min(FEW, planned // 2), share * tried)
