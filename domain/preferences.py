"""What a person sets for themselves: the digest, direct messages, time away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.errors import Refused

HOURS_OF_THE_DAY: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """One person's settings; the defaults hold for whoever never set any.

    Attributes:
        digest_hour: Hour of the day in the team's zone, 0 to 23; None: no digest.
        wants_dm: Whether an escalation may come as a direct message.
        away_from: Start of the time out of office; None: none is planned.
        away_until: Its end, later than its start.
    """

    digest_hour: int | None = None
    wants_dm: bool = True
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
    hour = given.digest_hour
    if hour is not None and not 0 <= hour < HOURS_OF_THE_DAY:
        raise Refused("The digest comes at a full hour from 0 to 23.")
    if (given.away_from is None) != (given.away_until is None):
        raise Refused("Time out of office needs both a start and an end.")
    if (
        given.away_from is not None
        and given.away_until is not None
        and given.away_until <= given.away_from
    ):
        raise Refused("Time out of office has to end after it starts.")
