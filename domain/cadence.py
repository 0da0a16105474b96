"""How often one person is mailed, over all campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most `mails` within `span`, whatever campaigns they are of.

    Raises:
        ValueError: It would let nobody be mailed, or forget at once.
    """

    mails: int
    span: timedelta

    def __post_init__(self) -> None:
        if self.mails < 1 or self.span <= timedelta(0):
            raise ValueError("a cadence cap needs at least one mail and some time")


def at_cap(had: Mapping[int, int], cap: Cap) -> frozenset[int]:
    """Who has had as many mails as the cap allows, and gets no other.

    Args:
        had: Mails within the cap's span, by send id of the one that would be next.
    """
    return frozenset(send_id for send_id, mails in had.items() if mails >= cap.mails)
