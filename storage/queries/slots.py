"""What a slot shows: asked for every visitor's page, so in one small statement."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId
from domain.channel import Channel
from domain.exposure import Showing, SlotArm, SlotVersion
from domain.variant import Copy
from storage.exposures import live_in, slot_taken_by
from storage.sends import cohorts_of
from storage.tables import Utc, briefs, campaigns, revisions, variants

# A new version is shown while its gate is open and nothing is frozen for it; the second
# half finds the last that passed, by the index. What it shows never changes by then.
_SHOWING: Final = sa.text("""
    SELECT c.id, c.step,
        CASE WHEN c.decides_at IS NULL THEN 0 ELSE 1 END AS is_full,
        CASE WHEN EXISTS (SELECT 1 FROM exposures e
            WHERE e.campaign_id = c.id AND e.visitor = :visitor)
            THEN 1 ELSE 0 END AS has_seen,
        1 AS is_new
    FROM campaigns c
    WHERE c.slot = :slot AND c.state IN ('canary', 'expanding')
        AND NOT EXISTS (SELECT 1 FROM freezes f
            WHERE f.until > :now
                AND (f.scope = 'tenant' OR (f.scope = 'team' AND f.target = c.team))
                AND NOT EXISTS (SELECT 1 FROM freeze_acts a
                    WHERE a.freeze_id = f.id AND a.act = 'lifted'))
    UNION ALL
    SELECT id, 0, 0, 0, 0 FROM (SELECT id FROM campaigns
        WHERE slot = :slot AND state = 'sent'
        ORDER BY updated_at DESC, id DESC LIMIT 1) AS live
""").bindparams(sa.bindparam("now", type_=Utc))


def showing(
    connection: Connection, slot: str, visitor: str, *, now: datetime
) -> Showing:
    """Which campaigns a slot shows now, as one visitor is concerned.

    Args:
        visitor: Keyed hash of the visitor's key.
    """
    new: CampaignId | None = None
    live: CampaignId | None = None
    step, is_full, has_seen = 0, False, False
    given = {"slot": slot, "visitor": visitor, "now": now}
    for row in connection.execute(_SHOWING, given):
        if row.is_new:
            new, step = CampaignId(row.id), row.step
            is_full, has_seen = bool(row.is_full), bool(row.has_seen)
        else:
            live = CampaignId(row.id)
    return Showing(new=new, step=step, is_full=is_full, has_seen=has_seen, live=live)


def slot_standing(
    connection: Connection, slot: str
) -> tuple[CampaignId | None, CampaignId | None, str]:
    """(whose version is being tried, whose everybody sees, the first one's state)."""
    trying = slot_taken_by(connection, slot)
    state = connection.execute(
        sa.select(campaigns.c.state).where(campaigns.c.id == trying)
    ).scalar()
    return trying, live_in(connection, slot), str(state or "")


def slot_version(connection: Connection, campaign_id: CampaignId) -> SlotVersion:
    """A campaign's copy as its slot shows it; never changes once it is shown."""
    query = (
        sa.select(
            variants.c.id,
            variants.c.label,
            revisions.c.subject,
            revisions.c.preheader,
            revisions.c.body,
            campaigns.c.brief_channel,
            campaigns.c.slot,
            briefs.c.body.label("brief"),
        )
        .join(revisions, revisions.c.id == variants.c.revision_id)
        .join(campaigns, campaigns.c.id == variants.c.campaign_id)
        .join(briefs, briefs.c.id == campaigns.c.brief_id)
        .where(variants.c.campaign_id == campaign_id, variants.c.is_arm)
        .order_by(variants.c.label)
    )
    rows = connection.execute(query).all()
    return SlotVersion(
        campaign_id=campaign_id,
        channel=Channel(rows[0].brief_channel) if rows else Channel.LANDING_PAGE,
        shares=tuple(each.percent for each in cohorts_of(connection, campaign_id)),
        arms=tuple(
            SlotArm(
                variant_id=row.id,
                label=row.label,
                text=Copy(subject=row.subject, preheader=row.preheader, body=row.body),
                cta_url=str(row.brief["cta_url"]),
                allowed_links=tuple(map(str, row.brief.get("allowed_links") or ())),
            )
            for row in rows
        ),
    )
