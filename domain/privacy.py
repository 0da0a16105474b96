"""What may be said of a recipient: per field its class, regions, coarseness and crowd."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Final

DEFAULT_K: Final = 20
"""How many recipients of a list share a value before it is shown, unless said."""

STANDARD: Final = ("first_name", "last_name", "company", "job_title", "city")
"""Fields that every desk knows, as `person.first_name`; each needs an entry."""

IMPORTERS: Final = frozenset({"marketer", "marketing_engineer"})
"""Roles that may bring a list in from Slack, unless said."""

PATH: Final = re.compile(r"person\.[a-z_]{1,40}|attributes\.[a-z][a-z0-9_]{0,39}")
"""A field as a text names it: a standard one, or a column of the list's own."""


class FieldClass(StrEnum):
    # known to anybody who looks
    PUBLIC = "public"
    # about one person, given by them
    PERSONAL = "personal"
    # health, money, belief and the like: harm when it is guessed from a mail
    SENSITIVE = "sensitive"


class Period(StrEnum):
    """How coarse a date is shown."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """How a number or a date is coarsened before anybody reads it.

    Attributes:
        edges: Rising bounds; a number from one to under the next reads as both.
        period: For dates (2026-03-01); edges are empty then.
    """

    edges: tuple[int, ...] = ()
    period: Period | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What the team decided about one field of a recipient.

    Attributes:
        path: As a text names it, such as "person.city".
        about: What it stands for, in words a writer can use.
        purpose: What it is kept for; shown where somebody uses it for something else.
        regions: Where it may be used, case folded; None: everywhere.
        in_text: Whether a text may show it or depend on it.
        is_required: Whether a recipient without it gets no mail; a text may then
            use it without a fallback.
        k: How many recipients of the list must share the value before it is shown;
            1: it is the person's own, such as their name.
        example: A value for made-up recipients.
    """

    path: str
    about: str
    kind: FieldClass
    purpose: str
    regions: frozenset[str] | None = None
    in_text: bool = True
    is_required: bool = False
    bucket: Bucket | None = None
    k: int = DEFAULT_K
    example: str = ""

    @property
    def name(self) -> str:
        """The last part of the path, which is the list's column."""
        return self.path.partition(".")[2]

    @property
    def is_attribute(self) -> bool:
        """Whether it is a column of the list's own, no standard one."""
        return self.path.startswith("attributes.")

    def may_be_used_in(self, region: str) -> bool:
        """A recipient whose region is not known is in none of those named."""
        return self.regions is None or region.strip().casefold() in self.regions


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """privacy.yaml as it was read.

    Attributes:
        fields: By path.
        importers: Roles that may bring lists in.
    """

    fields: Mapping[str, FieldRule]
    importers: frozenset[str] = IMPORTERS


_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,6})?|\d{1,3}(?:[, ]\d{3}){1,4}")
_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ][\d:.+Z-]{0,30})?")
_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def coarsened(value: str, bucket: Bucket) -> str | None:
    """Say in which bucket a value is, such as "50-200"; None: it is none of its kind."""
    if bucket.period is not None:
        return _dated(value.strip(), bucket.period)
    if not _NUMBER.fullmatch(value.strip()):
        return None
    number = float(value.replace(",", "").replace(" ", ""))
    edges = bucket.edges
    if number < edges[0]:
        return f"under {edges[0]:,}"
    for low, high in pairwise(edges):
        if number < high:
            return f"{low:,}-{high:,}"
    return f"{edges[-1]:,} or more"


def _dated(value: str, period: Period) -> str | None:
    found = _DATE.fullmatch(value)
    if found is None:
        return None
    try:
        day = date.fromisoformat(found[1])
    except ValueError:
        return None
    match period:
        case Period.YEAR:
            return f"{day.year}"
        case Period.QUARTER:
            return f"Q{(day.month + 2) // 3} {day.year}"
        case Period.MONTH:
            return f"{_MONTHS[day.month - 1]} {day.year}"
