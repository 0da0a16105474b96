"""The canary policy that each campaign was approved with."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId
from domain.canary_limits import Limits, limits_of, packed, policy_hash
from domain.canary_policy import CanaryPolicy
from storage.repository import Repository
from storage.tables import canary_pins

_PIN: Final = sa.select(canary_pins.c.body).where(
    canary_pins.c.campaign_id == sa.bindparam("campaign_id")
)
_AGAIN: Final = sa.update(canary_pins).where(
    canary_pins.c.campaign_id == sa.bindparam("whose")
)


def campaign_limits(
    connection: Connection, campaign_id: CampaignId, today: CanaryPolicy
) -> Limits:
    """What a campaign is judged by, `today` being the playbook's policy."""
    pinned = connection.execute(_PIN, {"campaign_id": campaign_id}).scalar()
    return limits_of(pinned, today)


class CanaryPins(Repository):
    def pin(self, campaign_id: CampaignId, policy: CanaryPolicy) -> str:
        """Keep what a campaign is approved with, and return its hash.

        An approval that was taken back and given again is the one that counts.
        """
        sha256 = policy_hash(policy)
        kept = {"body": packed(policy), "sha256": sha256, "pinned_at": self.now}
        if not self._insert_new(canary_pins, campaign_id=campaign_id, **kept):
            self.connection.execute(_AGAIN, {"whose": campaign_id, **kept})
        return sha256

    def limits(self, campaign_id: CampaignId, today: CanaryPolicy) -> Limits:
        return campaign_limits(self.connection, campaign_id, today)
