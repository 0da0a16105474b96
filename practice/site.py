"""A site of the practice world: its visitors ask for a slot, and it reports of them.

Signs as docs/slots.md says, over real HTTP, and knows nothing of the desk but its
address and the slot's secret.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

_POST_EVERY_S: Final = 1.0
_EVENTS_MOST: Final = 500
_AT_ONCE: Final = 16
_CLICK_RATE: Final = 0.1
_LIKED: Final = 3
"""How many times as often a variant that is liked is clicked."""
_OK: Final = 200


def signed(
    secret: str, method: str, target: str, body: bytes = b"", *, at: float | None = None
) -> dict[str, str]:
    """The headers that prove a request to be of the slot's site.

    Args:
        target: Path and query exactly as they are sent.
        at: Seconds since 1970; now unless given.
    """
    stamp = int(time.time() if at is None else at)
    said = f"v1:{stamp}:{method} {target}\n".encode() + body
    mark = hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()
    return {"X-Copydesk-Timestamp": str(stamp), "X-Copydesk-Signature": f"v1={mark}"}


@dataclass(kw_only=True)
class Tally:
    """What came of the visits so far.

    Attributes:
        shown: Visits by what was shown: new, live, none, or failed.
        reported: Events by type.
        campaigns: Numbers of the campaigns whose new version was shown.
    """

    shown: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    campaigns: set[int] = field(default_factory=set)
    last_error: str = ""

    @property
    def visits(self) -> int:
        return sum(self.shown.values())


@dataclass(kw_only=True)
class PracticeSite:
    """Visitors who come at an even pace, some of whom complain.

    Attributes:
        bad_rate: Share of those who see the new version that complain of it, 0-1.
        liked: Label of the variant that is clicked three times as often; or none.
        per_second: How many visit in a second.
        run: Part of every visitor's key, so that another run has other visitors.
    """

    url: str
    slot: str
    secret: str
    bad_rate: float = 0.0
    liked: str = ""
    per_second: float = 100.0
    seed: int = 1
    run: str = "practice"
    tally: Tally = field(default_factory=Tally)
    _events: list[dict[str, Any]] = field(default_factory=list)

    async def play(
        self, visitors: int, tell: Callable[[Tally], None] = lambda _tally: None
    ) -> Tally:
        """Let that many visitors come, and post what there is to report each second.

        Args:
            tell: Called with the counts after every post.
        """
        done = asyncio.Event()
        async with ClientSession(timeout=ClientTimeout(total=10)) as session:
            posting = asyncio.create_task(self._post_until(done, session, tell))
            room = asyncio.Semaphore(_AT_ONCE)
            began = time.monotonic()
            async with asyncio.TaskGroup() as visits:
                for number in range(visitors):
                    early = number / self.per_second - (time.monotonic() - began)
                    if early > 0:
                        await asyncio.sleep(early)
                    await room.acquire()
                    visits.create_task(self._visit(number, session, room))
            done.set()
            await posting
        return self.tally

    async def _visit(
        self, number: int, session: ClientSession, room: asyncio.Semaphore
    ) -> None:
        try:
            target = f"/v1/content/{self.slot}?key={quote(f'{self.run}-{number}')}"
            status, answer = await self._ask(session, "GET", target)
            if status != _OK:
                self.tally.shown["failed"] += 1
                self.tally.last_error = str(answer.get("error", status))
                return
            self.tally.shown[answer["shown"]] += 1
            if "token" in answer:
                self.tally.campaigns.add(answer["campaign"])
                self._react(number, answer)
        finally:
            room.release()

    def _react(self, number: int, answer: dict[str, Any]) -> None:
        chance = random.Random(f"{self.seed}:{number}")
        times = _LIKED if answer["variant"] == self.liked else 1
        kinds = ["exposed"]
        if chance.random() < self.bad_rate:
            kinds.append("complained")
        if chance.random() < _CLICK_RATE * times:
            kinds.append("clicked")
        at = datetime.fromtimestamp(time.time(), UTC).isoformat()
        for kind in kinds:
            name = f"{self.run}-{number}-{kind}"
            event = {"id": name, "token": answer["token"], "type": kind, "at": at}
            self._events.append(event)

    async def _post_until(
        self,
        done: asyncio.Event,
        session: ClientSession,
        tell: Callable[[Tally], None],
    ) -> None:
        is_done = False
        while not is_done or self._events:
            is_done = done.is_set()
            # also when there is nothing to say: silence would stop a canary
            await self._post(session)
            tell(self.tally)
            if not is_done:
                await asyncio.sleep(_POST_EVERY_S)

    async def _post(self, session: ClientSession) -> None:
        some, self._events = self._events[:_EVENTS_MOST], self._events[_EVENTS_MOST:]
        target = f"/v1/events?slot={quote(self.slot)}"
        body = json.dumps({"events": some}).encode()
        status, answer = await self._ask(session, "POST", target, body)
        if status != _OK:
            # what was not taken is posted again: each counts once all the same
            self._events = some + self._events
            self.tally.last_error = str(answer.get("error", status))
            await asyncio.sleep(_POST_EVERY_S)
            return
        self.tally.reported.update(each["type"] for each in some)
        self.tally.reported["refused"] += answer["refused"]

    async def _ask(
        self, session: ClientSession, method: str, target: str, body: bytes = b""
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with session.request(
                method,
                # encoded already: what is signed is what is sent
                URL(self.url + target, encoded=True),
                data=body or None,
                headers=signed(self.secret, method, target, body),
            ) as answer:
                return answer.status, await answer.json()
        except (ClientError, TimeoutError, ValueError) as error:
            return 0, {"error": f"no answer ({type(error).__name__})"}
