"""Rows about slots: visitors answered, and their events counted and judged."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aiohttp import ClientSession, TCPConnector
from yarl import URL

from benchmarks import desk
from benchmarks.campaigns import add_audience, in_review
from benchmarks.load import Load
from benchmarks.numbers import median
from benchmarks.result import CannotMeasure, Result
from domain.campaign import Actor, CampaignId, Event
from domain.exposure import Token
from pipeline.advance import advance
from pipeline.playbook import Playbook
from pipeline.slot_keys import (
    make_token,
    signed_bytes,
    slot_secret,
    visitor_hash,
)
from pipeline.webhook import SIGNATURE, TIMESTAMP, sign
from storage.sends import Cohort
from storage.store import Store

SLOT: Final = "home-hero"
ROUNDS: Final = 3
AT_ONCE: Final = 32
_VISITS: Final = 3_000
_PER_POST: Final = 500
_POSTS: Final = 20
_POSTS_AT_ONCE: Final = 4
_VISITORS: Final = 10_000_000
"""Planned for the first step: no round fills it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request of the slot's site; signed when it is sent on its way."""

    method: str
    target: str
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The desk and the bare handler, each in a process of its own."""

    folder: desk.Folder
    ours: str
    bare: str
    secret: str
    slot_secret: str
    campaign_id: CampaignId
    variant_id: int


async def content() -> list[Result]:
    """Half of the visitors see the new version; ours and bare in turn."""
    gets: dict[str, list[Load]] = {"ours": [], "bare": []}
    posts: dict[str, list[Load]] = {"ours": [], "bare": []}
    with tempfile.TemporaryDirectory() as folder:
        async with _pair(Path(folder)) as both:
            for turn in range(ROUNDS + 1):
                visits = [_visit(turn, number) for number in range(_VISITS)]
                events = [_post(both, turn, number) for number in range(_POSTS)]
                for way, url in (("bare", both.bare), ("ours", both.ours)):
                    got = await _all(both, url, visits, at_once=AT_ONCE)
                    took = await _all(both, url, events, at_once=_POSTS_AT_ONCE)
                    # the first turn fills imports and caches
                    gets[way] += [got] * (turn > 0)
                    posts[way] += [took] * (turn > 0)
            _check(both, (ROUNDS + 1) * _POSTS * _PER_POST)
    return [*_get_rows(gets), _post_row(posts)]


def _get_rows(found: dict[str, list[Load]]) -> list[Result]:
    ours, bare = found["ours"], found["bare"]
    ratio = _ratio(ours, bare)
    p99, bare_p99 = _middle(ours, _p99), _middle(bare, _p99)
    return [
        Result(
            name="content of a slot, 32 at once, rate",
            value=round(_middle(ours, _rate)),
            unit="visitors/s",
            reference=f"bare HMAC handler: {_middle(bare, _rate):,.0f} requests/s",
            ratio=round(ratio, 3),
            target="ratio at least 0.2, over 300 visitors/s",
            holds=ratio >= 0.2 and _middle(ours, _rate) > 300,
        ),
        Result(
            name="content of a slot, 32 at once, p99",
            value=round(p99, 1),
            unit="ms",
            reference=f"bare HMAC handler: {bare_p99:.1f} ms",
            ratio=round(p99 / bare_p99, 2),
            target="under 200 ms",
            holds=p99 < 200,
        ),
    ]


def _post_row(found: dict[str, list[Load]]) -> Result:
    ours, bare = found["ours"], found["bare"]
    rate = _PER_POST * _middle(ours, _rate)
    return Result(
        name=f"site's events, {_PER_POST} per post, all new",
        value=round(rate),
        unit="events/s",
        reference="bare HMAC handler:"
        f" {_PER_POST * _middle(bare, _rate):,.0f} events/s",
        ratio=round(_ratio(ours, bare), 3),
        target="over 3,000 events/s",
        holds=rate > 3_000,
    )


def _rate(load: Load) -> float:
    return load.rate


def _p99(load: Load) -> float:
    return load.ms(0.99)


def _middle(loads: Sequence[Load], of: Callable[[Load], float]) -> float:
    return median([of(load) for load in loads])


def _ratio(ours: Sequence[Load], bare: Sequence[Load]) -> float:
    return median([a.rate / b.rate for a, b in zip(ours, bare, strict=True)])


def _visit(turn: int, number: int) -> Ask:
    return Ask(method="GET", target=f"/v1/content/{SLOT}?key=r{turn}-{number}")


def _post(both: Pair, turn: int, number: int) -> Ask:
    """Events of 500 visitors that nobody has reported of."""
    now = datetime.fromtimestamp(time.time(), UTC)
    events = []
    for each in range(_PER_POST):
        token = Token(
            campaign_id=both.campaign_id,
            variant_id=both.variant_id,
            visitor=visitor_hash(both.secret, SLOT, f"p{turn}-{number}-{each}"),
            issued_at=now,
        )
        events.append(
            {
                "id": f"e{turn}-{number}-{each}",
                "token": make_token(both.secret, token),
                "type": "exposed",
                "at": now.isoformat(),
            }
        )
    body = json.dumps({"events": events}).encode()
    return Ask(method="POST", target=f"/v1/events?slot={SLOT}", body=body)


async def _all(both: Pair, url: str, asks: Sequence[Ask], *, at_once: int) -> Load:
    """Send everything, `at_once` at a time, signed before the clock starts."""
    stamp = int(time.time())
    waiting = iter([(each, _headers(both, each, stamp)) for each in asks])
    seconds: list[float] = []
    async with ClientSession(connector=TCPConnector(limit=0)) as session:

        async def one() -> None:
            for ask, headers in waiting:
                began = time.perf_counter()
                async with session.request(
                    ask.method,
                    URL(url + ask.target, encoded=True),
                    data=ask.body or None,
                    headers=headers,
                ) as answer:
                    text = await answer.text()
                seconds.append(time.perf_counter() - began)
                if answer.status != 200:
                    raise CannotMeasure(f"{url} answered {answer.status}: {text[:80]}")

        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(at_once)))
        return Load(seconds=tuple(seconds), elapsed_s=time.perf_counter() - began)


def _headers(both: Pair, ask: Ask, stamp: int) -> dict[str, str]:
    signed = signed_bytes(ask.method, ask.target, ask.body)
    return {
        TIMESTAMP: str(stamp),
        SIGNATURE: sign(both.slot_secret, stamp, signed),
        "Content-Type": "application/json",
    }


@asynccontextmanager
async def _pair(path: Path) -> AsyncIterator[Pair]:
    folder = desk.make_folder(path)
    with folder.deps() as deps, deps.database.begin() as store:
        add_audience(store, 10)
        campaign_id = _in_canary(store, deps.playbook)
        (variant,) = store.variants.of(campaign_id)
        secret = deps.settings.secret_key.get_secret_value()
        shared = slot_secret(secret, deps.playbook.slots[SLOT])
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(desk.web(folder))
        port = str(desk.free_port())
        bare = f"http://127.0.0.1:{port}"
        await stack.enter_async_context(
            desk.process(
                "bare content",
                *("-m", "benchmarks.bare_content", port, shared),
                env=folder.env,
                log=path / "bare.log",
            )
        )
        await desk.until_up(f"{bare}/healthz")
        yield Pair(
            folder=folder,
            ours=ours,
            bare=bare,
            secret=secret,
            slot_secret=shared,
            campaign_id=campaign_id,
            variant_id=variant.id,
        )


def _in_canary(store: Store, playbook: Playbook) -> CampaignId:
    request, *_ = in_review(store, playbook, channel="landing_page", slot=SLOT)
    campaign_id = store.reviews.get(request).campaign_id
    store.variants.set_arms([each.id for each in store.variants.of(campaign_id)])
    actor = Actor.machine("bench")
    for event in (Event.APPROVED, Event.SCHEDULED):
        advance(store, campaign_id, event, actor=actor)
    ladder = [
        Cohort(
            step=step,
            percent=percent,
            planned=_VISITORS,
            reporting=_VISITORS,
            expands_itself=True,
        )
        for step, percent in enumerate((50.0, 100.0))
    ]
    store.exposures.plan(campaign_id, ladder)
    advance(store, campaign_id, Event.CANARY_STARTED, actor=actor, step=0)
    return campaign_id


def _check(both: Pair, reported: int) -> None:
    """Every event has to be counted, or the speed means nothing."""
    with both.folder.deps() as deps, deps.database.begin() as store:
        seen, _left = store.exposures.totals(both.campaign_id)
    if seen != reported:
        raise CannotMeasure(f"{reported:,} were reported, {seen:,} were counted.")
