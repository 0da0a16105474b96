"""`/desk`: how the desk is doing."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import notices
from bot.context import Web
from bot.listeners import on_command, say
from bot.payloads import Command
from storage import queries


def register(app: AsyncApp) -> None:
    app.command("/desk")(on_command(desk))


async def desk(command: Command, web: Web, slack: AsyncArgs) -> None:
    """`/desk status`; anything else, also nothing, is answered with help."""
    if command.words != ["status"]:
        await say(slack, notices.desk_help())
        return
    await slack.ack()
    status = await web.read(queries.status, web.facts, now=web.now())
    await say(slack, notices.status(status))
