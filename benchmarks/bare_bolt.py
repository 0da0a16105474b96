"""The reference for acks: the same Bolt and aiohttp, and a handler that only acks.

Run as `python -m benchmarks.bare_bolt PORT`, with Slack's settings in the environment.
"""

from __future__ import annotations

import os
import sys

from aiohttp import web as http
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


def build() -> http.Application:
    bolt = AsyncApp(
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        client=AsyncWebClient(
            token=os.environ["SLACK_BOT_TOKEN"],
            base_url=os.environ["SLACK_API_URL"],
        ),
    )

    async def only_ack(ack: AsyncAck) -> None:
        await ack()

    bolt.action("approve")(only_ack)
    bolt.view("reject_form")(only_ack)

    async def events(request: http.Request) -> http.Response:
        answer = await bolt.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(answer)

    async def healthz(_request: http.Request) -> http.Response:
        return http.Response(text="ok\n")

    app = http.Application()
    app.router.add_post("/slack/events", events)
    app.router.add_get("/healthz", healthz)
    return app


if __name__ == "__main__":
    http.run_app(
        build(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None
    )
