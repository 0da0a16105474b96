"""Changes pushed to open pages, numbered, each only to those who may see it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
KEPT_MOST: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change; `people` of `None` means everyone."""

    seq: int
    body: Json
    people: frozenset[str] | None

    def is_for(self, person: str) -> bool:
        return self.people is None or person in self.people


class Bus:
    """Number each change and hand it to every subscriber that may see it."""

    def __init__(self) -> None:
        self.seq = 0
        self._kept: deque[Change] = deque(maxlen=KEPT_MOST)
        self._open: dict[asyncio.Queue[Change], str] = {}

    def publish(
        self, kind: str, *, people: Collection[str] | None = None, **fields: Any
    ) -> None:
        """Send one change to the people named, or to everyone."""
        self.seq += 1
        change = Change(
            seq=self.seq,
            body={"seq": self.seq, "type": kind, **fields},
            people=None if people is None else frozenset(people),
        )
        self._kept.append(change)
        for queue, person in self._open.items():
            if change.is_for(person):
                queue.put_nowait(change)

    def subscribe(self, person: str, since: int) -> asyncio.Queue[Change]:
        """Open a queue that begins with what was missed after `since`.

        When that is more than was kept, it begins with one `reset`.
        """
        queue: asyncio.Queue[Change] = asyncio.Queue()
        oldest = self._kept[0].seq if self._kept else self.seq + 1
        if since > self.seq or since + 1 < oldest:
            body = {"seq": self.seq, "type": "reset"}
            queue.put_nowait(Change(seq=self.seq, body=body, people=None))
        else:
            for change in self._kept:
                if change.seq > since and change.is_for(person):
                    queue.put_nowait(change)
        self._open[queue] = person
        return queue

    def unsubscribe(self, queue: asyncio.Queue[Change]) -> None:
        """Close a queue."""
        self._open.pop(queue, None)
