"""Keep other sites in the same browser away from the page's buttons."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from practice.slack.tickets import SlackError
from practice.slack.workspace import Workspace

WORKSPACE: Final = web.AppKey("workspace", Workspace)
NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
STATUS: Final = {"user_not_found": 404, "channel_not_found": 404}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def port_of(request: web.Request) -> int:
    """Return the port this request came in by."""
    address: Any = request.get_extra_info("sockname")
    return int(address[1])


def refuse_strangers(request: web.Request) -> None:
    """Refuse a foreign Host, and a POST that did not come from the page itself.

    Raises:
        web.HTTPForbidden: With the reason.
    """
    port = port_of(request)
    hosts = {f"{name}:{port}" for name in NAMES}
    if request.host not in hosts:
        raise web.HTTPForbidden(text="This address only answers on this machine.")
    if request.method != "POST":
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin not in {f"http://{host}" for host in hosts}:
        raise web.HTTPForbidden(text="Only the practice page itself may do this.")
    if request.headers.get("X-Practice") != "1":
        raise web.HTTPForbidden(text="The header X-Practice: 1 is missing.")


def guarded(handler: Handler) -> Handler:
    """Check where a request came from, and answer refusals as JSON."""

    @functools.wraps(handler)
    async def inner(request: web.Request) -> web.StreamResponse:
        refuse_strangers(request)
        try:
            return await handler(request)
        except SlackError as error:
            body = {"ok": False, "error": error.code, **error.extra}
            return web.json_response(body, status=STATUS.get(error.code, 400))

    return inner
