"""Conversions: what came of a mail on the sender's own pages, and whether it is enough.

A conversion names the link it came by, so it is counted for a campaign and a variant,
never for a person.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import NormalDist
from typing import Final

from domain.errors import Refused

KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What happened, in the sender's own word: demo_request, mql."""

LONGEST_ID: Final = 200
LONGEST_LINK: Final = 64
OLDEST: Final = timedelta(days=400)
AHEAD: Final = timedelta(minutes=5)
"""How far a conversion's clock may run before ours."""

_Z: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One event on the sender's pages.

    Attributes:
        link: The link id that the mail's link carried.
        external_id: The sender's own id of the event: the same id counts once.
        at: When it happened, aware.
        value: What it was worth, in the sender's currency; None when not said.
    """

    link: str
    kind: str
    external_id: str
    at: datetime
    value: float | None = None


FIELDS: Final = ("link", "kind", "id", "at", "value")


def parse(raw: object, *, now: datetime, where: str) -> Conversion:
    """Check one conversion, as posted or as a row of a file.

    Args:
        where: What an error calls it: "event 3", "line 7".

    Raises:
        Refused: Names the field, what is wrong with it and what is allowed.
    """
    if not isinstance(raw, Mapping):
        raise Refused(f"{where}: is no object with {', '.join(FIELDS)}.")
    unknown = [str(name)[:40] for name in raw if name not in FIELDS]
    if unknown:
        raise Refused(
            f"{where}: there is no field {unknown[0]!r}; there are {', '.join(FIELDS)}."
        )
    return Conversion(
        link=_text(raw.get("link"), "link", where, most=LONGEST_LINK),
        kind=_kind(raw.get("kind"), where),
        external_id=_text(raw.get("id"), "id", where, most=LONGEST_ID),
        at=_at(raw.get("at"), where, now=now),
        value=_value(raw.get("value"), where),
    )


def _text(given: object, field: str, where: str, *, most: int) -> str:
    text = given.strip() if isinstance(given, str) else ""
    if not text or len(text) > most or not text.isprintable():
        raise Refused(f"{where}, {field}: must be 1 to {most} printable characters.")
    return text


def _kind(given: object, where: str) -> str:
    if not isinstance(given, str) or not KIND.fullmatch(given.strip()):
        raise Refused(
            f"{where}, kind: must be up to 40 lower-case letters, digits and _,"
            " such as demo_request."
        )
    return given.strip()


def _at(given: object, where: str, *, now: datetime) -> datetime:
    wanted = "must be a time with its zone, such as 2026-05-01T14:02:00+02:00"
    if not isinstance(given, str):
        raise Refused(f"{where}, at: {wanted}.")
    try:
        at = datetime.fromisoformat(given.strip())
    except ValueError:
        raise Refused(f"{where}, at: {wanted}.") from None
    if at.utcoffset() is None:
        raise Refused(f"{where}, at: {wanted}.")
    # at the ends of the calendar no other zone can be told
    if not now - OLDEST <= at <= now + AHEAD:
        raise Refused(f"{where}, at: must lie within the last {OLDEST.days} days.")
    return at.astimezone(UTC)


def _value(given: object, where: str) -> float | None:
    if given is None or given == "":
        return None
    if isinstance(given, str) and "_" in given:
        given = "no number"
    try:
        value = float(given) if isinstance(given, int | float | str) else math.nan
    except (ValueError, OverflowError):
        value = math.nan
    if isinstance(given, bool) or not 0 <= value < 1e12:  # noqa: PLR2004 - a limit of its own
        raise Refused(f"{where}, value: must be a number from 0 up.")
    return value


class Standing(StrEnum):
    """How a count stands against its brief's target."""

    REACHED = "reached"
    ON_COURSE = "on_course"
    BEHIND = "behind"
    CANNOT_TELL = "cannot_tell"
    NO_TARGET = "no_target"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionLine:
    """One kind of conversion of a campaign.

    Attributes:
        by_variant: Count per variant label, in order.
        delivered: Mails delivered so far: what the rate is taken of.
        planned: Mails of the whole list: what the target is for.
        target: The brief's, when it is about this kind; a number to reach in all.
    """

    kind: str
    n: int
    by_variant: tuple[tuple[str, int], ...]
    delivered: int
    planned: int
    target: float | None = None
    value: float = 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The rate's 95 % interval (Wilson's score), shares 0-1."""
        return wilson(self.n, self.delivered)

    @property
    def expected(self) -> tuple[float, float]:
        """How many the whole list would bring at this rate, 95 %."""
        low, high = self.interval
        return max(self.n, low * self.planned), high * self.planned

    @property
    def standing(self) -> Standing:
        """Where it stands; the interval decides, never the point alone."""
        if self.target is None:
            return Standing.NO_TARGET
        if self.n >= self.target:
            return Standing.REACHED
        low, high = self.expected
        if low >= self.target:
            return Standing.ON_COURSE
        return Standing.BEHIND if high < self.target else Standing.CANNOT_TELL


def wilson(n: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a rate; all of 0-1 when nothing was tried.

    Several conversions may come of one mail; no more than all of them are counted.
    """
    if of <= 0:
        return 0.0, 1.0
    n = min(n, of)
    share, z2 = n / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = (
        _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    )
    return max(0.0, middle - reach), min(1.0, middle + reach)


def is_about(metric: str, kind: str) -> bool:
    """Whether a brief's success metric names this kind: "Demo requests", demo_request."""
    return _plain(metric) == _plain(kind)


def _plain(words: str) -> str:
    return "".join(c for c in words.casefold() if c.isalnum()).removesuffix("s")


def in_order(lines: Sequence[ConversionLine]) -> tuple[ConversionLine, ...]:
    """The brief's own metric first, then by count."""
    return tuple(sorted(lines, key=lambda x: (x.target is None, -x.n, x.kind)))
