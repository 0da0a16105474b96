"""Rows about the whole desk, started by `copydesk up` in a fresh folder."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from benchmarks import desk
from benchmarks.campaigns import (
    COPY_EDITOR,
    MARKETER,
    ON_CALL,
    add_audience,
    on_its_way,
)
from benchmarks.numbers import median, percentile
from benchmarks.result import CannotMeasure, Result
from benchmarks.signing import from_slack, press
from domain.campaign import CampaignId
from pipeline import wiring
from pipeline.settings import Settings
from storage.engine import WEB_LOCK_TIMEOUT

_STARTS: Final = 3
_CLICKS: Final = 100
# resuming what is held takes a second person
_TURNS: Final = (("hold", COPY_EDITOR), ("extend", COPY_EDITOR), ("extend", ON_CALL))
_BEAT_S: Final = 1.3
"""Between clicks: Slack allows 50 `chat.update` a minute, and that is 1.2 s."""

_UP_WITHIN_S: Final = 90.0
_SEEN_WITHIN_S: Final = 30.0
_STREAM: Final = ClientTimeout(total=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A desk that is up.

    Attributes:
        seconds: From the command to a page that answers with a desk behind it.
    """

    folder: Path
    page: str
    env: dict[str, str]
    seconds: float

    @property
    def events(self) -> str:
        return f"http://127.0.0.1:{self.env['COPYDESK_PORT']}/slack/events"


async def start_up() -> list[Result]:
    """From the command to a page a person can use, in a fresh folder each time."""
    seconds = []
    for _ in range(_STARTS):
        async with _up() as up:
            seconds.append(up.seconds)
    value = median(seconds)
    return [
        Result(
            name=f"copydesk up -> usable page, median of {_STARTS}",
            value=round(value, 1),
            unit="s",
            reference=f"slowest {max(seconds):.1f} s",
            ratio=None,
            target="under 10 s",
            holds=value < 10,
        )
    ]


@asynccontextmanager
async def _up() -> AsyncIterator[Up]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {
            "COPYDESK_DATA_DIR": name,
            "COPYDESK_PORT": "0",
            # real time: a canary is not judged while it is being clicked
            "COPYDESK_TIME_SCALE": "1",
        }
        began = time.perf_counter()
        log = folder / "up.log"
        async with desk.process("up", "-m", "cli.main", "up", env=env, log=log):
            given = await _until_run_file(folder)
            await desk.until_up(
                f"http://127.0.0.1:{given['env']['COPYDESK_PORT']}/readyz"
            )
            await desk.until_up(given["page"])
            yield Up(
                folder=folder,
                page=given["page"].rstrip("/"),
                env=given["env"],
                seconds=time.perf_counter() - began,
            )


async def _until_run_file(folder: Path) -> dict[str, Any]:
    path, end = folder / "run.json", time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < end:
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
        await asyncio.sleep(0.02)
    raise CannotMeasure("`copydesk up` did not come up.")


async def click_to_card() -> list[Result]:
    """Hold and Extend in turn, by two people; each changes the campaign card."""
    async with _up() as up, ClientSession(timeout=_STREAM) as session:
        campaign_id = _live_campaign(up)
        changes: asyncio.Queue[tuple[float, dict[str, Any]]] = asyncio.Queue()
        listening = asyncio.create_task(_listen(session, up, changes))
        try:
            card = await _card(changes, campaign_id)
            acked, shown = await _clicks(session, up, changes, campaign_id, card)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    p50, p95 = percentile(shown, 0.5), percentile(shown, 0.95)
    return [
        Result(
            name=f"click -> new card visible, p95 of {len(shown)}",
            value=round(1000 * p95),
            unit="ms",
            reference=f"ack of the same clicks: p50 {1000 * percentile(acked, 0.5):.0f}"
            f" ms (card: p50 {1000 * p50:.0f} ms)",
            ratio=round(p50 / percentile(acked, 0.5), 1),
            target="under 1,500 ms",
            holds=p95 < 1.5,
        )
    ]


def _live_campaign(up: Up) -> CampaignId:
    """A canary that never sends: no chunk is planned, so only clicks change it."""
    settings: Any = up.env
    deps = wiring.build(Settings(**settings), lock_timeout=WEB_LOCK_TIMEOUT)
    try:
        with deps.database.begin() as store:
            add_audience(store, 10)
            return on_its_way(store, deps.playbook, 0).campaign_id
    finally:
        deps.close()


async def _listen(
    session: ClientSession,
    up: Up,
    changes: asyncio.Queue[tuple[float, dict[str, Any]]],
) -> None:
    """Take down when each change reached an open page."""
    address = f"{up.page}/practice/stream"
    params = {"as": MARKETER, "since": "0"}
    async with session.get(address, params=params) as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                changes.put_nowait((time.perf_counter(), json.loads(line[6:])))


async def _card(
    changes: asyncio.Queue[tuple[float, dict[str, Any]]], campaign_id: CampaignId
) -> str:
    """The campaign card's ts, once the thread below it has gone quiet."""
    card = ""
    try:
        while True:
            async with asyncio.timeout(_SEEN_WITHIN_S if not card else 6):
                _at, change = await changes.get()
            message = change.get("message", {})
            is_root = message.get("thread_ts") in (None, message.get("ts"))
            if message.get("bot") and is_root and not card:
                card = str(message["ts"])
    except TimeoutError:
        if card:
            return card
        raise CannotMeasure(f"The card of #{campaign_id} never appeared.") from None


async def _clicks(
    session: ClientSession,
    up: Up,
    changes: asyncio.Queue[tuple[float, dict[str, Any]]],
    campaign_id: CampaignId,
    card: str,
) -> tuple[list[float], list[float]]:
    acked, shown = [], []
    loop = asyncio.get_running_loop()
    for number in range(_CLICKS):
        next_at = loop.time() + _BEAT_S
        action, person = _TURNS[number % len(_TURNS)]
        signed = from_slack(
            press(action, campaign_id, by=person), up.env["SLACK_SIGNING_SECRET"]
        )
        began = time.perf_counter()
        async with session.post(
            up.events, data=signed.body, headers=signed.headers
        ) as answer:
            await answer.read()
        acked.append(time.perf_counter() - began)
        shown.append(await _seen(changes, card) - began)
        await asyncio.sleep(max(0.0, next_at - loop.time()))
    return acked, shown


async def _seen(
    changes: asyncio.Queue[tuple[float, dict[str, Any]]], card: str
) -> float:
    """When the card next changed."""
    try:
        async with asyncio.timeout(_SEEN_WITHIN_S):
            while True:
                at, change = await changes.get()
                if change.get("message", {}).get("ts") == card:
                    return at
    except (TimeoutError, ClientError) as error:
        raise CannotMeasure("A click changed no card.") from error
