"""What a list may say of its people beyond the known columns: names, kinds, values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, TypeAlias

Value: TypeAlias = str | float | date | bool

MOST_ATTRIBUTES: Final = 50
LONGEST_NAME: Final = 40
LONGEST_TEXT: Final = 200
LARGEST_NUMBER: Final = 1e15
"""Whole numbers up to here are exact as a float."""

KEYWORDS: Final = frozenset(
    {
        "and",
        "or",
        "not",
        "in",
        "is",
        "empty",
        "true",
        "false",
        "yes",
        "no",
        "days",
        "ago",
    }
)
"""Words of the filter language, which no attribute can be called."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,16}(\.[0-9]{1,16})?([eE][+-]?[0-9]{1,2})?")
_YES_NO: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "no", "n", "0"), False),
}


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes/no"


WANTED: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "a text",
    Kind.NUMBER: "a number such as 12.5",
    Kind.DATE: "a date such as 2026-01-31",
    Kind.YES_NO: "yes or no",
}
"""What a value of each kind looks like, as an error says it."""


class NotAValue(ValueError):
    """A text that is no value of its kind; the message never repeats the text."""


def attribute_name(column: str) -> str:
    """A column's name as filters write it: `Last order` becomes `last_order`."""
    return re.sub(r"[\s./-]+", "_", column.strip().lower())


def name_problem(name: str, taken: frozenset[str] = frozenset()) -> str:
    """Why an attribute cannot have this name; empty when it can."""
    if len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    if not _NAME.fullmatch(name):
        return "must be lower-case letters, digits and _, and begin with a letter"
    if name in KEYWORDS or name in taken:
        return "is a word that Copydesk uses itself"
    return ""


def parse_value(kind: Kind, text: str) -> Value:
    """Read a cell that is not empty.

    Raises:
        NotAValue: Says what is wanted instead.
    """
    match kind:
        case Kind.TEXT:
            if len(text) > LONGEST_TEXT:
                raise NotAValue(f"is longer than {LONGEST_TEXT} characters")
            return text
        case Kind.NUMBER:
            return _number(text)
        case Kind.DATE:
            return _date(text)
        case Kind.YES_NO:
            if text.lower() not in _YES_NO:
                raise NotAValue(f"is not {WANTED[kind]}")
            return _YES_NO[text.lower()]


def _number(text: str) -> float:
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if math.isnan(number):
        raise NotAValue(f"is not {WANTED[Kind.NUMBER]}")
    if abs(number) > LARGEST_NUMBER:
        raise NotAValue("is too large a number")
    return number


def _date(text: str) -> date:
    """A day; a time with a zone counts as its day in UTC."""
    try:
        if len(text) == len("2026-01-31"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotAValue(f"is not {WANTED[Kind.DATE]}") from None
    try:
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except OverflowError:
        raise NotAValue(f"is not {WANTED[Kind.DATE]}") from None


def stored_name(name: str, kind: Kind) -> str:
    """The key that a value is stored under: what it holds is of this kind, always."""
    return f"{kind}:{name}"


def stored(value: Value) -> str | float | bool:
    """A value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


def texts_of(attributes: Mapping[str, object]) -> dict[str, str]:
    """What is stored of a person, by name, as a mail would say it."""
    return {key.partition(":")[2]: as_text(value) for key, value in attributes.items()}


def as_text(value: object) -> str:
    """A stored value as a mail would say it: 12 and not 12.0, yes and not True."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:.15g}"
        case _:
            return str(value)
