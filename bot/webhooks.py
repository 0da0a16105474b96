"""ESP webhooks: verified on raw bytes, answered 2xx only after the commit."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
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


async def sendgrid(request: http.Request, web: Web) -> http.Response:
    """Take one signed batch of events."""
    started = time.perf_counter()
    try:
        raw = await request.read()
        web.deps.esp.verify(request.headers, raw, now=web.now())
        events = web.deps.esp.normalise(_items(raw))
        await _store(web, events)
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
    return _answer(204)


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


def _items(raw: bytes) -> Sequence[object]:
    try:
        items = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused("The body is not JSON.") from error
    if not isinstance(items, list):
        raise Refused("The body is not a JSON list of events.")
    return items


def _answer(
    status: int, text: str | None = None, *, headers: dict[str, str] | None = None
) -> http.Response:
    return http.Response(status=status, text=text, headers=headers)
