"""Fields of a webhook's items, read one by one; what does not fit names item and field."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from domain.errors import Refused

SCANNERS: Final = (
    "barracuda",
    "mimecast",
    "proofpoint",
    "zscaler",
    "trendmicro",
    "symantec",
    "fireeye",
    "headlesschrome",
    "python-requests",
    "go-http-client",
    "curl/",
    "scanner",
    "crawler",
    "bot/",
    "bot;",
)
"""Parts of user agents that follow every link of a mail before a person does."""

# SQLite and PostgreSQL: integers have 63 bits
_MAX_DIGITS: Final = 18
_MAX: Final = 10**_MAX_DIGITS


def is_scanner(agent: object) -> bool:
    """Whether a click's user agent is a machine's."""
    return isinstance(agent, str) and any(s in agent.lower() for s in SCANNERS)


def event_key(vendor: str, *parts: object) -> str:
    """What makes two items one event, short enough for a key."""
    packed = "\0".join(map(str, parts)).encode()
    digest = hashlib.blake2b(packed, digest_size=16)
    return f"{vendor}:{digest.hexdigest()}"


def an_object(index: int, value: object, called: str = "it") -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    raise malformed(index, f"{called} is no object")


def whole(index: int, item: Mapping[str, object], field: str) -> int:
    """A whole number, or its decimal text: what we put in always comes as text."""
    value = item.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX:
        return value
    given = value if isinstance(value, str) and value.isascii() else ""
    if given.isdecimal() and len(given) <= _MAX_DIGITS:
        return int(given)
    raise malformed(index, f"{field} is no whole number")


def text(index: int, item: Mapping[str, object], field: str) -> str:
    value = item.get(field)
    if isinstance(value, str) and value:
        return value
    raise malformed(index, f"{field} is no text")


def moment(index: int, seconds: int) -> datetime:
    """The time that many seconds after the epoch."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise malformed(index, "timestamp is out of range") from error


def written_moment(index: int, value: object, field: str = "timestamp") -> datetime:
    """A time written as ISO 8601; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(value if isinstance(value, str) else "")
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise malformed(index, f"{field} is no time") from error


def malformed(index: int, why: str) -> Refused:
    return Refused(f"Item {index} of the webhook cannot be read: {why}.")
