"""A chain of hashes over audit events: an edit, a swap or a gap shows.

It cannot show a tail that was cut off or a chain rewritten from its start; only a
head hash kept elsewhere shows those.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Final

GENESIS: Final = "0" * 64
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Uncanonical(ValueError):
    """A value that has no single spelling, so a hash of it would prove nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One audit event as it is stored: what happened, and its place in the chain."""

    prev_hash: str
    hash: str
    fields: Mapping[str, object]


def canonical(fields: Mapping[str, object]) -> str:
    """Spell `fields` as JSON in the one way that survives a trip through a database.

    Keys are sorted, times are UTC to the microsecond, and a float that is a whole
    number is spelled as one, because a JSON column may return 2.0 as 2.

    Raises:
        Uncanonical: A naive time, NaN, infinity, a key that is not text, or a type
            that JSON does not have.
    """
    return json.dumps(
        _plain(fields), sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def link(prev_hash: str, event_fields: Mapping[str, object]) -> str:
    """Return the hex SHA-256 that binds an event to everything before it.

    Args:
        prev_hash: The hash of the event before, or `GENESIS` for the first.
        event_fields: All of the event but its two hashes. Personal data stays out
            (store a hash of it), so that erasure does not break the chain.
    """
    if not _SHA256.fullmatch(prev_hash):
        raise Uncanonical("A previous hash is 64 lower-case hex digits.")
    return hashlib.sha256(
        f"{prev_hash}\n{canonical(event_fields)}".encode()
    ).hexdigest()


def verify(chain: Iterable[Link], *, genesis: str = GENESIS) -> int | None:
    """Return the index of the first link that does not hold, or None if all do.

    Args:
        chain: Links in the order they were written; read once, never stored.
        genesis: The hash the first link builds on; after pruning, the last one pruned.
    """
    expected = genesis
    for index, item in enumerate(chain):
        if item.prev_hash != expected or not _holds(item):
            return index
        expected = item.hash
    return None


def _holds(item: Link) -> bool:
    try:
        return link(item.prev_hash, item.fields) == item.hash
    except Uncanonical:
        return False


def _plain(value: object) -> object:
    """Reduce a value to the types of JSON; a bool is an int, a datetime a date."""
    match value:
        case Enum():
            return _plain(value.value)
        case None | int() | str():
            return value
        case float():
            return _number(value)
        case date():
            return _time(value)
        case Mapping():
            return {_key(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            raise Uncanonical(f"An audit event cannot hold a {type(value).__name__}.")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise Uncanonical("An audit event's keys are text.")
    return str(key)


def _number(value: float) -> float | int:
    if not math.isfinite(value):
        raise Uncanonical("An audit event cannot hold NaN or infinity.")
    return int(value) if value.is_integer() else value


def _time(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.utcoffset() is None:
        raise Uncanonical("An audit event's time needs a time zone.")
    return value.astimezone(UTC).isoformat(timespec="microseconds")
