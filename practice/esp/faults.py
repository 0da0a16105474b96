"""Faults on request, for whoever wants to see how a client bears them."""

from __future__ import annotations

import asyncio
from enum import StrEnum


class Fault(StrEnum):
    """How the next sends go wrong."""

    NONE = "none"
    TOO_MANY = "429"
    BROKEN = "500"
    # The plan's mails are used up: taken are none.
    QUOTA = "quota"
    # Accepts the mail, then never answers: the caller cannot know.
    TIMEOUT_AFTER_ACCEPT = "timeout_after_accept"
    TIMEOUT_BEFORE = "timeout_before"
    SLOW = "slow"
    # Hangs up once the request was read: nothing is taken, nothing is said.
    REFUSE = "refuse"


class Faults:
    """The fault in force, and for how many more calls."""

    def __init__(self, stall: float) -> None:
        self.kind, self.left = Fault.NONE, 0
        self.closing = asyncio.Event()
        self._stall = stall

    def set(self, kind: Fault, count: int) -> None:
        self.kind, self.left = kind, count

    @property
    def next(self) -> Fault:
        """The fault that the next call would meet."""
        return self.kind if self.left > 0 else Fault.NONE

    def take(self) -> Fault:
        """The fault for this call, counting it."""
        found = self.next
        self.left -= found is not Fault.NONE
        return found

    async def stall(self, seconds: float | None = None) -> None:
        """Wait, but not past the shutdown of the server."""
        try:
            await asyncio.wait_for(self.closing.wait(), seconds or self._stall)
        except TimeoutError:
            return
