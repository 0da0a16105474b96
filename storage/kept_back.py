"""Recipients who read a fallback for privacy, or got no mail; the audit trail has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId
from storage.audit import detail_from
from storage.tables import audit_events

KEPT_BACK: Final = "values_kept_back"
"""The audit event of a chunk of which somebody did not read their own values."""

_EVENTS: Final = (
    sa.select(audit_events.c.detail)
    .where(
        audit_events.c.campaign_id == sa.bindparam("campaign_id"),
        audit_events.c.event == KEPT_BACK,
    )
    .order_by(audit_events.c.seq)
)


_LATEST: Final = 50
"""A chunk that is put off is merged again before many others are."""


def is_kept(
    connection: Connection, campaign_id: CampaignId, detail: Mapping[str, object]
) -> bool:
    """Whether the same was said of that chunk a moment ago."""
    latest = _EVENTS.order_by(None).order_by(audit_events.c.seq.desc()).limit(_LATEST)
    for row in connection.execute(latest, {"campaign_id": campaign_id}):
        known = detail_from(row.detail)
        if isinstance(known, dict) and known.get("chunk") == detail["chunk"]:
            return known == detail
    return False


def kept_back(connection: Connection, campaign_id: CampaignId) -> int:
    """Recipients who read a fallback for privacy, of all chunks that were merged."""
    by_chunk: dict[object, int] = {}
    for row in connection.execute(_EVENTS, {"campaign_id": campaign_id}):
        detail = detail_from(row.detail)
        if isinstance(detail, dict) and isinstance(detail.get("with_fallback"), int):
            # a chunk that was put off is merged again
            by_chunk[detail.get("chunk")] = detail["with_fallback"]
    return sum(by_chunk.values())
