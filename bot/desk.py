"""`/desk`: how the desk is doing; freezing all of it; and bringing a list in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import notices, stage_metrics
from bot import freeze, upload
from bot.context import Web
from bot.listeners import on_command, say
from bot.payloads import Command
from domain.stage_metrics import parse_days
from storage import queries


def register(app: AsyncApp) -> None:
    app.command("/desk")(on_command(desk))


async def desk(command: Command, web: Web, slack: AsyncArgs) -> None:
    """Answer one of `ANSWERS`; anything else, also nothing, with help."""
    verb, *rest = command.words or [""]
    answer = ANSWERS.get(verb)
    if answer is None:
        await say(slack, notices.desk_help())
        return
    await answer(command, rest, web, slack)


async def status(
    _command: Command, rest: list[str], web: Web, slack: AsyncArgs
) -> None:
    if rest:
        await say(slack, notices.desk_help())
        return
    await slack.ack()
    found = await web.read(queries.status, web.facts, now=web.now())
    await say(slack, notices.status(found))


async def metrics(
    _command: Command, rest: list[str], web: Web, slack: AsyncArgs
) -> None:
    """`/desk metrics [days]`."""
    days = parse_days(rest)
    await slack.ack()
    found = await web.read(queries.stage_metrics, web.facts, now=web.now(), days=days)
    await say(slack, stage_metrics.metrics(found))


Answer = Callable[[Command, list[str], Web, AsyncArgs], Awaitable[None]]
ANSWERS: Final[Mapping[str, Answer]] = {
    "status": status,
    "metrics": metrics,
    "freeze": freeze.freeze,
    "lift": freeze.lift,
    "import": upload.ask,
}
