"""Decisions that were made, and those that were taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.campaign import CampaignId
from domain.errors import Overtaken, Unknown
from domain.rejection import Rejection, RejectReason
from domain.review import RequestId
from domain.undo import Decision, DecisionId
from domain.variant import RevisionId, VariantId
from storage.audit import detail_from
from storage.repository import Repository
from storage.tables import (
    audit_events,
    decisions,
    revisions,
    undone_decisions,
    variants,
)

STANDS: Final = ~sa.exists().where(undone_decisions.c.decision_id == decisions.c.id)
"""Leaves out decisions that were taken back."""

_DECISION: Final = sa.select(decisions).where(
    decisions.c.id == sa.bindparam("decision_id")
)
_SINCE: Final = (
    sa.select(decisions)
    .where(
        decisions.c.campaign_id == sa.bindparam("campaign_id"),
        decisions.c.id > sa.bindparam("decision_id"),
        STANDS,
    )
    .order_by(decisions.c.id)
)
_REJECTIONS: Final = (
    sa.select(
        decisions.c.stage,
        decisions.c.reason_code,
        decisions.c.reason,
        revisions.c.subject,
        variants.c.label,
    )
    .join(revisions, revisions.c.id == decisions.c.revision_id)
    .join(variants, variants.c.id == decisions.c.variant_id)
    .where(
        decisions.c.campaign_id == sa.bindparam("campaign_id"),
        ~decisions.c.is_approval,
        STANDS,
    )
    .order_by(decisions.c.id.desc())
    .limit(sa.bindparam("most"))
)


def decision_from(row: Row[Any]) -> Decision:
    return Decision(
        id=DecisionId(row.id),
        request_id=RequestId(row.request_id),
        campaign_id=CampaignId(row.campaign_id),
        variant_id=VariantId(row.variant_id),
        revision_id=RevisionId(row.revision_id),
        stage=row.stage,
        actor=row.actor,
        is_approval=row.is_approval,
        decided_at=row.decided_at,
    )


class Decisions(Repository):
    def get(self, decision_id: DecisionId) -> Decision:
        """Read a decision.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(_DECISION, decision_id=decision_id)
        if row is None:
            raise Unknown("There is no such decision.")
        return decision_from(row)

    def since(self, decision: Decision) -> tuple[Decision, ...]:
        """Later decisions on the same campaign that stand, in order."""
        rows = self._all(
            _SINCE, campaign_id=decision.campaign_id, decision_id=decision.id
        )
        return tuple(decision_from(row) for row in rows)

    def rejections(
        self, campaign_id: CampaignId, *, most: int
    ) -> tuple[Rejection, ...]:
        """What was rejected and stands, the newest `most` in order."""
        rows = self._all(_REJECTIONS, campaign_id=campaign_id, most=most)
        return tuple(
            Rejection(
                label=row.label,
                subject=row.subject,
                stage=row.stage,
                code=RejectReason(row.reason_code) if row.reason_code else None,
                text=row.reason or "",
            )
            for row in reversed(rows)
        )

    def take_back(self, decision: Decision) -> None:
        """Mark a decision undone, once.

        Raises:
            Overtaken: It was taken back before.
        """
        is_first = self._insert_new(
            undone_decisions, decision_id=decision.id, undone_at=self.now
        )
        if not is_first:
            raise Overtaken("This decision has been taken back already.")

    def shelved_since(self, campaign_id: CampaignId, at: datetime) -> frozenset[str]:
        """Labels of the variants that were shelved at that time or later."""
        query = sa.select(audit_events.c.detail).where(
            audit_events.c.campaign_id == campaign_id,
            audit_events.c.event == "variant_shelved",
            audit_events.c.at >= at,
        )
        details = (detail_from(row.detail) for row in self._all(query))
        return frozenset(
            str(each["variant"]) for each in details if isinstance(each, dict)
        )
