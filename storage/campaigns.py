"""Briefs and campaigns: the rows a workflow moves through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import Campaign, CampaignId, State
from domain.channel import Channel
from domain.errors import Unknown
from domain.review import RequestId
from domain.strategy import BriefVersion
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
        team=row.team,
        channel=row.channel,
        brief_channel=Channel(row.brief_channel),
        slot=row.slot,
        audience_id=row.audience_id,
        audience_size=row.audience_size,
        send_at=row.send_at,
        step_started_at=row.step_started_at,
        decides_at=row.decides_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


_FIELDS: Final = frozenset(field.name for field in fields(Campaign))
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
_VERSIONS: Final = (
    sa.select(briefs.c.id).where(briefs.c.id == sa.bindparam("brief_id"))
).cte("versions", recursive=True)
_SINCE: Final = _VERSIONS.union_all(
    sa.select(briefs.c.id).join(_VERSIONS, briefs.c.parent_id == _VERSIONS.c.id)
)
FOLLOWS: Final = sa.select(campaigns.c.id).where(
    campaigns.c.brief_id.in_(sa.select(_SINCE.c.id))
)
"""The campaign that follows a brief version, or a later one."""
_NOTE: Final = sa.update(campaigns).where(campaigns.c.id == sa.bindparam("campaign_id"))
_BRIEF: Final = (
    sa.select(briefs.c.body)
    .join(campaigns, campaigns.c.brief_id == briefs.c.id)
    .where(campaigns.c.id == sa.bindparam("campaign_id"))
)
_BRIEF_VERSION: Final = (
    sa.select(briefs, campaigns.c.id.label("campaign_id"))
    .join(campaigns, campaigns.c.brief_id == briefs.c.id)
    .where(campaigns.c.id == sa.bindparam("campaign_id"))
)


def brief_version_from(row: Row[Any]) -> BriefVersion:
    return BriefVersion(
        id=row.id,
        campaign_id=CampaignId(row.campaign_id),
        number=row.number,
        sha256=row.sha256,
        body=dict(row.body),
        author=row.author,
    )


class Campaigns(Repository):
    def __init__(self, connection: Connection, now: datetime) -> None:
        super().__init__(connection, now)
        self._held: dict[CampaignId, Campaign] = {}
        # a brief's row never changes; which one is followed, only `swap` changes
        self._briefs: dict[CampaignId, dict[str, object]] = {}

    def add_brief(
        self,
        body: Mapping[str, object],
        *,
        sha256: str,
        author: str,
        source: str,
        parent: BriefVersion | None = None,
    ) -> int:
        """Keep a brief for good; a changed one is the version after its parent."""
        return self._insert(
            briefs,
            body=dict(body),
            sha256=sha256,
            author=author,
            source=source,
            number=1 if parent is None else parent.number + 1,
            parent_id=None if parent is None else parent.id,
            created_at=self.now,
        )

    def brief_version(self, campaign_id: CampaignId) -> BriefVersion:
        """The brief that the campaign follows now.

        Raises:
            Unknown: There is no such campaign.
        """
        row = self._one(_BRIEF_VERSION, campaign_id=campaign_id)
        if row is None:
            raise Unknown(f"There is no campaign #{campaign_id}.")
        return brief_version_from(row)

    def brief(self, campaign_id: CampaignId) -> dict[str, object]:
        """The brief's JSON as it was given."""
        if campaign_id not in self._briefs:
            row = self._one(_BRIEF, campaign_id=campaign_id)
            if row is None:
                raise Unknown(f"There is no campaign #{campaign_id}.")
            self._briefs[campaign_id] = dict(row.body)
        return self._briefs[campaign_id]

    def add(
        self,
        *,
        brief_id: int,
        title: str,
        tier: str,
        author: str,
        team: str = "",
        channel: str,
        brief_channel: Channel = Channel.EMAIL,
        slot: str = "",
        audience_id: int,
        audience_size: int,
        suppressed_before: int,
        prompt: str,
        policy_hash: str,
        send_at: datetime | None,
        state: State = State.BRIEFED,
        tier_reason: str | None = None,
    ) -> Campaign:
        """Add a campaign at version 1."""
        key = self._insert(
            campaigns,
            version=1,
            state=state,
            step=0,
            brief_id=brief_id,
            title=title,
            tier=tier,
            tier_reason=tier_reason,
            author=author,
            team=team,
            channel=channel,
            brief_channel=brief_channel,
            slot=slot,
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
        """Read a campaign; one that this transaction holds is not read again.

        Raises:
            Unknown: There is none with that number.
        """
        held = self._held.get(campaign_id)
        return held if held is not None else self._get(_CAMPAIGN, campaign_id)

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

    def lock_for_brief(self, brief_id: int) -> Campaign:
        """Lock the campaign that follows this brief version, or a later one.

        Raises:
            Unknown: No campaign follows it.
        """
        row = self._one(FOLLOWS, brief_id=brief_id)
        if row is None:
            raise Unknown("There is no such brief.")
        # by its number, which stays, while the brief it follows may change meanwhile
        return self.lock(CampaignId(row.id))

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
        if "brief_id" in changes:
            self._briefs.pop(campaign.id, None)
        self._held[campaign.id] = campaign_from(row)
        return self._held[campaign.id]

    def note(self, campaign_id: CampaignId, **facts: object) -> None:
        """Set facts that are not transitions: the arms' reason, the judge's words."""
        if facts.keys() & _FIELDS:
            self._held.pop(campaign_id, None)
        self.connection.execute(_NOTE, {"campaign_id": campaign_id, **facts})

    def policy_hash(self, campaign_id: CampaignId) -> str:
        row = self._one(
            sa.select(campaigns.c.policy_hash).where(campaigns.c.id == campaign_id)
        )
        return str(row.policy_hash) if row else ""
