"""What a person hears when a listener ends badly, through Bolt and over a socket."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web as http
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.context import Web
from bot.errors import Listener, guarded
from domain.errors import AlreadyDecided, TryLater
from domain.review import Person

SECRET = "signing-secret"


@dataclass
class TryOut:
    """A Bolt app, and the address its answers after the ack go to."""

    app: AsyncApp
    url: str
    answers: list[dict[str, Any]] = field(default_factory=list)

    async def command(self, text: str = "") -> BoltResponse:
        form = {
            "command": "/try",
            "text": text,
            "user_id": "U1",
            "team_id": "T1",
            "response_url": f"{self.url}/reply",
            "trigger_id": "1.2.3",
        }
        return await self.send(urlencode(form))

    async def interact(self, payload: dict[str, Any]) -> BoltResponse:
        base = {"user": {"id": "U1"}, "team": {"id": "T1"}, "trigger_id": "1.2.3"}
        return await self.send(urlencode({"payload": json.dumps(base | payload)}))

    async def send(self, raw: str) -> BoltResponse:
        stamp = str(int(time.time()))
        signed = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=raw)
        request = AsyncBoltRequest(
            body=raw,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Slack-Request-Timestamp": stamp,
                "X-Slack-Signature": str(signed),
            },
        )
        return await self.app.async_dispatch(request)


@pytest.fixture
async def try_out() -> AsyncIterator[TryOut]:
    answers: list[dict[str, Any]] = []

    async def take(request: http.Request) -> http.Response:
        answers.append(await request.json())
        return http.json_response({"ok": True})

    server = http.Application()
    server.router.add_post("/reply", take)
    runner = http.AppRunner(server)
    await runner.setup()
    await http.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

    url = f"http://127.0.0.1:{port}"
    app = AsyncApp(
        client=AsyncWebClient(base_url=f"{url}/api/"),
        signing_secret=SECRET,
        authorize=authorize,
    )
    people = {"U0COPYONE": Person(id="U0COPYONE", name="cleo", roles=frozenset())}
    facts = SimpleNamespace(everyone=SimpleNamespace(people=people))
    deps = SimpleNamespace(playbook=SimpleNamespace(view_facts=facts))
    pool = ThreadPoolExecutor(max_workers=1)
    web = Web(deps=deps, reader=None, writers=pool)  # type: ignore[arg-type]  # only facts are read

    async def hand_over(
        context: dict[str, Any], next_: Callable[[], Awaitable[None]]
    ) -> None:
        context["web"] = web
        await next_()

    app.use(hand_over)
    yield TryOut(app=app, url=url, answers=answers)
    pool.shutdown()
    await runner.cleanup()


def breaking(error: Exception, *, acks: bool) -> Listener:
    async def listener(args: AsyncArgs) -> None:
        if acks:
            await args.ack()
        raise error

    return guarded(listener)


async def test_a_bug_after_the_ack_keeps_the_ack_and_gives_a_reference(
    try_out: TryOut,
) -> None:
    try_out.app.command("/try")(breaking(ZeroDivisionError("secret words"), acks=True))
    response = await try_out.command()
    assert response.status == 200
    assert "Reference" in try_out.answers[0]["text"]
    assert "secret words" not in json.dumps(try_out.answers)


async def test_a_bug_before_the_ack_answers_in_the_ack(try_out: TryOut) -> None:
    try_out.app.command("/try")(breaking(KeyError("x"), acks=False))
    response = await try_out.command()
    assert response.status == 200
    said = json.loads(response.body)
    assert said["response_type"] == "ephemeral"
    assert said["text"].startswith("Something broke on our side. Nothing was lost.")


async def test_a_refusal_tells_only_the_person(try_out: TryOut) -> None:
    error = AlreadyDecided("Already approved by <@U0COPYONE>, for <!channel>.")
    try_out.app.action("approve")(breaking(error, acks=False))
    response = await try_out.interact(
        {
            "type": "block_actions",
            "actions": [{"type": "button", "action_id": "approve", "block_id": "b"}],
            "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"},
            "response_url": f"{try_out.url}/reply",
        }
    )
    assert (response.status, response.body) == (200, "")
    words = "Already approved by <@U0COPYONE>, for &lt;!channel&gt;."
    text = {"type": "mrkdwn", "text": words, "verbatim": True}
    assert try_out.answers == [
        {
            "text": words,
            "blocks": [{"type": "section", "text": text}],
            "response_type": "ephemeral",
            "replace_original": False,
        }
    ]


async def test_a_refused_form_keeps_what_was_typed(try_out: TryOut) -> None:
    at = "<!date^1790000000^{time}|14:02 UTC>"
    error = AlreadyDecided(f"Already approved by <@U0COPYONE> at {at}.")
    try_out.app.view("edit_form")(breaking(error, acks=False))
    blocks = [
        {"type": "input", "block_id": "subject"},
        {"type": "input", "block_id": "body.0"},
        {"type": "context", "block_id": "c"},
    ]
    view = {"type": "modal", "id": "V1", "callback_id": "edit_form", "blocks": blocks}
    response = await try_out.interact({"type": "view_submission", "view": view})
    assert json.loads(response.body) == {
        "response_action": "errors",
        "errors": {"body.0": "Already approved by @cleo at 14:02 UTC."},
    }


async def test_a_form_without_inputs_becomes_the_refusal(try_out: TryOut) -> None:
    try_out.app.view("confirm")(breaking(TryLater("locked"), acks=False))
    view = {"type": "modal", "id": "V1", "callback_id": "confirm", "blocks": []}
    response = await try_out.interact({"type": "view_submission", "view": view})
    said = json.loads(response.body)
    assert said["response_action"] == "update"
    assert "nothing was lost; press again" in said["view"]["blocks"][0]["text"]["text"]


async def test_a_busy_desk_says_that_nothing_was_lost(try_out: TryOut) -> None:
    try_out.app.command("/try")(breaking(TryLater("locked"), acks=False))
    response = await try_out.command()
    assert "busy" in json.loads(response.body)["text"]


async def test_an_answer_that_cannot_be_given_still_acks(try_out: TryOut) -> None:
    try_out.app.action("approve")(breaking(KeyError("x"), acks=False))
    response = await try_out.interact(
        {
            "type": "block_actions",
            "actions": [{"type": "button", "action_id": "approve", "block_id": "b"}],
            "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"},
        }
    )
    assert response.status == 200


def test_an_argument_that_bolt_does_not_pass_is_found_at_import() -> None:
    async def approve(ack: object, boddy: object) -> None: ...

    with pytest.raises(TypeError, match="asks for boddy, which Bolt does not pass"):
        guarded(approve)
