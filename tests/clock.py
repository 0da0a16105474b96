"""A clock that only tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 24, 14, 20, tzinfo=UTC)


class Clock:
    """Called, it says the time; `tick` lets time pass."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def tick(self, step: timedelta) -> datetime:
        self.now += step
        return self.now
