"""The Home tab, the bot's own arrivals in channels, and clicks nobody answers for."""

from __future__ import annotations

import re
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from blocks import home_tab
from bot.context import Web
from bot.errors import guarded
from domain.errors import Refused
from pipeline import record
from storage import queries

log = structlog.get_logger()


def register(app: AsyncApp) -> None:
    app.event("app_home_opened")(app_home_opened)
    app.event("member_joined_channel")(member_joined_channel)
    # last: what no other listener knows, such as a button of an older version
    app.action(re.compile(".*"))(stale)
    app.view(re.compile(".*"))(stale)


@guarded
async def app_home_opened(
    event: dict[str, Any], client: AsyncWebClient, web: Web
) -> None:
    if event.get("tab") != "home":
        return
    user = str(event["user"])
    view = await web.read(queries.home, user, web.facts)
    await client.views_publish(user_id=user, view=home_tab.render(view, now=web.now()))


@guarded
async def member_joined_channel(
    event: dict[str, Any], context: AsyncBoltContext, web: Web
) -> None:
    """Post what could not be posted while the bot was not in the channel."""
    if event["user"] != context.bot_user_id:
        return
    channel = str(event["channel"])
    queued = await web.write(record.channel_joined, channel)
    log.info("slack.channel_joined", channel=channel, queued=queued)


@guarded
async def stale() -> None:
    raise Refused("This belongs to an older card; open the newest one.")
