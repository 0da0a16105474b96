"""A variant in a window, opened from Home, and deciding from inside a window."""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import variant_window
from blocks.ids import Action, Callback
from bot import compare, home, review
from bot.context import Web
from bot.listeners import SLACK_AWAY, on_click, open_window
from bot.payloads import Click, Columns, number
from domain.variant import VariantId
from storage import queries

log = structlog.get_logger()


def register(app: AsyncApp) -> None:
    app.action(Action.OPEN_VARIANT)(on_click(open_variant))
    app.action(Action.APPROVE_HERE)(on_click(approve_here))
    app.action(Action.UNDO_HERE)(on_click(undo_here))


async def open_variant(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    view = await web.read(queries.variant_card, VariantId(click.target), web.facts)
    await open_window(slack, variant_window.window(view, now=web.now()))


async def approve_here(click: Click, web: Web, slack: AsyncArgs) -> None:
    """Approve as the card's button does."""
    await review.approve(click, web, slack)
    await _redraw(click, web, slack)


async def undo_here(click: Click, web: Web, slack: AsyncArgs) -> None:
    """Take a decision back as the card's button does."""
    await review.undo(click, web, slack)
    await _redraw(click, web, slack)


async def _redraw(click: Click, web: Web, slack: AsyncArgs) -> None:
    """Show what the window is about as it is now.

    What was decided is done, also when the window has been closed meanwhile.
    """
    view: dict[str, Any] = slack.body.get("view") or {}
    try:
        if view.get("callback_id") == Callback.COMPARISON:
            await compare.redraw(Columns.of(slack.body), web, slack)
        elif view.get("callback_id") == Callback.VARIANT_WINDOW:
            variant = VariantId(number(str(view["private_metadata"])))
            card = await web.read(queries.variant_card, variant, web.facts)
            await slack.client.views_update(
                view_id=view["id"], view=variant_window.window(card, now=web.now())
            )
    except SLACK_AWAY as error:
        log.info("window.not_drawn", why=type(error).__name__)
    if view.get("callback_id") == Callback.VARIANT_WINDOW:
        await home.publish(click.user, web, slack.client)
