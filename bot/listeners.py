"""Turns what happens in Slack into one call of one function, guarded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
import structlog
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.errors import SlackApiError
from slack_sdk.models.views import View

from blocks.ids import Verb
from blocks.message import Message, said
from bot.context import Web
from bot.errors import Listener, guarded, whisper
from bot.payloads import Click, Command, Pointing, Submission, Typing
from domain.errors import Refused

log = structlog.get_logger()

OnClick = Callable[[Click, Web, AsyncArgs], Awaitable[None]]
OnSubmit = Callable[[Submission, Web, AsyncArgs], Awaitable[None]]
OnTyping = Callable[[Typing, Web, AsyncArgs], Awaitable[None]]
OnPointing = Callable[[Pointing, Web, AsyncArgs], Awaitable[None]]
OnCommand = Callable[[Command, Web, AsyncArgs], Awaitable[None]]

SLACK_AWAY: Final = (SlackApiError, aiohttp.ClientError, TimeoutError)


def on_click(act: OnClick) -> Listener:
    """A listener for a button."""

    async def clicked(args: AsyncArgs, web: Web) -> None:
        await act(Click.of(args.body), web, args)

    return guarded(_named(clicked, act))


def on_choice(acts: Mapping[Verb, OnClick]) -> Listener:
    """A listener for an overflow menu, by what the option asks for."""

    async def chosen(args: AsyncArgs, web: Web) -> None:
        click = Click.of(args.body)
        act = acts.get(click.verb) if click.verb else None
        if act is None:
            raise Refused("This menu belongs to an older card; open the newest one.")
        await act(click, web, args)

    return guarded(chosen)


def on_submit(act: OnSubmit) -> Listener:
    """A listener for a submitted view."""

    async def submitted(args: AsyncArgs, web: Web) -> None:
        await act(Submission.of(args.body), web, args)

    return guarded(_named(submitted, act))


def on_typing(act: OnTyping) -> Listener:
    """A listener for an input that acts before its view is submitted."""

    async def typed_in(args: AsyncArgs, web: Web) -> None:
        await act(Typing.of(args.body), web, args)

    return guarded(_named(typed_in, act))


def on_pointing(act: OnPointing) -> Listener:
    """A listener for a shortcut on a message."""

    async def pointed(args: AsyncArgs, web: Web) -> None:
        await act(Pointing.of(args.body), web, args)

    return guarded(_named(pointed, act))


def on_command(act: OnCommand) -> Listener:
    """A listener for a slash command."""

    async def typed(args: AsyncArgs, web: Web) -> None:
        await act(Command.of(args.body), web, args)

    return guarded(_named(typed, act))


def _named(listener: Listener, act: Callable[..., Any]) -> Listener:
    listener.__name__ = act.__name__
    listener.__qualname__ = f"{act.__module__}.{act.__name__}"
    return listener


async def say(slack: AsyncArgs, message: Message) -> None:
    """Answer a command so that only the person who typed it sees the answer."""
    if slack.ack.response is None:
        await slack.ack(**message.payload(), response_type="ephemeral")
    else:
        await slack.respond(**message.payload(), response_type="ephemeral")


async def open_window(
    slack: AsyncArgs, view: View, *, otherwise: str | None = None
) -> str | None:
    """Open a view for the person; from inside a modal, on top of it.

    Returns its id, or None when it was said in words.

    Args:
        otherwise: What to say in words, as mrkdwn, when Slack cannot open it.

    Raises:
        SlackApiError: It cannot open, and there are no words for it.
    """
    parent = slack.body.get("view")
    is_inside = parent is not None and parent["type"] == "modal"
    method = slack.client.views_push if is_inside else slack.client.views_open
    try:
        opened = await method(trigger_id=slack.body["trigger_id"], view=view)
    except SLACK_AWAY as error:
        if otherwise is None:
            raise
        log.warning("slack.window_failed", why=type(error).__name__)
        await whisper(slack, said(otherwise))
        return None
    return str(opened["view"]["id"])
