"""What a person sets for themselves: direct messages, a digest, time away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.errors import Refused

HOURS: Final = range(24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """One person's settings; the defaults hold for whoever never set any.

    Attributes:
        wants_dm: Whether an escalation may come as a direct message.
        digest_hour: O'clock of their own working day, 0 to 23; None: no digest.
        away_from: Start of the time out of office; None: none is planned.
        away_until: Its end, later than its start.
    """

    wants_dm: bool = True
    digest_hour: int | None = None
    away_from: datetime | None = None
    away_until: datetime | None = None

    def is_away(self, now: datetime) -> bool:
        """Whether the person is out of office at `now` (aware)."""
        if self.away_from is None or self.away_until is None:
            return False
        return self.away_from <= now < self.away_until


def check_preferences(given: Preferences) -> None:
    """Refuse settings that cannot hold.

    Raises:
        Refused: Says what is wrong in a sentence.
    """
    if given.digest_hour is not None and given.digest_hour not in HOURS:
        raise Refused("A digest comes at an hour from 0 to 23, or not at all.")
    if (given.away_from is None) != (given.away_until is None):
        raise Refused("Time out of office needs both a start and an end.")
    if (
        given.away_from is not None
        and given.away_until is not None
        and given.away_until <= given.away_from
    ):
        raise Refused("Time out of office has to end after it starts.")
