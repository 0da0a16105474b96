"""The Bolt app: one client, one identity, and every listener registered once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot import (
    assign,
    brief,
    bulk,
    canary,
    comment,
    compare,
    desk,
    freeze,
    home,
    incident,
    members,
    preview,
    review,
    rollback,
    strategy,
    upload,
    variant_window,
)
from bot.context import Web
from bot.listeners import SLACK_AWAY
from pipeline.settings import Settings

log = structlog.get_logger()

DEAF_AFTER: Final = timedelta(seconds=60)
"""How long Socket Mode may stay unconnected before the process is better restarted."""

_LOOK_EVERY: Final = timedelta(seconds=5)
SURFACES: Final = (
    brief,
    strategy,
    review,
    comment,
    assign,
    canary,
    rollback,
    incident,
    desk,
    freeze,
    upload,
    compare,
    preview,
    variant_window,
    bulk,
    members,
    home,
)


class Identity:
    """Who the bot is, asked once.

    When Slack's API is away at the first click, listeners run all the same: a
    rollback needs no Slack.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: AuthorizeResult | None = None

    async def of(
        self, enterprise_id: str | None, team_id: str | None
    ) -> AuthorizeResult:
        if self._known is None:
            await self.ask()
        return self._known or AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=self._client.token
        )

    async def ask(self) -> None:
        try:
            answer = await asyncio.wait_for(self._client.auth_test(), timeout=1)
        except (*SLACK_AWAY, OSError) as error:
            log.warning("slack.identity_unknown", why=type(error).__name__)
            return
        self._known = AuthorizeResult.from_auth_test_response(
            bot_token=self._client.token, auth_test_response=answer
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The app, and who it is to Slack."""

    app: AsyncApp
    identity: Identity


def build_desk(web: Web, settings: Settings) -> Desk:
    """Make the app with all of its listeners; no call leaves yet."""
    identity = Identity(
        AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
        )
    )

    async def authorize(
        enterprise_id: str | None, team_id: str | None
    ) -> AuthorizeResult:
        return await identity.of(enterprise_id, team_id)

    app = AsyncApp(
        name="copydesk",
        # without a token: Bolt takes it from `authorize`, for each request
        client=AsyncWebClient(base_url=settings.slack_api_url),
        authorize=authorize,
        # without a secret no request over HTTP can be genuine
        signing_secret=settings.slack_signing_secret.get_secret_value()
        or secrets.token_hex(32),
    )

    async def hand_over(
        context: dict[str, Any],
        next: Callable[[], Awaitable[None]],  # noqa: A002  # Bolt's name
    ) -> None:
        context["web"] = web
        await next()

    app.use(hand_over)
    for surface in SURFACES:
        surface.register(app)
    return Desk(app=app, identity=identity)


class Socket:
    """Socket Mode, and the watchdog that knows when it has gone deaf."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        self._handler = AsyncSocketModeHandler(app, app_token)
        self.is_connected = False

    async def open(self) -> None:
        await self._handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        self.is_connected = True

    async def wait_until_deaf(self) -> None:
        """Return when no ping was answered for `DEAF_AFTER`.

        The client's own reconnecting can stall for good; a new process does not.
        """
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while loop.time() - heard < DEAF_AFTER.total_seconds():
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
            self.is_connected = await self._handler.client.is_connected()
            if self.is_connected:
                heard = loop.time()

    async def close(self) -> None:
        self.is_connected = False
        await self._handler.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
