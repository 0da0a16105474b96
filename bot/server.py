"""The web process: Slack, ESP webhooks, slots, unsubscribe, health and metrics."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import aiohttp
import structlog
from aiohttp import web as http
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot import conversions, members, unsubscribe, webhooks
from bot.app import Desk, Socket, build_desk
from bot.content import Content
from bot.context import Reads, Web, writer_threads
from domain.errors import TryLater
from pipeline.wiring import Deps
from storage import queries

log = structlog.get_logger()

WEB: Final = http.AppKey("web", Web)
DESK: Final = http.AppKey("desk", Desk)
SOCKET: Final = http.AppKey("socket", Socket)
FOLLOWING: Final = http.AppKey("following", asyncio.Task[None])

_SLACK_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)

Handler = Callable[[http.Request], Awaitable[http.Response]]


def build(deps: Deps, reader: Reads) -> http.Application:
    """Make the application; it connects to nothing before it starts.

    Args:
        deps: Made with a lock timeout well under Slack's 3 s; the caller closes it.
        reader: `storage.reader.Reader` on the same database; closed with the app.
    """
    web = Web(
        deps=deps,
        reader=reader,
        writers=writer_threads(deps.settings.database_address),
    )
    desk = build_desk(web, deps.settings)
    app = http.Application(client_max_size=webhooks.SIZE_MOST)
    app[WEB], app[DESK] = web, desk
    secret = deps.settings.slack_signing_secret.get_secret_value()
    if secret:
        app.router.add_post("/slack/events", slack_events(desk.app, secret))
    if deps.esp.name in webhooks.DIALECTS:
        # only the configured one's: whoever else posts finds nothing
        address = f"/webhooks/esp/{deps.esp.name}"
        app.router.add_post(address, _with(webhooks.events, web))
    if deps.settings.conversions_secret.get_secret_value():
        app.router.add_post("/v1/conversions", _with(conversions.take, web))
    content = Content(web)
    app.router.add_get("/v1/content/{slot}", content.show)
    app.router.add_post("/v1/events", content.take)
    app.router.add_get("/u/{token}", _with(unsubscribe.ask, web))
    app.router.add_post("/u/{token}", _with(unsubscribe.stop, web))
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    app.cleanup_ctx.append(_lifetime)
    app.cleanup_ctx.append(_following)
    return app


def _with(
    handler: Callable[[http.Request, Web], Awaitable[http.Response]], web: Web
) -> Handler:
    async def handle(request: http.Request) -> http.Response:
        return await handler(request, web)

    return handle


async def _lifetime(app: http.Application) -> AsyncIterator[None]:
    """Hold one connection pool to Slack; at the end let work in flight finish."""
    web, desk = app[WEB], app[DESK]
    async with aiohttp.ClientSession(timeout=_SLACK_TIMEOUT) as session:
        desk.app.client.session = session
        # else the first click pays for it out of its 3 s
        await desk.identity.ask()
        yield
        await web.close()


async def _following(app: http.Application) -> AsyncIterator[None]:
    """Keep up with who may decide, from before the first click on."""
    await members.look_first(app[WEB])
    task = asyncio.create_task(members.follow(app[WEB]))
    task.add_done_callback(_say_why_it_ended)
    app[FOLLOWING] = task
    yield
    task.cancel()
    # an error of its own is not lost: the log and /readyz have told it
    await asyncio.wait({task})


def _say_why_it_ended(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("members.following_broke", why=type(error).__name__)


def slack_events(bolt: AsyncApp, secret: str) -> Handler:
    """Verify the raw bytes before anything parses them, then hand over to Bolt."""
    verifier = SignatureVerifier(secret)

    async def handle(request: http.Request) -> http.Response:
        raw = await request.read()
        if not _is_genuine(verifier, raw, request):
            log.warning("slack.signature_refused")
            return http.Response(status=401, text="The signature is not Slack's.")
        try:
            bolt_request = AsyncBoltRequest(
                body=raw.decode(),
                query=request.query_string,
                headers=dict(request.headers),
            )
        except (ValueError, RecursionError):
            return http.Response(status=400, text="The body cannot be read.")
        return await to_aiohttp_response(await bolt.async_dispatch(bolt_request))

    return handle


def _is_genuine(verifier: SignatureVerifier, raw: bytes, request: http.Request) -> bool:
    try:
        return verifier.is_valid_request(raw, dict(request.headers))
    except (ValueError, TypeError):
        # a timestamp that is no number, a body or a signature that is no text
        return False


async def healthz(_request: http.Request) -> http.Response:
    """The process answers."""
    return http.Response(text="ok\n")


async def readyz(request: http.Request) -> http.Response:
    """The process can do its work: the database reads, and Slack is heard."""
    try:
        await request.app[WEB].read(queries.live)
    except TryLater as later:
        return http.Response(status=503, text=f"{later}\n")
    if request.app[FOLLOWING].done():
        return http.Response(status=503, text="Who may decide is not followed.\n")
    socket = request.app.get(SOCKET)
    if socket is not None and not socket.is_connected:
        return http.Response(status=503, text="Socket Mode is not connected.\n")
    return http.Response(text="ready\n")


async def metrics(_request: http.Request) -> http.Response:
    return http.Response(
        body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


SWITCH_EVERY_S: Final = 0.002
"""Seconds a thread may keep the interpreter while another waits.

The writer thread lets go at every statement, some twenty a click; at Python's 5 ms the
event loop would keep it waiting that long each time.
"""


def run(deps: Deps, reader: Reads) -> int:
    """Serve until SIGTERM or SIGINT; the process's exit code.

    Not 0 when Socket Mode has gone deaf: whoever supervises starts a new one.
    """
    sys.setswitchinterval(SWITCH_EVERY_S)
    return asyncio.run(serve(deps, reader))


async def serve(deps: Deps, reader: Reads) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = build(deps, reader)
    app_token = deps.settings.slack_app_token.get_secret_value()
    if app_token:
        app.cleanup_ctx.append(_socket_mode(app_token))
    runner = http.AppRunner(app, handle_signals=False, access_log=None)
    await runner.setup()
    try:
        site = http.TCPSite(runner, deps.settings.host, deps.settings.port)
        await site.start()
        # what start-up made stays for good: the collector need not walk it mid-click
        gc.collect()
        gc.freeze()
        log.info("web.started", host=deps.settings.host, port=deps.settings.port)
        return await _until(stop, app.get(SOCKET))
    finally:
        await runner.cleanup()
        log.info("web.stopped")


def _socket_mode(
    app_token: str,
) -> Callable[[http.Application], AsyncIterator[None]]:
    async def connected(app: http.Application) -> AsyncIterator[None]:
        socket = Socket(app[DESK].app, app_token)
        app[SOCKET] = socket
        await socket.open()
        yield
        await socket.close()

    return connected


async def _until(stop: asyncio.Event, socket: Socket | None) -> int:
    stopping = asyncio.create_task(stop.wait())
    if socket is None:
        await stopping
        return 0
    deaf = asyncio.create_task(socket.wait_until_deaf())
    done, rest = await asyncio.wait(
        {stopping, deaf}, return_when=asyncio.FIRST_COMPLETED
    )
    for task in rest:
        task.cancel()
    if stopping in done:
        return 0
    log.error("slack.socket_deaf")
    return 1
