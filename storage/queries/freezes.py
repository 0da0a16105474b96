"""Freezes as they are read: what lasts, what is over, and whose mails one stops."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import LIVE, Campaign, CampaignId, State
from domain.freeze import Freeze, frozen
from storage import freezes as stored
from storage.tables import campaigns

_UNDER: Final[Collection[State]] = LIVE | {State.APPROVED}
"""Where a freeze keeps mails from leaving that would leave by themselves."""


def freezes(connection: Connection, *, now: datetime) -> tuple[Freeze, ...]:
    """What is frozen at `now`, what ends first before the rest."""
    return stored.active_freezes(connection, now)


def past_freezes(connection: Connection, *, limit: int = 20) -> tuple[Freeze, ...]:
    """The last freezes, over or not, newest first."""
    return stored.last_freezes(connection, limit)


def frozen_campaign(
    connection: Connection, campaign: Campaign, esp: str
) -> Freeze | None:
    """What keeps a campaign's mails from leaving, when it has any that would.

    Counted from its last change: whoever shows it leaves out what has ended by then.
    """
    if campaign.state not in _UNDER:
        return None
    return frozen(
        stored.active_freezes(connection, campaign.updated_at),
        team=campaign.team,
        esp="" if campaign.slot else esp,
        now=campaign.updated_at,
    )


def covered_by(
    connection: Connection, freeze: Freeze, esp: str
) -> tuple[CampaignId, ...]:
    """Campaigns whose mails a freeze stops, or has stopped; oldest first."""
    query = (
        sa.select(campaigns.c.id, campaigns.c.team, campaigns.c.slot)
        .where(campaigns.c.state.in_(sorted(_UNDER)))
        .order_by(campaigns.c.id)
    )
    return tuple(
        CampaignId(row.id)
        for row in connection.execute(query)
        if freeze.covers(team=row.team, esp="" if row.slot else esp)
    )
