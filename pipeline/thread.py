"""Where a campaign's thread is."""

from __future__ import annotations

from domain.campaign import CampaignId
from domain.errors import TryLater
from pipeline.slack import Posted
from pipeline.wiring import Deps
from storage.messages import card_key


def thread_of(deps: Deps, campaign_id: CampaignId) -> Posted:
    """The card that begins it.

    Raises:
        TryLater: The card is not posted yet.
    """
    key = card_key(campaign_id)
    card = deps.database.look(lambda store: store.messages.get(key))
    if card is None or card.ts is None:
        raise TryLater("The card of this thread is not posted yet.")
    return Posted(channel=card.channel, ts=card.ts)
