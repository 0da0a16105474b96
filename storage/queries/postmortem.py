"""An incident with all that its postmortem needs, in a fixed number of statements."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.postmortem import PostmortemView, SentText
from domain.views import Facts
from storage.events import totals_of
from storage.queries.canary import points
from storage.queries.copies import revision
from storage.queries.decided import decision_lines
from storage.queries.records import audit, incident_of
from storage.tables import campaigns, decisions, incidents, variants


def postmortem(
    connection: Connection, campaign_id: CampaignId, facts: Facts
) -> PostmortemView:
    """Read what is known of a campaign's incident.

    Raises:
        Unknown: There is no such campaign, or it was never rolled back.
    """
    row = connection.execute(
        sa.select(campaigns, incidents.c.evidence)
        .outerjoin(incidents, incidents.c.campaign_id == campaigns.c.id)
        .where(campaigns.c.id == campaign_id)
    ).first()
    if row is None:
        raise Unknown(f"There is no campaign #{campaign_id}.")
    found = incident_of(connection, campaign_id, row.title)
    if found is None:
        raise Unknown(f"Campaign #{campaign_id} has no incident.")
    stages = facts.of(row.team).stages.get(row.tier, ())
    return PostmortemView(
        incident=found,
        author=row.author,
        tier=row.tier,
        recipients=row.audience_size,
        policy=row.policy_hash,
        evidence=_evidence(row.evidence),
        totals=totals_of(connection, [campaign_id]).get(campaign_id, {}),
        texts=_sent_texts(connection, campaign_id),
        decisions=decision_lines(
            connection, decisions.c.campaign_id == campaign_id, stages
        ),
        points=points(connection, campaign_id),
        timeline=audit(connection, campaign_id),
    )


def _evidence(raw: Any) -> dict[str, object]:
    return dict(raw) if isinstance(raw, dict) else {}


def _sent_texts(
    connection: Connection, campaign_id: CampaignId
) -> tuple[SentText, ...]:
    """The arms' present texts: chosen, and never changed since."""
    query = (
        sa.select(variants.c.revision_id)
        .where(variants.c.campaign_id == campaign_id, variants.c.is_arm)
        .order_by(variants.c.label)
    )
    seen = [
        revision(connection, key) for key in connection.execute(query).scalars() if key
    ]
    return tuple(
        SentText(
            label=each.variant_label,
            revision=each.number,
            sha256=each.text.sha256,
            text=each.text,
            before=each.parent,
            channel=each.channel,
            findings=each.findings,
        )
        for each in seen
    )
