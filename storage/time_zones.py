"""Time zones by the names that lists and Slack have for them."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_MOST: Final = 64
"""Characters of the longest name that is looked up at all."""


def zone_named(name: str) -> tzinfo | None:
    """The zone of an IANA name, as it stands in somebody's list; None for any other."""
    if not 0 < len(name) <= _MOST:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
