"""Spacing calls to an outside service, shared by all processes through Valkey."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

_MINUTE_MS: Final = 60_000
# A broker that is away costs one short timeout, then is left alone this long.
_GIVE_UP_S: Final = 10.0
_VALKEY_TIMEOUT_S: Final = 0.25


class Pacer:
    """Says how long a call must wait. Without Valkey each process paces itself."""

    def __init__(
        self,
        valkey: Redis | None,
        *,
        prefix: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._valkey, self._prefix, self._clock = valkey, prefix, clock
        self._lock = Lock()
        self._until: dict[str, float] = {}
        self._used: dict[str, tuple[float, int]] = {}
        self._away_until = float("-inf")

    @classmethod
    def connect(cls, url: str | None, *, prefix: str) -> Pacer:
        """A pacer on the broker at `url`; nothing is dialled yet."""
        if url is None or not url.startswith(("redis", "valkey", "unix")):
            return cls(None, prefix=prefix)
        valkey = Redis.from_url(
            url,
            socket_timeout=_VALKEY_TIMEOUT_S,
            socket_connect_timeout=_VALKEY_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        return cls(valkey, prefix=prefix)

    def space(self, key: str, every: timedelta) -> float:
        """Take the next slot of `key`: 0 when it is ours, else seconds until one."""
        return self._ask(
            lambda valkey: _space(valkey, self._prefix + key, every),
            lambda: self._space_here(key, every.total_seconds()),
        )

    def count(self, key: str, per_minute: int) -> float:
        """Count one call of `key`: 0 when it fits, else seconds to the next minute."""
        return self._ask(
            lambda valkey: _count(valkey, self._prefix + key, per_minute),
            lambda: self._count_here(key, per_minute),
        )

    def close(self) -> None:
        if self._valkey is not None:
            self._valkey.close()

    def _ask(self, there: Callable[[Redis], float], here: Callable[[], float]) -> float:
        if self._valkey is not None and self._clock() >= self._away_until:
            try:
                return there(self._valkey)
            except RedisError:
                # Pacing is a courtesy: the broker's absence must not stop a notice.
                self._away_until = self._clock() + _GIVE_UP_S
        with self._lock:
            return here()

    def _space_here(self, key: str, every_s: float) -> float:
        now = self._clock()
        wait = self._until.get(key, now) - now
        if wait > 0:
            return wait
        self._until[key] = now + every_s
        return 0.0

    def _count_here(self, key: str, per_minute: int) -> float:
        now = self._clock()
        ends, used = self._used.get(key, (now, 0))
        if ends <= now:
            ends, used = now + _MINUTE_MS / 1000, 0
        self._used[key] = ends, used + 1
        return ends - now if used >= per_minute else 0.0


def _space(valkey: Redis, key: str, every: timedelta) -> float:
    spacing_ms = int(every.total_seconds() * 1000)
    if valkey.set(key, 1, nx=True, px=spacing_ms):
        return 0.0
    return _left(valkey, key)


def _count(valkey: Redis, key: str, per_minute: int) -> float:
    valkey.set(key, 0, nx=True, px=_MINUTE_MS)
    used = valkey.incr(key)
    if used <= per_minute:
        return 0.0
    return _left(valkey, key)


def _left(valkey: Redis, key: str) -> float:
    left = valkey.pttl(key)
    if left == -1:  # lost its expiry between two calls: never block on it for good
        valkey.pexpire(key, _MINUTE_MS)
    return max(left, 1) / 1000
