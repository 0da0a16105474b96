"""A practice Slack on a real socket, and a tiny app that receives its deliveries."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from practice.slack import PracticeSlack, Running, running

SECRET = "practice-secret"
MARA, CLEO, LENA = "U0MARKETER", "U0COPYONE", "U0LEGAL"
CAMPAIGNS, GENERAL = "C0CAMPAIGN", "C0GENERAL"
EVERY_SCOPE = [
    "commands",
    "chat:write",
    "users:read",
    "users:read.email",
    "im:write",
    "files:write",
    "files:read",
    "channels:read",
    "channels:join",
    "channels:history",
    "channels:manage",
    "usergroups:read",
    "reactions:write",
    "pins:write",
    "team:read",
]

Json = dict[str, Any]


class Clock:
    """Time that only moves when told."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Delivery:
    body: Json
    headers: dict[str, str]


@dataclass
class Receiver:
    """The app's side: checks every signature, keeps what came, answers as told."""

    answer: Callable[[Json], Awaitable[web.Response]] | None = None
    seen: list[Delivery] = field(default_factory=list)
    verifier: SignatureVerifier = field(
        default_factory=lambda: SignatureVerifier(SECRET)
    )

    async def handle(self, request: web.Request) -> web.Response:
        raw = await request.text()
        assert self.verifier.is_valid_request(raw, dict(request.headers))
        if request.content_type == "application/json":
            body = json.loads(raw)
        else:
            form = await request.post()
            body = json.loads(form["payload"]) if "payload" in form else dict(form)
        self.seen.append(Delivery(body, dict(request.headers)))
        return web.Response() if self.answer is None else await self.answer(body)

    @property
    def last(self) -> Json:
        return self.seen[-1].body

    def replies(self, body: Json | str, status: int = 200) -> None:
        """Answer everything that comes with this."""

        async def answer(_: Json) -> web.Response:
            if isinstance(body, str):
                return web.Response(text=body, status=status)
            return web.json_response(body, status=status)

        self.answer = answer


@dataclass
class Lab:
    up: Running
    app: Receiver
    slack: AsyncWebClient
    http: ClientSession
    clock: Clock

    async def post(self, deed: str, **body: Any) -> Json:
        async with self.http.post(
            f"{self.up.url}/practice/{deed}",
            json={"as": MARA, **body},
            headers={"X-Practice": "1"},
        ) as answer:
            return await answer.json()

    async def say(self, text: str, **body: Any) -> Json:
        return await self.post("message", channel=CAMPAIGNS, text=text, **body)

    async def state(self, person: str = MARA) -> Json:
        async with self.http.get(f"{self.up.url}/practice/state?as={person}") as answer:
            return await answer.json()

    async def trigger(self, person: str = MARA) -> str:
        await self.post("message", channel=CAMPAIGNS, text="/brief", **{"as": person})
        return self.app.last["trigger_id"]

    async def open_modal(self, view: Json | None = None) -> Json:
        """Open a modal by a command, and return the view."""
        opened = await self.slack.views_open(
            trigger_id=await self.trigger(), view=view or modal()
        )
        return opened["view"]

    async def settle(self) -> None:
        await self.up.workspace.courier.settle()


@contextlib.asynccontextmanager
async def lab(**changes: Any) -> AsyncIterator[Lab]:
    receiver, clock = Receiver(), Clock()
    app = web.Application()
    app.router.add_post("/slack/events", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    settings: Json = {
        "request_url": f"http://127.0.0.1:{port}/slack/events",
        "signing_secret": SECRET,
        "scopes": tuple(EVERY_SCOPE),
        "retry_delays_s": (0.0, 0.0, 0.0),
        "clock": clock,
    }
    try:
        async with (
            running(PracticeSlack(**settings | changes)) as up,
            ClientSession() as http,
        ):
            slack = AsyncWebClient(
                token="xoxb-practice-copydesk",
                base_url=up.api_url,
                session=http,
                retry_handlers=[],
            )
            yield Lab(up, receiver, slack, http, clock)
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str = "Hello", **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "approve", **more: Any) -> Json:
    return {"type": "button", "text": plain("Approve"), "action_id": action_id, **more}


def actions(*elements: Json, block_id: str = "row") -> Json:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def entry(block_id: str = "goal", *, optional: bool = False, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain("Goal"),
        "optional": optional,
        "element": {"type": "plain_text_input", "action_id": "value", **more},
    }


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "brief",
        "title": plain("New brief"),
        "submit": plain("Write variants"),
        "blocks": list(blocks) or [entry()],
        **more,
    }


def filled(text: str, block_id: str = "goal") -> Json:
    typed = {"type": "plain_text_input", "value": text}
    return {"values": {block_id: {"value": typed}}}
