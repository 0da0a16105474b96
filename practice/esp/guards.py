"""What a request passes before a handler sees it: host, key, rate, size."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from practice.esp.keys import CONFIG, failure, plain_error

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_WINDOW_S: Final = 60


@web.middleware
async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other sites' names and origins, so no web page can reach in."""
    host = urlsplit(f"//{request.host}").hostname
    origin = request.headers.get("Origin")
    if host not in _LOOPBACK or (origin and urlsplit(origin).hostname not in _LOOPBACK):
        raise web.HTTPForbidden(text="This practice ESP answers this machine only.")
    return await handler(request)


@web.middleware
async def unless_away(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Hang up on every vendor's API while it is switched away; people's pages stay."""
    is_api = not request.path.startswith("/practice/")
    if is_api and request.app[CONFIG].switches.is_away:
        return hang_up(request)
    return await handler(request)


def hang_up(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


@web.middleware
async def with_key(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The vendor's 401 for calls to its API without the right key."""
    if request.path.startswith(SPARKPOST):
        shown = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(shown, request.app[CONFIG].api_key.encode()):
            return sparkpost_error(401, "Unauthorized.")
        return await handler(request)
    if not request.path.startswith("/v3/"):
        return await handler(request)
    given = request.headers.get("Authorization", "")
    if not given:
        return failure(401, plain_error("authorization required"))
    if not hmac.compare_digest(
        given.encode(), f"Bearer {request.app[CONFIG].api_key}".encode()
    ):
        message = "The provided authorization grant is invalid, expired, or revoked"
        return failure(401, plain_error(message))
    return await handler(request)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """SendGrid's error form for what the web framework refuses by itself."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return failure(413, plain_error("Payload too large"))
    except web.HTTPNotFound:
        return failure(404, plain_error("Not Found"))
    except web.HTTPMethodNotAllowed:
        return failure(405, plain_error("method not allowed"))


SPARKPOST: Final = "/api/v1/"


def sparkpost_error(
    status: int, message: str, *, code: str = "", description: str = ""
) -> web.Response:
    """An answer in SparkPost's error form."""
    said = {"message": message, "code": code, "description": description}
    kept = {name: words for name, words in said.items() if words}
    return web.json_response({"errors": [kept]}, status=status)


def rate_limited() -> Middleware:
    """A middleware that counts /v3 calls per path and minute, as SendGrid reports."""
    used: dict[tuple[str, int], int] = defaultdict(int)

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v3/"):
            return await handler(request)
        config = request.app[CONFIG]
        minute = int(config.clock()) // _WINDOW_S
        for old in [key for key in used if key[1] < minute]:
            del used[old]
        used[request.path, minute] += 1
        left = config.rate_limit - used[request.path, minute]
        if left < 0:
            answer: web.StreamResponse = failure(429, plain_error("too many requests"))
        else:
            answer = await handler(request)
        if not answer.prepared:
            reset = (minute + 1) * _WINDOW_S
            answer.headers["X-RateLimit-Limit"] = str(config.rate_limit)
            answer.headers.setdefault("X-RateLimit-Remaining", str(max(0, left)))
            answer.headers.setdefault("X-RateLimit-Reset", str(reset))
        return answer

    return limit
