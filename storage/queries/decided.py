"""Decisions as cards show them: about the present text, or holding for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId
from domain.rejection import RejectReason
from domain.review import Approval, Stage
from domain.scope import holding
from domain.variant import RevisionId, VariantId
from domain.views import DecisionLine, EffectLine
from storage.audit import detail_from
from storage.decisions import STANDS
from storage.holding import lineage_of
from storage.tables import audit_events, decisions, revisions, variants

_HOLDS: Final = "approval_holds"
_VOIDED: Final = "approval_voided"


def decision_from(row: Row[Any]) -> DecisionLine:
    return DecisionLine(
        stage=row.stage,
        variant_label=row.variant_label,
        actor=row.actor,
        is_approval=row.is_approval,
        reason=row.reason,
        code=RejectReason(row.reason_code) if row.reason_code else None,
        decided_at=row.decided_at,
    )


def decision_lines(
    connection: Connection, where: sa.ColumnElement[bool], stages: Sequence[Stage]
) -> tuple[DecisionLine, ...]:
    """Decisions that stand and count for the text that their variant has now, in order.

    Args:
        stages: Of the campaign's tier.
    """
    query = (
        sa.select(
            decisions,
            variants.c.label.label("variant_label"),
            variants.c.revision_id.label("current"),
            revisions.c.number.label("given_for"),
        )
        .join(variants, variants.c.id == decisions.c.variant_id)
        .join(revisions, revisions.c.id == decisions.c.revision_id)
        .where(where, STANDS)
        .order_by(decisions.c.id)
    )
    rows = connection.execute(query).all()
    carried = _carried(connection, rows, stages)
    lines: list[DecisionLine] = []
    for row in rows:
        if row.revision_id == row.current:
            lines.append(decision_from(row))
        elif row.id in carried:
            lines.append(replace(decision_from(row), holds_from=row.given_for))
    return tuple(lines)


def _carried(
    connection: Connection, rows: Sequence[Row[Any]], stages: Sequence[Stage]
) -> frozenset[int]:
    """Decisions about an earlier text that hold for the present one.

    The texts are read only when there is an approval of an earlier one.
    """
    old = [row for row in rows if row.is_approval and row.revision_id != row.current]
    if not old:
        return frozenset()
    current = {VariantId(row.variant_id): RevisionId(row.current) for row in old}
    lineage = lineage_of(connection, current)
    given = [
        Approval(
            variant_id=VariantId(row.variant_id),
            revision_id=RevisionId(row.revision_id),
            stage=row.stage,
            actor=row.actor,
        )
        for row in old
    ]
    counted = holding(given, current, lineage.revisions, stages, passed=lineage.passed)
    return frozenset(
        row.id
        for row, each in zip(old, counted, strict=True)
        if each.revision_id == row.current
    )


def effects(
    connection: Connection, campaign_id: CampaignId, label: str, number: int
) -> tuple[EffectLine, ...]:
    """What a revision did to the approvals given before it, as the record says."""
    query = (
        sa.select(audit_events.c.event, audit_events.c.detail)
        .where(
            audit_events.c.campaign_id == campaign_id,
            audit_events.c.event.in_((_HOLDS, _VOIDED)),
        )
        .order_by(audit_events.c.seq)
    )
    found: list[EffectLine] = []
    for row in connection.execute(query):
        detail = detail_from(row.detail)
        if (
            isinstance(detail, dict)
            and detail.get("variant") == label
            and detail.get("revision") == number
        ):
            found.append(
                EffectLine(
                    stage=str(detail["stage"]),
                    approver=str(detail["approver"]),
                    given_for=int(detail["given_for"]),
                    holds=row.event == _HOLDS,
                    why=str(detail["reason"]),
                )
            )
    return tuple(found)
