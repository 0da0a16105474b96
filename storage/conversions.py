"""Conversions: one row per event on the sender's pages, counted once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from domain.campaign import CampaignId
from domain.variant import VariantId
from storage.repository import Repository, ignore_taken
from storage.tables import conversions, variants


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """A conversion whose link is known.

    Attributes:
        event_hash: Keyed hash of the sender's own id of the event.
    """

    campaign_id: CampaignId
    variant_id: VariantId
    kind: str
    event_hash: str
    at: datetime
    value: float | None


_BY_LABEL: Final = sa.select(
    variants.c.campaign_id, variants.c.label, variants.c.id
).where(variants.c.campaign_id.in_(sa.bindparam("campaign_ids", expanding=True)))


class Conversions(Repository):
    def variants_of(
        self, campaign_ids: Collection[int]
    ) -> Mapping[tuple[int, str], VariantId]:
        """Variant by campaign and label; a campaign that is not ours has none."""
        rows = self._all(_BY_LABEL, campaign_ids=list(campaign_ids))
        return {(row.campaign_id, row.label): VariantId(row.id) for row in rows}

    def add(self, found: Sequence[Attributed], *, source: str) -> dict[CampaignId, int]:
        """Store what was not known; the new ones per campaign.

        Args:
            source: webhook or file.
        """
        new: dict[CampaignId, int] = {}
        statement = ignore_taken(self.connection, conversions)
        # in one order for all, so that no two batches wait for each other
        for each in sorted(found, key=lambda x: (x.campaign_id, x.kind, x.event_hash)):
            row = {
                "campaign_id": each.campaign_id,
                "variant_id": each.variant_id,
                "kind": each.kind,
                "event_hash": each.event_hash,
                "at": each.at,
                "value": each.value,
                "source": source,
                "received_at": self.now,
            }
            if self.connection.execute(statement, row).rowcount > 0:
                new[each.campaign_id] = new.get(each.campaign_id, 0) + 1
        return new
