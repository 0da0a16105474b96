"""The browser's side: state, the stream of changes, and what a person does."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web

from practice.slack import admin, deeds, rooms
from practice.slack.config import (
    APP_ID,
    APP_NAME,
    BOT_USER,
    TEAM_ID,
    TEAM_NAME,
    Person,
)
from practice.slack.directory import HANDLES
from practice.slack.guard import WORKSPACE, guarded
from practice.slack.tickets import SlackError
from practice.slack.workspace import Faults, Workspace, channel_for_page
from practice.slack.world import SHOWN_MOST, message_for_page, view_for_page

Json = dict[str, Any]
Deed = Callable[[Workspace, Person, Json], Json | Awaitable[Json]]
# Proxies and browsers drop a silent stream; a comment keeps it open.
QUIET_MOST_S: Final = 15.0
FILE_NAME_MOST: Final = 255
FAULTS: Final = frozenset({"none", "429", "500", "slow", "lost"})


class Streams(set[asyncio.Task[Any]]):
    """The tasks that hold a page's stream open; stopping the server ends them."""


STREAMS: Final = web.AppKey("streams", Streams)


DEEDS: Final[dict[str, Deed]] = {
    "message": deeds.say,
    "action": deeds.act,
    "options": deeds.suggest,
    "view_submit": deeds.submit,
    "view_close": deeds.close,
    "home": deeds.open_home,
    "shortcut": deeds.use_shortcut,
    "pin": deeds.pin,
    "invite": rooms.invite,
    "remove_app": rooms.remove_app,
    "react": rooms.react,
    "channel": rooms.make_channel,
    "member": admin.change_member,
}


def _person_for_page(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "title": person.title,
        "color": person.color,
        "tz": person.tz,
        "guest": person.is_restricted,
        "deactivated": person.deleted,
        "external": person.team_id != TEAM_ID,
    }


def state_for(workspace: Workspace, person: Person) -> Json:
    """Describe everything one person sees."""
    world, config = workspace.world, workspace.config
    channels = [c for c in world.channels.values() if person.id in c.members]
    view = world.homes.get(person.id)
    return {
        "team": {"id": TEAM_ID, "name": TEAM_NAME},
        "app": {"id": APP_ID, "name": APP_NAME, "bot_user": BOT_USER},
        "people": [_person_for_page(p) for p in world.everyone() if not p.is_bot],
        "groups": [
            {"id": group, "handle": HANDLES[group], "members": members}
            for group, members in world.groups.items()
        ],
        "channels": [channel_for_page(channel) for channel in channels],
        "messages": {
            channel.id: [
                message_for_page(world, message)
                for message in world.in_channel(channel.id)[-SHOWN_MOST:]
            ]
            for channel in channels
        },
        "home": {person.id: view_for_page(view)},
        "commands": [asdict(command) for command in config.commands],
        "shortcuts": [asdict(item) for item in config.shortcuts],
        "requests": list(workspace.courier.rows),
        "views": [view_for_page(v) for v in workspace.modals.stacks.get(person.id, [])],
        "notes": list(config.notes),
        "esp_page": config.esp_page,
        "faults": asdict(workspace.faults),
        "sockets": workspace.sockets.count,
        "seq": workspace.bus.seq,
    }


@guarded
async def state(request: web.Request) -> web.Response:
    """GET /practice/state."""
    person = deeds.person_named(request.query.get("as"))
    return web.json_response(state_for(request.app[WORKSPACE], person))


@guarded
async def stream(request: web.Request) -> web.StreamResponse:
    """GET /practice/stream, as server-sent events."""
    workspace = request.app[WORKSPACE]
    person = deeds.person_named(request.query.get("as"))
    since = request.headers.get("Last-Event-ID") or request.query.get("since", "")
    begin = int(since) if since.isdigit() else workspace.bus.seq
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    task = asyncio.current_task()
    streams = request.app[STREAMS]
    queue = workspace.bus.subscribe(person.id, begin)
    if task is not None:
        streams.add(task)
    try:
        await _pump(queue, response)
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        workspace.bus.unsubscribe(queue)
        if task is not None:
            streams.discard(task)
    return response


async def _pump(queue: asyncio.Queue[Any], response: web.StreamResponse) -> None:
    await response.write(b": open\n\n")
    while True:
        try:
            change = await asyncio.wait_for(queue.get(), QUIET_MOST_S)
        except TimeoutError:
            await response.write(b": still here\n\n")
            continue
        text = f"id: {change.seq}\ndata: {json.dumps(change.body)}\n\n"
        await response.write(text.encode())


async def _json_body(request: web.Request) -> Json:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SlackError("invalid_json") from error
    if not isinstance(body, dict):
        raise SlackError("invalid_json")
    return body


@guarded
async def do(request: web.Request) -> web.Response:
    """POST /practice/DEED."""
    body = await _json_body(request)
    person = deeds.person_named(body.get("as"))
    standing = request.app[WORKSPACE].world.person(person.id)
    if standing is not None and standing.deleted:
        raise SlackError("account_inactive")
    done = DEEDS[request.match_info["deed"]](request.app[WORKSPACE], person, body)
    result = await done if inspect.isawaitable(done) else done
    return web.json_response(result)


@guarded
async def upload(request: web.Request) -> web.Response:
    """POST /practice/upload: a file for an input of a form, before it is submitted."""
    workspace = request.app[WORKSPACE]
    person = deeds.person_named(request.query.get("as"))
    # a name and no path, whatever a browser makes of it
    name = request.query.get("name", "").replace("\\", "/").rpartition("/")[2]
    content = await request.read()
    given = deeds.give_file(workspace, person, name[:FILE_NAME_MOST] or "file", content)
    return web.json_response(given)


@guarded
async def set_faults(request: web.Request) -> web.Response:
    """POST /practice/faults."""
    workspace, body = request.app[WORKSPACE], await _json_body(request)
    mode = str(body.get("mode", "none"))
    if mode not in FAULTS:
        raise SlackError("invalid_arguments")
    workspace.faults = Faults(
        mode=mode,
        method=body.get("method"),
        count=body.get("count"),
        seconds=float(body.get("seconds", 5.0)),
    )
    return web.json_response({"ok": True, "faults": asdict(workspace.faults)})


@guarded
async def drop_sockets(request: web.Request) -> web.Response:
    """POST /practice/sockets: tell every socket to reconnect."""
    workspace, body = request.app[WORKSPACE], await _json_body(request)
    reason = str(body.get("reason", "refresh_requested"))
    await workspace.sockets.disconnect(reason)
    return web.json_response({"ok": True, "reason": reason})


@guarded
async def file(request: web.Request) -> web.Response:
    """GET /practice/files/ID."""
    world = request.app[WORKSPACE].world
    found = world.files.get(request.match_info["file_id"])
    content = world.content(found) if found else None
    if found is None or content is None:
        raise web.HTTPNotFound(text="There is no such file.")
    kind = IMAGE_KINDS.get(found.name.rsplit(".", 1)[-1].lower())
    headers = {"X-Content-Type-Options": "nosniff"}
    if kind is None:
        # Whatever is not a plain image is only ever downloaded, never shown here.
        headers["Content-Disposition"] = "attachment"
    return web.Response(
        body=content, content_type=kind or "application/octet-stream", headers=headers
    )


IMAGE_KINDS: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


def add_routes(app: web.Application) -> None:
    """Mount the page's endpoints."""
    app[STREAMS] = Streams()
    app.router.add_get("/practice/state", state)
    app.router.add_get("/practice/stream", stream)
    app.router.add_get("/practice/files/{file_id}", file)
    app.router.add_post("/practice/upload", upload)
    app.router.add_post("/practice/faults", set_faults)
    app.router.add_post("/practice/sockets", drop_sockets)
    app.router.add_post(f"/practice/{{deed:{'|'.join(DEEDS)}}}", do)
