"""How many mails a young sending domain may send a day, and when the next day begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ALL = ""
"""The key of the limit that counts mails to every provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Mails a day from the first day on.

    Attributes:
        a_day: First day first.
        then: Every day after that; None is without limit.

    Raises:
        ValueError: A day would let nothing out.
    """

    a_day: tuple[int, ...] = ()
    then: int | None = None

    def __post_init__(self) -> None:
        if any(each < 1 for each in (*self.a_day, self.then or 1)):
            raise ValueError("a warm-up lets at least one mail out a day")

    def on(self, day: int) -> int | None:
        """How many may leave on a day, counted from 0; None is without limit."""
        return self.a_day[day] if day < len(self.a_day) else self.then

    def least_from(self, day: int) -> int | None:
        """The smallest limit that is still to come; None when there is none."""
        ahead = [*self.a_day[day:], *([] if self.then is None else [self.then])]
        return min(ahead, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """Limits per mailbox provider; under `ALL` the one of all mails together.

    Attributes:
        day: How long a day is; shorter in practice time.
    """

    ramps: Mapping[str, Ramp] = field(default_factory=dict)
    day: timedelta = timedelta(days=1)

    @property
    def providers(self) -> frozenset[str]:
        """Those with a limit of their own."""
        return frozenset(self.ramps) - {ALL}

    def today(self, first_at: datetime | None, now: datetime) -> datetime:
        """When the present day began."""
        return begins_at(first_at, now, self.day)

    def applying(self, provider: str) -> tuple[str, ...]:
        """Keys of the limits that a chunk for a provider falls under."""
        return tuple(key for key in dict.fromkeys((ALL, provider)) if key in self.ramps)


def day_of(first_at: datetime | None, now: datetime, day: timedelta) -> int:
    """Which day since the first mail left it is, from 0; before that it is the first."""
    return 0 if first_at is None or now < first_at else (now - first_at) // day


def begins_at(first_at: datetime | None, now: datetime, day: timedelta) -> datetime:
    """When the present day began; days are counted from the first mail's own time."""
    return now if first_at is None else first_at + day_of(first_at, now, day) * day


def wait_until(
    size: int,
    *,
    used: int,
    ramp: Ramp,
    first_at: datetime | None,
    now: datetime,
    day: timedelta,
) -> datetime | None:
    """When a chunk may leave that does not fit into today; None: it may leave now.

    A chunk larger than the whole of a day goes alone on a day of its own, as nothing
    would ever let it out else.

    Args:
        size: Mails of the chunk.
        used: Mails that have left today.
    """
    limit = ramp.on(day_of(first_at, now, day))
    if limit is None or used + size <= limit or used == 0:
        return None
    return begins_at(first_at, now, day) + day
