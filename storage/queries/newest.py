"""The newest card of what somebody clicked about, as far as Slack has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId
from domain.newest import CardPlace, Noun
from storage.campaigns import FOLLOWS
from storage.messages import card_key
from storage.tables import (
    decisions,
    review_requests,
    revisions,
    slack_messages,
    suggestions,
    variants,
)

_TARGET: Final[sa.BindParameter[int]] = sa.bindparam("target")
_OF_VARIANT: Final[Mapping[Noun, sa.Select[Any]]] = {
    Noun.VARIANT: sa.select(variants.c.id).where(variants.c.id == _TARGET),
    **{
        noun: sa.select(table.c.variant_id).where(table.c.id == _TARGET)
        for noun, table in (
            (Noun.REVISION, revisions),
            (Noun.REQUEST, review_requests),
            (Noun.DECISION, decisions),
            (Noun.SUGGESTION, suggestions),
        )
    },
}


_FOUND: Final = sa.select(slack_messages).where(
    slack_messages.c.key.in_(sa.bindparam("keys", expanding=True)),
    slack_messages.c.ts.is_not(None),
)


def newest_card(connection: Connection, noun: Noun, target: int) -> CardPlace | None:
    """Find the card; the campaign's own when its variant has none.

    Returns:
        None when there is no such row, or nothing of it is in Slack yet.
    """
    label, keys = None, []
    if noun in _OF_VARIANT:
        query = sa.select(variants).where(
            variants.c.id == _OF_VARIANT[noun].scalar_subquery()
        )
        variant = connection.execute(query, {"target": target}).first()
        if variant is None:
            return None
        campaign_id, label = variant.campaign_id, variant.label
        keys.append(f"variant:{variant.id}")
    elif noun is Noun.BRIEF:
        campaign_id = connection.execute(FOLLOWS, {"brief_id": target}).scalar()
    else:
        campaign_id = target
    keys.append(card_key(campaign_id))
    rows = connection.execute(_FOUND, {"keys": keys})
    newest = min(rows, key=lambda row: keys.index(row.key), default=None)
    if newest is None:
        return None
    return CardPlace(
        campaign_id=CampaignId(newest.campaign_id),
        variant_label=label if newest.key == keys[0] and label else None,
        channel=newest.channel,
        ts=newest.ts,
    )
