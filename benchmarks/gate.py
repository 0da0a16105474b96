"""The row about stopping: a complaint arrives, and the gate is shut."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiohttp import ClientSession

from benchmarks import desk
from benchmarks.campaigns import OnItsWay, add_audience, on_its_way
from benchmarks.events import item, traffic
from benchmarks.numbers import percentile
from benchmarks.result import CannotMeasure, Result
from benchmarks.signing import Signed, from_sendgrid
from domain.campaign import State

_REPEATS: Final = 100
_MAILS: Final = 200
_COMPLAINTS: Final = 20
"""Of 200 mails: 10 %, far over any limit."""

_OTHER_MAILS: Final = 5000


async def breach_to_gate() -> list[Result]:
    """Fresh campaigns, one after another, while another one's events stream in."""
    with tempfile.TemporaryDirectory() as name:
        folder = desk.make_folder(Path(name))
        with folder.deps() as deps, deps.database.begin() as store:
            add_audience(store, _OTHER_MAILS)
            other = traffic(on_its_way(store, deps.playbook, _OTHER_MAILS)).posts
            targets = [
                on_its_way(store, deps.playbook, _MAILS) for _ in range(_REPEATS)
            ]
        noise = [from_sendgrid(post, folder.key) for post in other]
        async with desk.web(folder) as url, ClientSession() as session:
            hook = f"{url}/webhooks/esp/sendgrid"
            streaming = asyncio.create_task(_stream(session, hook, noise))
            shut, quiet = await _repeats(session, hook, folder, targets)
            streaming.cancel()
            await asyncio.gather(streaming, return_exceptions=True)
        _check(folder, targets)
    p50, p99 = percentile(shut, 0.5), percentile(shut, 0.99)
    still = percentile(quiet, 0.5)
    return [
        Result(
            name=f"breach posted -> gate shut, p99 of {_REPEATS}",
            value=round(1000 * p99, 1),
            unit="ms",
            reference=f"same post without a breach: p50 {1000 * still:.1f} ms"
            f" (breach: p50 {1000 * p50:.1f} ms)",
            ratio=round(p50 / still, 2),
            target="under 1,000 ms",
            holds=p99 < 1,
        )
    ]


async def _stream(session: ClientSession, hook: str, posts: Sequence[Signed]) -> None:
    for post in itertools.cycle(posts):
        async with session.post(hook, data=post.body, headers=post.headers) as answer:
            await answer.read()
        await asyncio.sleep(0.02)


async def _repeats(
    session: ClientSession,
    hook: str,
    folder: desk.Folder,
    targets: Sequence[OnItsWay],
) -> tuple[list[float], list[float]]:
    """Seconds until 2xx, which comes after the commit: a breach, and a quiet post."""
    shut: list[float] = []
    quiet: list[float] = []
    for target in targets:
        mails = target.sends[:_COMPLAINTS]
        for event, found in (("processed", quiet), ("spamreport", shut)):
            now = int(time.time())
            items = [item(target.campaign_id, mail, event, now) for mail in mails]
            signed = from_sendgrid(items, folder.key)
            began = time.perf_counter()
            async with session.post(
                hook, data=signed.body, headers=signed.headers
            ) as answer:
                await answer.read()
            found.append(time.perf_counter() - began)
    return shut, quiet


def _check(folder: desk.Folder, targets: Sequence[OnItsWay]) -> None:
    with folder.deps() as deps, deps.database.begin() as store:
        states = {store.campaigns.get(each.campaign_id).state for each in targets}
    if states != {State.ROLLED_BACK}:
        raise CannotMeasure(f"Not every campaign was rolled back: {sorted(states)}.")
