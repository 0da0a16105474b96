"""RFM: recency, frequency and money in quintiles, by thresholds that keep their date.

5 is best: bought last, bought most often, spent most. Equal values share a quintile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from domain.attributes import Kind

Measure: TypeAlias = str | float
"""A number, or a day as `2026-01-31`: either sorts by itself."""

QUINTILES: Final = 5
LEAST_PEOPLE: Final = 25
"""Fewer people than this part into fifths by chance."""

LETTERS: Final[Mapping[str, tuple[str, Kind]]] = {
    "r": ("last_order_at", Kind.DATE),
    "f": ("orders", Kind.NUMBER),
    "m": ("revenue", Kind.NUMBER),
}
"""By letter, the attribute it is read from unless another is named, and its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """What parts one measure into quintiles.

    Attributes:
        least: The least value of quintiles 2 to 5, ascending.
    """

    attribute: str
    kind: Kind
    least: tuple[Measure, ...]


def least_of(ascending: Iterable[Measure], total: int) -> tuple[Measure, ...]:
    """The least value of each quintile but the first, read from all values in order.

    Args:
        ascending: Read once, never stored.
        total: How many there are.
    """
    wanted = {total * n // QUINTILES for n in range(1, QUINTILES)}
    found = {place: value for place, value in enumerate(ascending) if place in wanted}
    return tuple(found[total * n // QUINTILES] for n in range(1, QUINTILES))
