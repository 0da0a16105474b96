"""`POST /v1/conversions`: verified on raw bytes, answered only after the commit."""

from __future__ import annotations

import structlog
from aiohttp import web as http

from bot.context import Web
from domain.errors import Refused, TryLater
from pipeline import record
from pipeline.conversions import read_post
from pipeline.webhook import BadSignature, verify

log = structlog.get_logger()


async def take(request: http.Request, web: Web) -> http.Response:
    """Take one signed list of conversions, all of it or nothing."""
    settings = web.deps.settings
    try:
        raw = await request.read()
        now = web.now()
        shared = settings.conversions_secret.get_secret_value()
        verify(shared, request.headers, raw, now=now)
        done = await web.write(
            record.conversions,
            web.playbook,
            read_post(raw, now=now),
            secret=settings.secret_key.get_secret_value(),
            source="webhook",
        )
    except http.HTTPRequestEntityTooLarge:
        return http.json_response({"error": "The body is too large."}, status=413)
    except BadSignature as refused:
        log.warning("conversions.signature_refused")
        return http.json_response({"error": str(refused)}, status=403)
    except Refused as refused:
        return http.json_response({"error": str(refused)}, status=400)
    except TryLater as later:
        wait = max(1, round(later.retry_after.total_seconds()))
        return http.json_response(
            {"error": "Busy; send it again."},
            status=503,
            headers={"Retry-After": str(wait)},
        )
    log.info("conversions.recorded", new=done.new, unknown=done.unknown)
    return http.json_response(
        {"new": done.new, "known": done.known, "unknown": done.unknown}
    )
