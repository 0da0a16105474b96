"""What somebody has switched on the practice ESP's page, until it is started again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from practice.esp.audience import CALM, STORMY, Temper, temper_of

LIKED_LONGEST: Final = 200
# Far from chance in a 1 % canary of the practice list: 4.8 % click, and 14.4 %.
LIKED_TIMES: Final = 3.0


class Readers(StrEnum):
    """How readers take what is accepted from now on."""

    USUAL = "usual"
    BOUNCE = "bounce"
    COMPLAIN = "complain"


_TEMPERS: Final[Mapping[Readers, Temper]] = {
    # 15 % of 300 mails is 45 bounces, where 2 % are usual
    Readers.BOUNCE: replace(CALM, bounce=0.15),
    Readers.COMPLAIN: STORMY,
}


@dataclass(slots=True)
class Switches:
    """How the ESP and its readers behave.

    Attributes:
        is_away: Nobody answers a call to the API; events are still posted.
        keeps_events: No event is posted; none is lost either.
        liked: Words in a subject that make readers click more often.
    """

    is_away: bool = False
    keeps_events: bool = False
    readers: Readers = Readers.USUAL
    liked: str = ""

    def temper(self, address: str, subject: str) -> Temper:
        """How whoever has this address takes a mail of this subject."""
        temper = _TEMPERS.get(self.readers) or temper_of(address.rpartition("@")[2])
        if self.liked and self.liked.casefold() in subject.casefold():
            clicks = min(1.0, temper.click_of_open * LIKED_TIMES)
            return replace(temper, click_of_open=clicks)
        return temper
