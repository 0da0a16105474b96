"""A practice ESP and a webhook receiver on real sockets, with time in hand."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from practice.esp import PracticeEsp, build_app
from practice.esp.keys import POSTMAN
from practice.esp.webhook import SIGNATURE, TIMESTAMP, Posted

KEY = "practice-key"
START = 1_795_000_000.0
DAY = 86_400.0


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Post:
    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = json.loads(self.body)
        return events


@dataclass
class Receiver:
    posts: list[Post] = field(default_factory=list)
    status: int = 204

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for post in self.posts for event in post.events]

    def kinds(self, email: str) -> set[str]:
        return {one["event"] for one in self.events if one["email"] == email}

    async def handle(self, request: web.Request) -> web.Response:
        self.posts.append(Post(dict(request.headers), await request.read()))
        return web.Response(status=self.status)


@dataclass
class World:
    http: httpx.AsyncClient
    app: web.Application
    clock: Clock
    receiver: Receiver

    async def play(self, seconds: float = 30 * DAY) -> None:
        """Let practice time pass and every event of it be posted."""
        self.clock.now += seconds
        for _ in range(1_000):
            if await self.app[POSTMAN].deliver_due() is Posted.NOTHING:
                return
        raise AssertionError("The webhook never ran dry.")

    async def send(self, *emails: str, **more: Any) -> httpx.Response:
        return await self.http.post("/v3/mail/send", json=make_mail(*emails, **more))


def make_mail(*emails: str, **more: Any) -> dict[str, Any]:
    return {
        "from": {"email": "news@acme.example", "name": "Acme"},
        "subject": "Hello -name-",
        "content": [
            {"type": "text/plain", "value": "Hi -name-: https://acme.example/demo"},
            {"type": "text/html", "value": "<p>Hi -name-</p>"},
        ],
        "personalizations": [
            {
                "to": [{"email": email}],
                "substitutions": {"-name-": email.split("@")[0]},
                "custom_args": {"campaign_id": "42", "send_id": str(number)},
            }
            for number, email in enumerate(emails)
        ],
        **more,
    }


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def esp_world(folder: Path, **config: Any) -> AsyncIterator[World]:
    receiver, clock = Receiver(), Clock()
    hook = web.Application(client_max_size=10_000_000)
    hook.router.add_post("/events", receiver.handle)
    async with serving(hook) as hook_url:
        settings = {"pump": False, "clock": clock, "stall": 30.0, **config}
        app = build_app(
            PracticeEsp(
                api_key=KEY,
                data_dir=folder,
                webhook_url=f"{hook_url}/events",
                **settings,
            )
        )
        async with (
            serving(app) as url,
            httpx.AsyncClient(
                base_url=url, headers={"Authorization": f"Bearer {KEY}"}
            ) as http,
        ):
            yield World(http=http, app=app, clock=clock, receiver=receiver)


def verify(public_key: str, post: Post) -> None:
    """Raise `InvalidSignature` unless the post was signed as SendGrid signs."""
    key = load_der_public_key(b64decode(public_key))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signed = post.headers[TIMESTAMP].encode() + post.body
    key.verify(b64decode(post.headers[SIGNATURE]), signed, ec.ECDSA(SHA256()))
