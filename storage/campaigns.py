"""Briefs and campaigns: the rows a workflow moves through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import Campaign, CampaignId, State
from domain.errors import Unknown
from domain.review import RequestId
from storage.repository import Repository
from storage.tables import briefs, campaigns, review_requests


def campaign_from(row: Row[Any]) -> Campaign:
    return Campaign(
        id=CampaignId(row.id),
        version=row.version,
        state=State(row.state),
        stage=row.stage,
        step=row.step,
        paused_from=State(row.paused_from) if row.paused_from else None,
        reason=row.reason,
        brief_id=row.brief_id,
        title=row.title,
        tier=row.tier,
        author=row.author,
        channel=row.channel,
        audience_id=row.audience_id,
        audience_size=row.audience_size,
        send_at=row.send_at,
        step_started_at=row.step_started_at,
        decides_at=row.decides_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


_CAMPAIGN: Final = sa.select(campaigns).where(
    campaigns.c.id == sa.bindparam("campaign_id")
)
_LOCKED: Final = _CAMPAIGN.with_for_update()
_LOCKED_FOR: Final = (
    sa.select(campaigns)
    .where(
        campaigns.c.id
        == sa.select(review_requests.c.campaign_id)
        .where(review_requests.c.id == sa.bindparam("request_id"))
        .scalar_subquery()
    )
    .with_for_update()
)
_NOTE: Final = sa.update(campaigns).where(campaigns.c.id == sa.bindparam("campaign_id"))
_BRIEF: Final = (
    sa.select(briefs.c.body)
    .join(campaigns, campaigns.c.brief_id == briefs.c.id)
    .where(campaigns.c.id == sa.bindparam("campaign_id"))
)


class Campaigns(Repository):
    def __init__(self, connection: Connection, now: datetime) -> None:
        super().__init__(connection, now)
        self._held: dict[CampaignId, Campaign] = {}

    def add_brief(
        self, body: Mapping[str, object], *, sha256: str, author: str, source: str
    ) -> int:
        return self._insert(
            briefs,
            body=dict(body),
            sha256=sha256,
            author=author,
            source=source,
            created_at=self.now,
        )

    def brief(self, campaign_id: CampaignId) -> dict[str, object]:
        """The brief's JSON as it was given."""
        row = self._one(_BRIEF, campaign_id=campaign_id)
        if row is None:
            raise Unknown(f"There is no campaign #{campaign_id}.")
        return dict(row.body)

    def add(
        self,
        *,
        brief_id: int,
        title: str,
        tier: str,
        author: str,
        channel: str,
        audience_id: int,
        audience_size: int,
        suppressed_before: int,
        prompt: str,
        policy_hash: str,
        send_at: datetime | None,
    ) -> Campaign:
        """Add a briefed campaign at version 1."""
        key = self._insert(
            campaigns,
            version=1,
            state=State.BRIEFED,
            step=0,
            brief_id=brief_id,
            title=title,
            tier=tier,
            author=author,
            channel=channel,
            audience_id=audience_id,
            audience_size=audience_size,
            suppressed_before=suppressed_before,
            prompt=prompt,
            policy_hash=policy_hash,
            send_at=send_at,
            moved_by=author,
            created_at=self.now,
            updated_at=self.now,
        )
        return self.get(CampaignId(key))

    def get(self, campaign_id: CampaignId) -> Campaign:
        """Read a campaign.

        Raises:
            Unknown: There is none with that number.
        """
        return self._get(_CAMPAIGN, campaign_id)

    def lock(self, campaign_id: CampaignId) -> Campaign:
        """Read a campaign and keep others from moving it until we commit.

        On SQLite the transaction holds the only write lock already. A row that this
        transaction holds is not read again.
        """
        if campaign_id not in self._held:
            self._held[campaign_id] = self._get(_LOCKED, campaign_id)
        return self._held[campaign_id]

    def lock_for(self, request_id: RequestId) -> Campaign:
        """Lock the campaign that a review request is about.

        Raises:
            Unknown: There is no request with that id.
        """
        row = self._one(_LOCKED_FOR, request_id=request_id)
        if row is None:
            raise Unknown("There is no such review request.")
        campaign = campaign_from(row)
        self._held[campaign.id] = campaign
        return campaign

    def _get(self, query: sa.Select[Any], campaign_id: CampaignId) -> Campaign:
        row = self._one(query, campaign_id=campaign_id)
        if row is None:
            raise Unknown("There is no campaign with that number.")
        return campaign_from(row)

    def swap(
        self, campaign: Campaign, state: State, *, moved_by: str, **changes: object
    ) -> Campaign:
        """Compare-and-swap on the version; the loser gets `Overtaken`."""
        row = self._swap(
            campaigns,
            campaign.id,
            campaign.version,
            state=state,
            moved_by=moved_by,
            updated_at=self.now,
            **changes,
        )
        self._held[campaign.id] = campaign_from(row)
        return self._held[campaign.id]

    def note(self, campaign_id: CampaignId, **facts: object) -> None:
        """Set facts that are not transitions: the arms' reason, the judge's words."""
        self._held.pop(campaign_id, None)
        self.connection.execute(_NOTE, {"campaign_id": campaign_id, **facts})

    def policy_hash(self, campaign_id: CampaignId) -> str:
        row = self._one(
            sa.select(campaigns.c.policy_hash).where(campaigns.c.id == campaign_id)
        )
        return str(row.policy_hash) if row else ""
