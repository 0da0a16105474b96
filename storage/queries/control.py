"""What a campaign's canary is held beside, as it is read."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import Campaign, CampaignId, State
from domain.control import Look, Past, beside_champion, beside_history
from storage.campaigns import campaign_from
from storage.events import totals_of
from storage.tables import campaigns, revisions, variants


def control(
    connection: Connection, campaign_id: CampaignId, *, look: Look, now: datetime
) -> str:
    """Say in words which control a campaign has: its champion, or history."""
    campaign = campaign_from(
        connection.execute(
            sa.select(campaigns).where(campaigns.c.id == campaign_id)
        ).one()
    )
    is_slot = bool(campaign.slot)
    champion = champion_of(connection, campaign_id)
    if champion is not None:
        return beside_champion(*champion, is_slot=is_slot)
    past = _before(connection, campaign, look=look, now=now)
    return beside_history(
        _past(connection, past), _past(connection, [campaign_id]), is_slot=is_slot
    )


def champion_of(
    connection: Connection, campaign_id: CampaignId
) -> tuple[str, int] | None:
    """The arm that is a champion's copy, and of which campaign; None without one."""
    query = (
        sa.select(variants.c.label, revisions.c.origin)
        .join(revisions, revisions.c.id == variants.c.revision_id)
        .where(variants.c.campaign_id == campaign_id, variants.c.is_arm)
        .order_by(variants.c.label)
    )
    for row in connection.execute(query):
        number = row.origin.get("champion_of")
        if number is not None:
            return str(row.label), int(number)
    return None


def _before(
    connection: Connection, campaign: Campaign, *, look: Look, now: datetime
) -> list[int]:
    """The newest campaigns of the same team and channel that went to everyone."""
    query = (
        sa.select(campaigns.c.id)
        .where(
            campaigns.c.state == State.SENT,
            campaigns.c.updated_at >= now - look.within,
            campaigns.c.team == campaign.team,
            campaigns.c.brief_channel == campaign.brief_channel,
            campaigns.c.id != campaign.id,
        )
        .order_by(campaigns.c.id.desc())
        .limit(look.campaigns)
    )
    return [int(row.id) for row in connection.execute(query)]


def _past(connection: Connection, campaign_ids: list[int]) -> Past:
    totals = totals_of(connection, campaign_ids).values()

    def of(metric: str) -> int:
        return sum(each.get(metric, 0) for each in totals)

    return Past(
        campaigns=len(campaign_ids),
        delivered=of("delivered"),
        clicks=of("clicked"),
        complaints=of("complained"),
        unsubscribes=of("unsubscribed"),
        hard_bounces=of("bounced_hard"),
    )
