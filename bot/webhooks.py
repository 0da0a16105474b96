"""ESP webhooks: verified on raw bytes, answered 2xx only after the commit."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from aiohttp import web as http
from prometheus_client import Counter, Histogram

from bot.context import Web
from domain.errors import Refused, TryLater
from domain.send import DeliveryEvent
from pipeline import record
from pipeline.esp.port import BadSignature

log = structlog.get_logger()

# SendGrid posts when a batch reaches 768 KB; a retry may carry a little more.
SIZE_MOST: Final = 2 * 1024 * 1024

EVENTS = Counter(
    "copydesk_esp_events_total", "ESP events by what became of them", ["outcome"]
)
SECONDS = Histogram("copydesk_esp_ingest_seconds", "From webhook received to committed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How an ESP posts its events.

    Attributes:
        items: Reads the verified body; one object may be one item.
        done: The status it takes for a yes.
        fetches: Whether verifying or confirming may call the ESP: never in the loop.
    """

    items: Callable[[bytes], Sequence[object]]
    done: int = 204
    fetches: bool = False


async def events(request: http.Request, web: Web) -> http.Response:
    """Take one verified batch of events, in the way of the ESP that is configured."""
    started = time.perf_counter()
    dialect = DIALECTS[web.deps.esp.name]
    try:
        raw = await request.read()
        found = await _events(web, dialect, request.headers, raw)
        await _store(web, found)
    except http.HTTPRequestEntityTooLarge:
        return _answer(413, "The batch is larger than 2 MB.")
    except BadSignature as refused:
        log.warning("webhook.signature_refused")
        return _answer(403, str(refused))
    except Refused as refused:
        log.warning("webhook.batch_refused", why=str(refused))
        return _answer(400, str(refused))
    except TryLater as later:
        wait = max(1, round(later.retry_after.total_seconds()))
        return _answer(503, "Busy; send it again.", headers={"Retry-After": str(wait)})
    SECONDS.observe(time.perf_counter() - started)
    return _answer(dialect.done)


async def _events(
    web: Web, dialect: Dialect, headers: Mapping[str, str], raw: bytes
) -> Sequence[DeliveryEvent]:
    """Verify the raw bytes, then read them."""
    esp, now = web.deps.esp, web.now()
    if not dialect.fetches:
        esp.verify(headers, raw, now=now)
        return esp.normalise(dialect.items(raw))
    given = dict(headers)
    await asyncio.to_thread(partial(esp.verify, given, raw, now=now))
    items = dialect.items(raw)
    await asyncio.to_thread(esp.confirm, items)
    return esp.normalise(items)


async def _store(web: Web, events: Sequence[DeliveryEvent]) -> None:
    if not events:
        return
    taken = await web.write(record.esp_events, web.playbook, events)
    EVENTS.labels("new").inc(taken.new)
    EVENTS.labels("ignored").inc(taken.ignored)
    log.info(
        "webhook.events_recorded",
        new=taken.new,
        ignored=taken.ignored,
        halted=list(taken.halted),
    )


def _list(raw: bytes) -> Sequence[object]:
    items = _json(raw)
    if not isinstance(items, list):
        raise Refused("The body is not a JSON list of events.")
    return items


def _one(raw: bytes) -> Sequence[object]:
    return [_json(raw)]


def _json(raw: bytes) -> object:
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused("The body is not JSON.") from error
    return found


def _answer(
    status: int, text: str | None = None, *, headers: dict[str, str] | None = None
) -> http.Response:
    return http.Response(status=status, text=text, headers=headers)


DIALECTS: Final[Mapping[str, Dialect]] = {
    "sendgrid": Dialect(items=_list),
    # SparkPost sends again what was not answered by 200
    "sparkpost": Dialect(items=_list, done=200),
    "ses": Dialect(items=_one, fetches=True),
}
"""By the ESP's name, which is the end of its address too; who is not here posts none."""
