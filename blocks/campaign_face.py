"""What each state contributes to the campaign card."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk.models.blocks import Block, ButtonElement

from blocks.ids import Action, Verb
from blocks.message import button
from domain.campaign import CampaignId


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One state's share of the card."""

    # bold, plain words
    state: str
    # the same for a notification: no mentions, no date tokens
    aloud: str
    beside: tuple[str, ...] = ()
    # the one thing to do or to expect next
    next: str = ""
    progress: Block | None = None
    evidence: tuple[str, ...] = ()
    buttons: tuple[ButtonElement, ...] = ()
    more: tuple[tuple[str, Verb, int], ...] = ()


def cancel(campaign: CampaignId) -> ButtonElement:
    return button(
        "Cancel", Action.CANCEL_CAMPAIGN, campaign, aloud=f"Cancel campaign {campaign}"
    )
