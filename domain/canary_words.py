"""How the judge says its numbers: counts, rates, odds and spans of time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

RATE_FROM: Final = 200
"""Delivered mails below which a rate would say more than is known."""

_TEENS: Final = frozenset({11, 12, 13})
_SUFFIXES: Final = {1: "st", 2: "nd", 3: "rd"}
_QUOTE_MOST: Final = 120  # characters
_RARE: Final = 1e-6
_COMMON: Final = 0.001
_COARSE: Final = 0.005  # from 0.5 % on, one decimal of a per cent is enough
_UNITS: Final = ((3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the judge calls what it counts.

    Attributes:
        source: Who reports.
        arrived: What has happened to those who could complain.
        one: What goes out.
        whom: Who gets it, and may complain.
        failure: What goes wrong with it.
        healthy: What reaches the limit of failures by chance; `{ok}` is its rate.
    """

    source: str
    arrived: str
    one: str
    whom: str
    failure: str
    healthy: str


MAILS: Final = Words(
    source="ESP",
    arrived="delivered",
    one="mail",
    whom="recipient",
    failure="hard bounce",
    healthy="a list with {ok} dead addresses",
)
VISITORS: Final = Words(
    source="site",
    arrived="shown",
    one="visitor",
    whom="visitor",
    failure="failure",
    healthy="a page that fails for {ok}",
)


def percent(rate: float) -> str:
    """Spell a policy's rate, such as 0.2 %."""
    return f"{rate * 100:.3g} %"


def percent_up(rate: float) -> str:
    """Spell a measured rate rounded up, so that it never promises too much."""
    scale = 1_000 if rate >= _COARSE else 10_000
    return f"{math.ceil(rate * scale - 1e-9) / scale * 100:.4g} %"


def odds(chance: float) -> str:
    """Spell a chance as "about 2 in 1,000 times"."""
    if chance < _RARE:
        return "less than once in 1,000,000 times"
    if chance >= _COMMON:
        return f"about {round(chance * 1_000):,} in 1,000 times"
    magnitude = 10 ** math.floor(math.log10(1 / chance))
    return f"about 1 in {round(1 / chance / magnitude) * magnitude:,} times"


def ordinal(n: int) -> str:
    """Spell 3 as 3rd."""
    suffix = "th" if n % 100 in _TEENS else _SUFFIXES.get(n % 10, "th")
    return f"{n:,}{suffix}"


def counted(n: int, noun: str) -> str:
    """Spell a count with its noun: 1 complaint, 2 complaints."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def reached(count: int, k: int, noun: str, *, of: str) -> str:
    """Name the event that ended a canary, or the count if a batch ran past it."""
    if count == k:
        return f"the {ordinal(k)} {noun} of {of}"
    return f"{counted(count, noun)} of {of}, where {k:,} would do"


def span(duration: timedelta) -> str:
    """Spell a duration in its largest two units, such as 2 h 10 min."""
    rest, parts = round(duration.total_seconds()), []
    for seconds, unit in _UNITS:
        whole, rest = divmod(rest, seconds)
        if whole:
            parts.append(f"{whole} {unit}")
    return " ".join(parts[:2]) or "1 s"


def blindness(
    noun: str, *, planned: int, reporting: int, needed: int, words: Words = MAILS
) -> str:
    """Say that a cohort cannot see complaints, and by how much."""
    return (
        f"This {noun} cannot see complaints: {reporting:,} of its "
        f"{counted(planned, words.whom)} can report them and {needed:,} are needed; "
        "expanding needs a person."
    )


def muteness(esp: str) -> str:
    """Say that an ESP tells nothing of what became of the mails it took."""
    return (
        f"{esp} reports no complaints, deliveries or clicks: all that is seen is whom "
        "the server refused; expanding needs a person."
    )


def quoted(said: str) -> str:
    """Quote what somebody else said, short enough for a sentence."""
    words = " ".join(said.split())
    short = words if len(words) <= _QUOTE_MOST else f"{words[: _QUOTE_MOST - 1]}…"
    return f'"{short}"'
