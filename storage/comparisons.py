"""Comparisons that people have put in a campaign's thread; the audit trail has them."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId
from domain.comparison import PostedComparison
from domain.variant import RevisionId
from storage.audit import detail_from
from storage.tables import audit_events

COMPARED: Final = "comparison_posted"
"""The audit event of asking for a comparison in the thread."""

_POSTED: Final = (
    sa.select(audit_events)
    .where(
        audit_events.c.campaign_id == sa.bindparam("campaign_id"),
        audit_events.c.event == COMPARED,
    )
    .order_by(audit_events.c.seq)
)


def posted_comparisons(
    connection: Connection, campaign_id: CampaignId
) -> tuple[PostedComparison, ...]:
    """Every comparison that is to be in the thread, in order."""
    found = []
    for row in connection.execute(_POSTED, {"campaign_id": campaign_id}):
        detail = detail_from(row.detail)
        left, right = _revision(detail, "left"), _revision(detail, "right")
        if left is not None and right is not None:
            found.append(
                PostedComparison(left=left, right=right, actor=row.actor, at=row.at)
            )
    return tuple(found)


def _revision(detail: Any, side: str) -> RevisionId | None:
    """The id as `record.post_comparison` wrote it; None when it was made unreadable."""
    column = detail.get(side) if isinstance(detail, dict) else None
    number = column.get("id") if isinstance(column, dict) else None
    return RevisionId(number) if isinstance(number, int) else None
