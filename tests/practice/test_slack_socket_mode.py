from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientWebSocketResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.practice.slack_lab import MARA, Lab, filled, lab, modal

Json = dict[str, Any]


@asynccontextmanager
async def connected(slack: Lab) -> AsyncIterator[ClientWebSocketResponse]:
    client = AsyncWebClient(
        token="xapp-practice-copydesk", base_url=slack.up.api_url, session=slack.http
    )
    opened = await client.apps_connections_open(app_token="xapp-practice-copydesk")
    async with slack.http.ws_connect(opened["url"]) as socket:
        hello = await socket.receive_json()
        assert hello["type"] == "hello"
        assert hello["connection_info"] == {"app_id": "A0COPYDESK"}
        while not slack.up.workspace.sockets.is_connected:
            await asyncio.sleep(0)
        yield socket


async def ack(socket: ClientWebSocketResponse, payload: Json | None = None) -> Json:
    envelope: Json = json.loads((await socket.receive()).data)
    answer: Json = {"envelope_id": envelope["envelope_id"]}
    if payload is not None:
        answer["payload"] = payload
    await socket.send_json(answer)
    return envelope


async def test_a_command_goes_through_the_socket_and_is_acked_by_id() -> None:
    async with lab() as slack, connected(slack) as socket:
        saying = asyncio.create_task(slack.say("/brief help"))
        envelope = await ack(socket, {"text": "Here is the help."})
        reply = await saying
        assert envelope["type"] == "slash_commands"
        assert envelope["accepts_response_payload"]
        assert envelope["payload"]["text"] == "help"
        assert (reply["ok"], reply["verdict"]) == (True, "ok")
        assert slack.app.seen == []
        assert (await slack.state())["requests"][-1]["url"] == "Socket Mode"


async def test_a_submission_over_the_socket_can_be_answered_with_errors() -> None:
    async with lab() as slack:
        view = await slack.open_modal(modal())
        async with connected(slack) as socket:
            submitting = asyncio.create_task(
                slack.post("view_submit", view_id=view["id"], state=filled("x"))
            )
            errors = {"goal": "Too short"}
            envelope = await ack(
                socket, {"response_action": "errors", "errors": errors}
            )
            assert envelope["type"] == "interactive"
            assert (await submitting)["errors"] == errors


async def test_an_event_nobody_acks_comes_again_with_its_attempt() -> None:
    async with (
        lab(ack_limit_s=0.02, retry_delays_s=(0.0,)) as slack,
        connected(slack) as socket,
    ):
        await slack.post("home")
        first = json.loads((await socket.receive()).data)
        second = await ack(socket)
        assert first["type"] == "events_api"
        assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
        assert first["payload"]["event_id"] == second["payload"]["event_id"]
        await slack.settle()


async def test_a_socket_address_works_once() -> None:
    async with lab() as slack:
        address = slack.up.workspace.sockets.new_ticket()
        url = f"{slack.up.url}/link/?ticket={address}"
        async with slack.http.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
        async with slack.http.get(url) as answer:
            assert answer.status == 403


async def test_deliveries_fall_back_to_http_when_the_socket_leaves() -> None:
    async with lab() as slack:
        async with connected(slack) as socket:
            await slack.post("sockets", reason="refresh_requested")
            notice = await socket.receive_json()
            assert notice["type"] == "disconnect"
            assert notice["reason"] == "refresh_requested"
        while slack.up.workspace.sockets.is_connected:
            await asyncio.sleep(0)
        await slack.say("/brief")
        assert slack.app.last["command"] == "/brief"


async def test_slacks_own_socket_client_works_against_it() -> None:
    async with lab() as slack:
        web = AsyncWebClient(
            token="xapp-practice-copydesk",
            base_url=slack.up.api_url,
            session=slack.http,
        )
        client = SocketModeClient(
            app_token="xapp-practice-copydesk",
            web_client=web,
            auto_reconnect_enabled=False,
        )
        got: list[SocketModeRequest] = []

        async def listen(
            via: AsyncBaseSocketModeClient, request: SocketModeRequest
        ) -> None:
            got.append(request)
            await via.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id)
            )

        client.socket_mode_request_listeners.append(listen)
        await client.connect()
        try:
            while not slack.up.workspace.sockets.is_connected:
                await asyncio.sleep(0)
            reply = await slack.say("/desk status")
        finally:
            await client.close()
        assert reply["ok"]
        assert got[0].payload["user_id"] == MARA
