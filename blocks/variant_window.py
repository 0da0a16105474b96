"""One variant in a window, read and decided without leaving Home."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    SectionBlock,
)
from slack_sdk.models.views import View

from blocks import variant_card
from blocks.ids import Action, Callback
from blocks.message import context, modal
from blocks.text import line
from domain.views import VariantCard


def window(view: VariantCard, *, now: datetime) -> View:
    """Draw the variant's card as a window; `private_metadata` is the variant's id.

    Its buttons are the card's, but Approve and Undo draw the window anew.
    """
    card = variant_card.render(view, now=now)
    title = f"#{view.campaign_id} {line(view.campaign_title, 120)}"
    return modal(
        title=f"#{view.campaign_id}, variant {view.label}",
        blocks=[
            context(f"{title} · tier {line(view.tier, 5)}"),
            *(_in_window(each) for each in card.blocks),
        ],
        callback=Callback.VARIANT_WINDOW,
        target=view.variant_id,
    )


_HERE: Final = {
    Action.APPROVE: Action.APPROVE_HERE,
    Action.UNDO: Action.UNDO_HERE,
}
"""Buttons after which the window has to be drawn anew."""


def _in_window(block: Block) -> Block:
    held: list[object] = []
    if isinstance(block, ActionsBlock):
        held = [*block.elements]
    elif isinstance(block, SectionBlock):
        held = [block.accessory]
    for each in held:
        if isinstance(each, ButtonElement) and each.action_id in _HERE:
            each.action_id = _HERE[Action(each.action_id)]
    return block
