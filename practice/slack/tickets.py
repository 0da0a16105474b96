"""Short-lived keys: trigger ids, reply addresses, and the pace of each caller."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# Slack: a trigger id lives 3 seconds and opens one view.
TRIGGER_LIVES_S: Final = 3.0
# Slack: a response_url takes 5 posts within 30 minutes.
REPLY_LIVES_S: Final = 30 * 60.0
REPLIES_MOST: Final = 5
KEPT_MOST: Final = 2_000


class SlackError(Exception):
    """A refusal with Slack's own error code and whatever rides along."""

    def __init__(self, code: str, **extra: object) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra


@dataclass(slots=True, kw_only=True)
class Trigger:
    """The right of the app to open one view for one person."""

    person: str
    born: float
    view_id: str | None
    is_used: bool = False


@dataclass(slots=True, kw_only=True)
class ReplyAddress:
    """Where one response_url posts to."""

    person: str
    channel: str
    born: float
    message_ts: str | None
    thread_ts: str | None
    is_ephemeral: bool
    posts: int = 0


class Triggers:
    """Trigger ids: single use, three seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, Trigger] = {}

    def issue(self, person: str, view_id: str | None = None) -> str:
        """Make a trigger id for what this person just did."""
        now = self._clock()
        key = f"{int(now * 1000)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._kept[key] = Trigger(person=person, born=now, view_id=view_id)
        while len(self._kept) > KEPT_MOST:
            del self._kept[next(iter(self._kept))]
        return key

    def spend(self, key: str) -> Trigger:
        """Use a trigger id up.

        Raises:
            SlackError: It is unknown, older than 3 s, or was used before.
        """
        trigger = self._kept.get(key)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.born > TRIGGER_LIVES_S:
            raise SlackError("expired_trigger_id")
        trigger.is_used = True
        return trigger


class ReplyAddresses:
    """Reply addresses: five posts in thirty minutes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, ReplyAddress] = {}

    def issue(
        self,
        *,
        person: str,
        channel: str,
        message_ts: str | None = None,
        thread_ts: str | None = None,
        is_ephemeral: bool = False,
    ) -> str:
        """Make the secret part of a response_url."""
        key = f"{secrets.randbelow(10**13)}/{secrets.token_urlsafe(18)}"
        self._kept[key] = ReplyAddress(
            person=person,
            channel=channel,
            born=self._clock(),
            message_ts=message_ts,
            thread_ts=thread_ts,
            is_ephemeral=is_ephemeral,
        )
        while len(self._kept) > KEPT_MOST:
            del self._kept[next(iter(self._kept))]
        return key

    def spend(self, key: str) -> ReplyAddress:
        """Count one post.

        Raises:
            SlackError: `expired_url` past 30 minutes or for an unknown address,
                `used_url` past 5 posts.
        """
        address = self._kept.get(key)
        if address is None or self._clock() - address.born > REPLY_LIVES_S:
            raise SlackError("expired_url")
        if address.posts >= REPLIES_MOST:
            raise SlackError("used_url")
        address.posts += 1
        return address


class Pace:
    """Token buckets, one per key."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, key: str, *, burst: float, per_second: float) -> int:
        """Take one token; return 0, or the whole seconds to wait when none is left."""
        now = self._clock()
        level, then = self._levels.get(key, (burst, now))
        level = min(burst, level + max(0.0, now - then) * per_second)
        if level < 1:
            self._levels[key] = (level, now)
            return max(1, math.ceil((1 - level) / per_second))
        self._levels[key] = (level - 1, now)
        return 0
