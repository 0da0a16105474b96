"""Which of many waiting questions a person should look at first.

What is assigned to the reader comes before what all of their role are asked. In each,
the order is one number per question, risk x audience x time to due, the largest first:

- risk: 4 at tier A, 2 at tier B, 1 at tier C; a tier nobody knows counts as A
- audience: the decimal logarithm of the recipients, at least 1, so that ten times the
  people count for one more and a long list does not drown everything else
- time to due: 1 at the deadline, half of it four hours before, a third eight hours
  before; after the deadline it grows by 1 every four hours

So a tier A mail to 50,000 that is due in a day (4 x 4.7 / 7 = 2.7) comes after a tier C
mail to 1,000 that is due now (1 x 3 = 3), and before one that is due in an hour (2.4).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.views import WaitingLine

RISK: Final[Mapping[str, float]] = {"A": 4.0, "B": 2.0, "C": 1.0}
LOWEST_TIER: Final = "C"
"""The tier whose passing texts may be approved in one go."""

HALF: Final = timedelta(hours=4)
"""So long before the deadline a question presses half as much as at it."""


def pressing(*, tier: str, recipients: int, due_in: timedelta) -> float:
    """How much a question presses; larger is sooner.

    Args:
        due_in: Time to the deadline; negative when it has passed.
    """
    risk = RISK.get(tier, RISK["A"])
    audience = max(1.0, math.log10(max(recipients, 1)))
    left = due_in / HALF
    closeness = 1 / (1 + left) if left > 0 else 1 - left
    return risk * audience * closeness


def most_pressing_first(
    waiting: Iterable[WaitingLine], now: datetime
) -> tuple[WaitingLine, ...]:
    """Order questions for one reader: those assigned to them, then the others.

    What presses the same comes by its deadline, then by its number, so that the order
    does not depend on how the questions were read.
    """

    def rank(line: WaitingLine) -> tuple[bool, float, datetime, int]:
        weight = pressing(
            tier=line.tier, recipients=line.recipients, due_in=line.due_at - now
        )
        return not line.is_assigned, -weight, line.due_at, line.request_id

    return tuple(sorted(waiting, key=rank))
