"""An address outside Slack: a real HTTP server that checks what it is posted."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from pydantic import SecretStr

from pipeline.webhook import sign
from tests.pipeline.lab import Lab

KEY: Final = "a-key-that-signs-webhooks"


@dataclass
class Receiver:
    """Keeps what it took; answers with `statuses` first, then with 200.

    Attributes:
        swallows: How many posts are taken and then never answered.
    """

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    swallows: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        stamp = int(request.headers["X-Copydesk-Timestamp"])
        if request.headers["X-Copydesk-Signature"] != sign(KEY, stamp, body):
            return web.Response(status=401)
        self.posts.append(json.loads(body))
        self.keys.append(request.headers["Idempotency-Key"])
        if self.swallows:
            self.swallows -= 1
            transport = request.transport
            assert transport is not None
            transport.close()
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"})


@contextmanager
def receiver(
    desk: Lab, *, page: bool = True, ticket: bool = False
) -> Iterator[Receiver]:
    """Have the desk's playbook name a receiver on loopback."""
    found = Receiver()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/hook", found.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        return runner

    runner = desk.run(start())
    try:
        point_at(
            desk,
            page_url=found.url if page else "",
            ticket_url=found.url if ticket else "",
        )
        yield found
    finally:
        desk.run(runner.cleanup())


def point_at(desk: Lab, *, page_url: str, ticket_url: str = "") -> None:
    playbook = desk.deps.playbook_now()
    on_call = dataclasses.replace(
        playbook.on_call, page_url=page_url, ticket_url=ticket_url
    )
    changed = dataclasses.replace(playbook, on_call=on_call)
    settings = desk.deps.settings.model_copy(update={"webhook_key": SecretStr(KEY)})
    desk.deps = dataclasses.replace(
        desk.deps, playbook_now=lambda: changed, settings=settings
    )
