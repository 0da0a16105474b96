"""A campaign's conversions, against what its brief wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId
from domain.conversion import ConversionLine, in_order, is_about
from storage.tables import conversions, variants

_COUNTS: Final = (
    sa.select(
        conversions.c.kind,
        variants.c.label,
        sa.func.count().label("n"),
        sa.func.sum(conversions.c.value).label("value"),
    )
    .join(variants, variants.c.id == conversions.c.variant_id)
    .where(conversions.c.campaign_id == sa.bindparam("campaign_id"))
    .group_by(conversions.c.kind, variants.c.label)
    .order_by(conversions.c.kind, variants.c.label)
)


def conversion_lines(
    connection: Connection,
    campaign_id: CampaignId,
    brief: Mapping[str, Any],
    *,
    delivered: int,
    planned: int,
) -> tuple[ConversionLine, ...]:
    """Every kind that was reported, the brief's own metric first.

    Args:
        delivered: Mails delivered so far.
        planned: Mails of the whole list.
    """
    kinds: dict[str, list[tuple[str, int]]] = {}
    values: dict[str, float] = {}
    for row in connection.execute(_COUNTS, {"campaign_id": campaign_id}):
        kinds.setdefault(row.kind, []).append((row.label, int(row.n)))
        values[row.kind] = values.get(row.kind, 0.0) + float(row.value or 0)
    metric, target = str(brief.get("metric") or ""), brief.get("metric_target")
    return in_order(
        [
            ConversionLine(
                kind=kind,
                n=sum(n for _label, n in by_variant),
                by_variant=tuple(by_variant),
                delivered=delivered,
                planned=planned,
                target=float(target) if target and is_about(metric, kind) else None,
                value=values[kind],
            )
            for kind, by_variant in kinds.items()
        ]
    )
