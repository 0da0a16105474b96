"""Clients: a closed loop that never rests, and an open one with a fixed beat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import ClientSession, TCPConnector

from benchmarks.numbers import percentile
from benchmarks.result import CannotMeasure
from benchmarks.signing import Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a client saw: a latency per request, and how long all took."""

    seconds: tuple[float, ...]
    elapsed_s: float

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.elapsed_s

    def ms(self, share: float) -> float:
        return 1000 * percentile(self.seconds, share)


async def closed_loop(url: str, requests: Sequence[Signed], *, at_once: int) -> Load:
    """Post everything, `at_once` at a time, the next as soon as one is answered."""
    waiting = iter(requests)
    seconds: list[float] = []
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        # the connections are there before the clock starts, as Slack's are
        await asyncio.gather(*(_touch(session, url) for _ in range(at_once)))

        async def one() -> None:
            seconds.extend([await _post(session, url, each) for each in waiting])

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(at_once)))
        return Load(seconds=tuple(seconds), elapsed_s=time.perf_counter() - began)


async def open_loop(url: str, requests: Sequence[Signed], *, per_second: float) -> Load:
    """Post on a beat, whether or not the one before was answered."""
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        await asyncio.gather(*(_touch(session, url) for _ in range(8)))
        loop = asyncio.get_running_loop()
        start = loop.time()

        async def one(at: int, request: Signed) -> float:
            await asyncio.sleep(max(0.0, start + at / per_second - loop.time()))
            return await _post(session, url, request)

        began = time.perf_counter()
        seconds = await asyncio.gather(*(one(*each) for each in enumerate(requests)))
        return Load(seconds=tuple(seconds), elapsed_s=time.perf_counter() - began)


async def _touch(session: ClientSession, url: str) -> None:
    async with session.get(
        url.split("/", 3)[0] + "//" + url.split("/", 3)[2]
    ) as answer:
        await answer.read()


async def _post(session: ClientSession, url: str, request: Signed) -> float:
    began = time.perf_counter()
    async with session.post(url, data=request.body, headers=request.headers) as answer:
        text = await answer.text()
        if answer.status not in (200, 204):
            raise CannotMeasure(f"{url} answered {answer.status}: {text[:120]}")
    return time.perf_counter() - began
