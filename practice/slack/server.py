"""The practice Slack as one web application on 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from practice.slack import page
from practice.slack.chat import ARCHIVES, FILE_MOST, post_due
from practice.slack.config import TEAM_ID, ConfigRefused, PracticeSlack
from practice.slack.deeds import reply_by_address
from practice.slack.guard import WORKSPACE, port_of, refuse_strangers
from practice.slack.methods import METHODS, call
from practice.slack.tickets import SlackError
from practice.slack.workspace import Workspace
from practice.slack.world import PRIVATE, file_for_api

Json = dict[str, Any]
STATIC: Final = Path(__file__).parent / "static"
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
POLICY: Final = "default-src 'self'; img-src 'self' data:; style-src 'self'"
AS_JSON: Final = ("blocks", "view", "attachments", "metadata", "prompts", "files")
KINDS: Final[dict[str, Any]] = {
    "blocks": list,
    "attachments": list,
    "files": list,
    "view": dict,
    "metadata": dict,
    "prompts": (list, dict),
    "users": (str, list),
    "types": (str, list),
    "unfurl_media": object,
}
WRONG_KIND: Final = {
    "blocks": "invalid_blocks_format",
    "metadata": "invalid_metadata_format",
}
NUMBERS: Final = frozenset({"post_at", "limit", "length"})
SAVE_EVERY_S: Final = 0.25


async def _arguments(request: web.Request) -> Json:
    """Merge the query string, the form and the JSON body; Slack takes all three.

    Raises:
        SlackError: `invalid_json`, or `invalid_blocks_format` and the like.
    """
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            # slack_sdk sends auth.test as JSON with no body at all
            body = await request.json() if await request.read() else {}
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise SlackError("invalid_json") from error
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        args |= body
    else:
        args |= dict(await request.post())
    for name in AS_JSON:
        if isinstance(args.get(name), str):
            args[name] = _decoded(name, args[name])
    args = {name: value for name, value in args.items() if value is not None}
    _refuse_wrong_kinds(args)
    return args


def _refuse_wrong_kinds(args: Json) -> None:
    """Refuse an argument of the wrong kind before any method looks at it."""
    for name, value in args.items():
        kind = KINDS.get(name, (str, int, float, bool))
        if not isinstance(value, kind):
            raise SlackError(WRONG_KIND.get(name, "invalid_arguments"))
        if name in NUMBERS and not re.fullmatch(r"\d+(\.\d+)?", str(value)):
            raise SlackError("invalid_arguments")
        if kind is list and any(not isinstance(item, dict) for item in value):
            raise SlackError(WRONG_KIND.get(name, "invalid_arguments"))


def _decoded(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        code = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
        raise SlackError(code) from error


def _token(request: web.Request, args: Json) -> str | None:
    bearer = request.headers.get("Authorization", "")
    in_body = args.pop("token", None)
    return bearer.removeprefix("Bearer ").strip() or in_body


async def api(request: web.Request) -> web.StreamResponse:
    """Answer one Web API call, or strike it with the trouble switched on."""
    workspace, name = request.app[WORKSPACE], request.match_info["method"]
    fault = workspace.faults.strikes(name)
    if fault == "429":
        return _answer(workspace, name, {"ok": False, "error": "ratelimited"}, 429, 1)
    if fault == "500":
        return web.Response(status=500, text="Internal Server Error")
    if fault == "slow":
        await asyncio.sleep(workspace.faults.seconds)
    try:
        args = await _arguments(request)
        result = {"ok": True, **call(workspace, name, args, _token(request, args))}
        status, wait_s = 200, 0
    except SlackError as error:
        wait_s = int(str(error.extra.pop("retry_after", 0)))
        result = {"ok": False, "error": error.code, **error.extra}
        status = 429 if error.code == "ratelimited" else 200
    if fault == "lost" and request.transport is not None:
        # The work is done; only the answer never arrives.
        request.transport.close()
    return _answer(workspace, name, result, status, wait_s)


def _answer(
    workspace: Workspace, name: str, body: Json, status: int, wait_s: int
) -> web.Response:
    method = METHODS.get(name)
    headers = {
        "X-Slack-Req-Id": secrets.token_hex(16),
        "X-OAuth-Scopes": ",".join(workspace.config.scopes),
        "X-Accepted-OAuth-Scopes": (method.scope or "") if method else "",
    }
    if wait_s:
        headers["Retry-After"] = str(wait_s)
    return web.json_response(body, status=status, headers=headers)


async def response_url(request: web.Request) -> web.Response:
    """Take what the app posts to a response_url."""
    workspace = request.app[WORKSPACE]
    try:
        address = workspace.replies.spend(request.match_info["key"])
    except SlackError as error:
        return web.Response(status=404, text=error.code)
    try:
        body = await _arguments(request)
        if isinstance(body.get("payload"), str):
            body = _decoded("payload", body["payload"])
        reply_by_address(workspace, address, body)
    except SlackError as error:
        return web.json_response({"ok": False, "error": error.code, **error.extra})
    return web.json_response({"ok": True})


async def upload(request: web.Request) -> web.Response:
    """Take the bytes of a file that `files.getUploadURLExternal` announced."""
    world = request.app[WORKSPACE].world
    file = world.files.get(request.match_info["file_id"])
    if file is None or file.is_complete:
        raise web.HTTPNotFound(text="There is no such upload.")
    content = await _uploaded(request)
    if not content:
        raise web.HTTPBadRequest(text="The file is empty.")
    world.store_content(file, content)
    return web.Response(text=f"OK - {len(content)}")


async def private(request: web.Request) -> web.StreamResponse:
    """GET a file's url_private: with the app's token the file, else the way to sign in."""
    workspace = request.app[WORKSPACE]
    world, config = workspace.world, workspace.config
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if bearer != config.bot_token or "files:read" not in config.scopes:
        raise web.HTTPFound(f"/?{urlencode({'redir': request.path})}")
    file = world.files.get(request.match_info["file_id"])
    content = world.content(file) if file else None
    if file is None or content is None or not file.is_complete:
        raise web.HTTPNotFound(text="There is no such file.")
    kind = file_for_api(world, file)["mimetype"]
    headers = {"Content-Disposition": "attachment"}
    return web.Response(body=content, content_type=kind, headers=headers)


async def _uploaded(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""


async def index(request: web.Request) -> web.StreamResponse:
    """Serve the page."""
    refuse_strangers(request)
    return web.FileResponse(STATIC / "index.html")


@web.middleware
async def _middleware(request: web.Request, handler: Any) -> web.StreamResponse:
    workspace = request.app[WORKSPACE]
    workspace.base_url = f"http://127.0.0.1:{port_of(request)}"
    answer: web.StreamResponse = await handler(request)
    if not answer.prepared:
        answer.headers.setdefault("Content-Security-Policy", POLICY)
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        answer.headers.setdefault("Referrer-Policy", "no-referrer")
        if request.path == "/" or request.path.startswith("/static/"):
            answer.headers["Cache-Control"] = "no-cache"
    return answer


async def _keep_house(workspace: Workspace) -> None:
    while True:
        await asyncio.sleep(SAVE_EVERY_S)
        with contextlib.suppress(SlackError):
            post_due(workspace)
        workspace.world.save()


async def _lifetime(app: web.Application) -> AsyncIterator[None]:
    workspace = app[WORKSPACE]
    await workspace.courier.start()
    house = asyncio.get_running_loop().create_task(_keep_house(workspace))
    yield
    house.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await house
    await workspace.courier.stop()
    workspace.world.save()


async def _hang_up(app: web.Application) -> None:
    streams = app[page.STREAMS]
    for stream in tuple(streams):
        stream.cancel()
    await app[WORKSPACE].sockets.close()


async def archives(request: web.Request) -> web.StreamResponse:
    """Follow a permalink to the page, at the message it names."""
    digits = request.match_info["digits"]
    ts = f"{digits[:-6]}.{digits[-6:]}"
    thread = request.query.get("thread_ts")
    place = {"channel": request.match_info["channel"], "message": ts}
    anchor = urlencode(place | ({"thread": thread} if thread else {}))
    raise web.HTTPFound(f"/#{anchor}")


async def link(request: web.Request) -> web.StreamResponse:
    """Serve one Socket Mode connection."""
    return await request.app[WORKSPACE].sockets.serve(request)


def build_app(config: PracticeSlack) -> web.Application:
    """Build the application; it starts and stops its own background work."""
    app = web.Application(middlewares=[_middleware], client_max_size=FILE_MOST + 4096)
    app[WORKSPACE] = Workspace(config)
    app.router.add_route("*", "/api/{method}", api)
    app.router.add_post("/slack/response/{key:.+}", response_url)
    app.router.add_post("/slack/upload/{file_id}", upload)
    # the file's name, after download/ or not, is for people to read
    app.router.add_get(PRIVATE + TEAM_ID + r"-{file_id:\w+}/{name:.+}", private)
    app.router.add_get("/link/", link)
    app.router.add_get(ARCHIVES + r"{channel:\w+}/p{digits:\d{16}}", archives)
    page.add_routes(app)
    app.router.add_get("/", index)
    app.router.add_static("/static/", STATIC)
    app.cleanup_ctx.append(_lifetime)
    app.on_shutdown.append(_hang_up)
    return app


@dataclass(frozen=True, slots=True)
class Running:
    """A practice workspace that is up."""

    url: str
    workspace: Workspace

    @property
    def api_url(self) -> str:
        """What the app uses as its Web API address."""
        return f"{self.url}/api/"


@contextlib.asynccontextmanager
async def running(
    config: PracticeSlack, host: str = "127.0.0.1"
) -> AsyncIterator[Running]:
    """Run a workspace for as long as the block lasts.

    Raises:
        ConfigRefused: `host` is not this machine's own address.
    """
    if host not in LOOPBACK:
        raise ConfigRefused(
            f"The practice workspace only listens on this machine, not on {host}."
        )
    app = build_app(config)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, config.port)
        await site.start()
        port = runner.addresses[0][1]
        workspace = app[WORKSPACE]
        workspace.base_url = f"http://127.0.0.1:{port}"
        yield Running(url=workspace.base_url, workspace=workspace)
    finally:
        await runner.cleanup()


async def serve(
    config: PracticeSlack,
    host: str = "127.0.0.1",
    port: int | None = None,
    *,
    until: asyncio.Event | None = None,
) -> None:
    """Run a workspace until `until` is set, or until cancelled."""
    if port is not None:
        config = replace(config, port=port)
    async with running(config, host):
        await (until or asyncio.Event()).wait()
