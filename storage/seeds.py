"""Seed mails: one row per campaign, and no address in it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.seeds import SeedMails, SeedState
from storage.repository import Repository
from storage.tables import seed_mails


def _seeds_from(row: Row[Any]) -> SeedMails:
    return SeedMails(
        id=row.id,
        campaign_id=CampaignId(row.campaign_id),
        version=row.version,
        state=SeedState(row.state),
        seeds=row.seeds,
        mails=row.mails,
        accepted=row.accepted,
        intent_at=row.intent_at,
        reason=row.reason,
    )


def seeds_of(connection: Connection, campaign_id: CampaignId) -> SeedMails | None:
    """A campaign's seed mails; None before its canary, or where nobody gets any."""
    query = sa.select(seed_mails).where(seed_mails.c.campaign_id == campaign_id)
    row = connection.execute(query).first()
    return None if row is None else _seeds_from(row)


class Seeds(Repository):
    def plan(self, campaign_id: CampaignId, seeds: int) -> None:
        """Say once that so many of the team get each variant."""
        self._insert_new(
            seed_mails,
            campaign_id=campaign_id,
            version=1,
            state=SeedState.PLANNED,
            seeds=seeds,
            mails=0,
            accepted=0,
        )

    def of(self, campaign_id: CampaignId) -> SeedMails | None:
        return seeds_of(self.connection, campaign_id)

    def get(self, seeds_id: int) -> SeedMails:
        """Read seed mails.

        Raises:
            Unknown: There are none with that id.
        """
        row = self._one(sa.select(seed_mails).where(seed_mails.c.id == seeds_id))
        if row is None:
            raise Unknown("There are no such seed mails.")
        return _seeds_from(row)

    def swap(self, found: SeedMails, state: SeedState, **changes: object) -> SeedMails:
        """Compare-and-swap on the row's own version; the loser gets `Overtaken`."""
        row = self._swap(seed_mails, found.id, found.version, state=state, **changes)
        return _seeds_from(row)
