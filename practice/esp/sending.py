"""POST /v3/mail/send, and the faults asked for, which every send may meet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from practice.esp import batches
from practice.esp.faults import Fault
from practice.esp.guards import hang_up
from practice.esp.keys import CONFIG, DB, FAULTS, failure, plain_error
from practice.esp.outgoing import accept
from practice.esp.validate import check_mail

SLOW_S: Final = 2.0


Take = Callable[[web.Request, bytes], web.Response]


async def mail_send(request: web.Request) -> web.StreamResponse:
    """202 with an empty body and `X-Message-Id`, or every error at once."""
    return await with_faults(request, _take, _FAILURES)


async def with_faults(
    request: web.Request,
    take: Take,
    failures: Mapping[Fault, Callable[[web.Request], web.Response]],
) -> web.StreamResponse:
    """Take a send, unless a fault is in force.

    Args:
        take: Reads the body and answers it.
        failures: How this vendor says it when it takes nothing.
    """
    faults = request.app[FAULTS]
    fault = faults.take()
    if fault in failures:
        return failures[fault](request)
    if fault is Fault.REFUSE:
        return hang_up(request)
    if fault is Fault.TIMEOUT_BEFORE:
        await faults.stall()
        return hang_up(request)
    if fault is Fault.SLOW:
        await faults.stall(SLOW_S)
    answer = take(request, await request.read())
    if fault is Fault.TIMEOUT_AFTER_ACCEPT:
        await faults.stall()
        return hang_up(request)
    return answer


def _take(request: web.Request, raw: bytes) -> web.Response:
    config, db = request.app[CONFIG], request.app[DB]
    try:
        body: Any = json.loads(raw)
    except ValueError:
        return failure(400, plain_error("Bad Request"))
    errors = check_mail(body, config.clock(), lambda name: batches.exists(db, name))
    if errors:
        return failure(400, *errors)
    if ((body.get("mail_settings") or {}).get("sandbox_mode") or {}).get("enable"):
        return web.Response(status=200)
    message_id = accept(db, config, body)
    return web.Response(status=202, headers={"X-Message-Id": message_id})


def _too_many(request: web.Request) -> web.Response:
    """A limit that lifts within two seconds, so that a fault costs no minute."""
    answer = failure(429, plain_error("too many requests"))
    answer.headers["X-RateLimit-Remaining"] = "0"
    answer.headers["X-RateLimit-Reset"] = str(int(request.app[CONFIG].clock()) + 2)
    return answer


def _used_up(_request: web.Request) -> web.Response:
    return failure(401, plain_error("Maximum credits exceeded"))


def _broken(_request: web.Request) -> web.Response:
    return failure(500, plain_error("Internal Server Error"))


_FAILURES: Final = {
    Fault.TOO_MANY: _too_many,
    Fault.BROKEN: _broken,
    Fault.QUOTA: _used_up,
}
