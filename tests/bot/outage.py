"""A whole desk whose road to Slack can be cut, on the one clock that all share."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from pydantic import SecretStr

from blocks.ids import Action
from bot.server import WEB, build
from domain.campaign import CampaignId
from pipeline.pace import Pacer
from pipeline.playbook_scaled import playbook_of
from pipeline.slack import SlackGateway
from practice.slack import Running, deeds
from practice.slack.world import Message
from storage.reader import Reader
from tests.clock import Clock
from tests.pipeline.lab import CAMPAIGNS, Json, Lab, lab

SIGNING_SECRET = "signing-secret"  # of the practice workspace
_KEPT = ("Content-Type", "Retry-After", "X-OAuth-Scopes")


class Trouble(StrEnum):
    """What a call to Slack meets on its way."""

    NONE = "none"
    REFUSED = "connection refused"
    CUT = "connection cut"
    UNAVAILABLE = "503"
    LIMITED = "429"


@dataclass
class Line:
    """The road to the practice Slack.

    Attributes:
        carried: How many calls got through.
        turned_away: How many met trouble; one that found nobody is not counted.
    """

    slack: Running
    port: int
    stack: AsyncExitStack
    trouble: Trouble = Trouble.NONE
    carried: int = 0
    turned_away: int = 0
    runner: web.AppRunner | None = None

    async def meet(self, trouble: Trouble) -> None:
        self.trouble = trouble
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None
        if trouble is not Trouble.REFUSED:
            await self._listen()

    async def _listen(self) -> None:
        session = await self.stack.enter_async_context(ClientSession())

        async def carry(request: web.Request) -> web.StreamResponse:
            if self.trouble is Trouble.NONE:
                self.carried += 1
                return await self._carried(session, request)
            self.turned_away += 1
            if self.trouble is Trouble.CUT and request.transport is not None:
                request.transport.abort()
            return web.Response(
                status=429 if self.trouble is Trouble.LIMITED else 503,
                text="<html><body>Slack is having trouble</body></html>",
                content_type="text/html",
                headers={"Retry-After": "30"}
                if self.trouble is Trouble.LIMITED
                else {},
            )

        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/{path:.*}", carry)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = int(self.runner.addresses[0][1])

    async def _carried(
        self, session: ClientSession, request: web.Request
    ) -> web.Response:
        named = {
            name: value
            for name, value in request.headers.items()
            if name in ("Authorization", "Content-Type")
        }
        async with session.request(
            request.method,
            self.slack.url + request.raw_path,
            data=await request.read(),
            headers=named,
        ) as answer:
            kept = {
                name: answer.headers[name] for name in _KEPT if name in answer.headers
            }
            return web.Response(
                status=answer.status, body=await answer.read(), headers=kept
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button of a card that somebody presses."""

    by: str
    campaign_id: CampaignId
    label: str
    action: Action = Action.APPROVE


@dataclass
class Desk:
    """The desk, its web process on a socket, and the line between it and Slack."""

    lab: Lab
    line: Line
    app: web.Application
    acks: list[Json] = field(default_factory=list)

    # What people do ----------------------------------------------------------------

    def press(self, *presses: Press) -> list[Json]:
        """All of these at the same moment; what Slack made of each."""
        told = self.lab.run(self._at_once([self._pressed(each) for each in presses]))
        self.acks += told
        return told

    def submit(self, *people: str) -> list[Json]:
        """Each fills in the form they have open, and sends it."""
        told = self.lab.run(self._at_once([self._sent(each) for each in people]))
        self.acks += told
        return told

    def window(self, who: str) -> Json | None:
        stack = self.lab.slack.workspace.modals.stacks.get(who)
        return stack[-1] if stack else None

    async def _at_once(self, deeds_done: Iterable[Any]) -> list[Json]:
        told: list[Json] = await asyncio.gather(*deeds_done)
        await asyncio.sleep(0.02)
        while self.app[WEB].running:
            await asyncio.sleep(0.01)
        return told

    async def _pressed(self, press: Press) -> Json:
        message = self.variant(press.campaign_id, press.label)
        block_id, element = button(message, press.action)
        return await deeds.act(
            self.lab.slack.workspace,
            deeds.person_named(press.by),
            {
                "container": {
                    "type": "message",
                    "channel": message.channel,
                    "ts": message.ts,
                },
                "block_id": block_id,
                "action_id": element["action_id"],
            },
        )

    async def _sent(self, who: str) -> Json:
        view = self.window(who)
        assert view is not None, f"{who} has no form open"
        state = {
            block["block_id"]: {block["element"]["action_id"]: answer(block["element"])}
            for block in view["blocks"]
            if block["type"] == "input"
        }
        body = {"view_id": view["id"], "state": {"values": state}}
        person = deeds.person_named(who)
        return await deeds.submit(self.lab.slack.workspace, person, body)

    # What the machinery does -------------------------------------------------------

    def meet(self, trouble: Trouble) -> None:
        self.lab.run(self.line.meet(trouble))

    def work_until(self, moment: datetime, *, every_s: float = 120) -> None:
        """The relay and the workers go on while time passes."""
        while self.lab.clock() < moment:
            left_s = (moment - self.lab.clock()).total_seconds()
            self.lab.tick(min(every_s, left_s))

    def skip_to(self, moment: datetime) -> None:
        """Nothing is due until then."""
        self.lab.tick((moment - self.lab.clock()).total_seconds())

    # What is in Slack --------------------------------------------------------------

    def posted(self, key: str) -> list[Message]:
        """The messages that were posted as this surface; more than one is a fault."""
        return [m for m in self.lab.messages() if key_of(m) == key]

    def variant(self, campaign_id: CampaignId, label: str) -> Message:
        variant = next(
            each for each in self.lab.variants(campaign_id) if each.label == label
        )
        (message,) = self.posted(f"variant:{variant.id}")
        return message


def key_of(message: Message) -> str:
    """Whose surface a message is, as its metadata says."""
    payload = (message.metadata or {}).get("event_payload", {})
    return str(payload.get("id", ""))


def button(message: Message, action: Action) -> tuple[str, Json]:
    for block in message.blocks:
        for element in block.get("elements", []):
            if element.get("action_id") == action:
                return block["block_id"], element
    raise LookupError(f"{message.text!r} has no button {action}.")


def answer(element: Json) -> Json:
    """Something that fits an input of a form."""
    if element["type"] == "plain_text_input":
        return {"value": "It promises what we cannot keep."}
    options = element.get("options") or element["option_groups"][0]["options"]
    return {"type": element["type"], "selected_option": options[0]}


def free_socket() -> socket.socket:
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    return found


@contextmanager
def desk_on_a_line(
    database_url: str,
    clock: Clock,
    folder: Path,
    *,
    trouble_at_start: Trouble = Trouble.NONE,
) -> Iterator[Desk]:
    """Durations as in production, and a message's `ts` is this clock's time."""
    listening = free_socket()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    slack_as = {
        "request_url": f"{address}/slack/events",
        "signing_secret": SIGNING_SECRET,
        "clock": lambda: clock().timestamp(),
    }
    with listening, lab(database_url, clock, folder, slack_as=slack_as) as up:
        up.draws_late = False
        stack = AsyncExitStack()
        # a port of its own: it is let go of and taken again
        with free_socket() as free:
            port = int(free.getsockname()[1])
        line = Line(up.slack, port, stack)
        up.run(line.meet(Trouble.NONE))
        _rewire(up, line)
        up.run(line.meet(trouble_at_start))
        try:
            yield Desk(up, line, up.run(_serve(up, stack, listening)))
        finally:
            up.run(stack.aclose())
            if line.runner is not None:
                up.run(line.runner.cleanup())


def _rewire(up: Lab, line: Line) -> None:
    """Let every call to Slack take the line, at the pace of the shared clock."""

    def sleep(seconds: float) -> None:
        up.clock.tick(timedelta(seconds=seconds))

    settings = up.deps.settings.model_copy(
        update={
            "slack_api_url": f"http://127.0.0.1:{line.port}/api/",
            "slack_signing_secret": SecretStr(SIGNING_SECRET),
            "time_scale": 1.0,
        }
    )
    playbook = playbook_of(settings)
    up.deps = dataclasses.replace(
        up.deps,
        settings=settings,
        playbook_now=lambda: playbook,
        slack=SlackGateway(
            token="xoxb-practice-copydesk",  # of the practice workspace
            pacer=Pacer(None, prefix="", clock=lambda: up.clock().timestamp()),
            base_url=settings.slack_api_url,
            sleep=sleep,
        ),
    )


async def _serve(
    up: Lab, stack: AsyncExitStack, listening: socket.socket
) -> web.Application:
    app = build(up.deps, Reader(up.deps.settings.database_address))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listening).start()
    return app


__all__ = ["CAMPAIGNS", "Desk", "Press", "Trouble", "desk_on_a_line"]
