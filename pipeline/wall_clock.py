"""The present moment."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The one place where the wall clock is read."""
    return datetime.now(UTC)  # noqa: TID251 - every other time comes from here
