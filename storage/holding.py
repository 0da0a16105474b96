"""Approvals as they count for the texts of now: what outlasts an edit is carried on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import Campaign, CampaignId
from domain.lint import Severity
from domain.review import Approval, Stage
from domain.scope import Effect, effects, holding
from domain.variant import Revision, RevisionId, Variant, VariantId
from storage.repository import Repository
from storage.reviews import approvals_of
from storage.tables import lint_runs, revisions
from storage.variants import revision_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Every revision of some variants, and those of them that lint has passed."""

    revisions: Mapping[RevisionId, Revision]
    passed: frozenset[RevisionId]


def lineage_of(connection: Connection, variant_ids: Collection[VariantId]) -> Lineage:
    query = (
        sa.select(revisions, lint_runs.c.outcome)
        .outerjoin(lint_runs, lint_runs.c.revision_id == revisions.c.id)
        .where(revisions.c.variant_id.in_(variant_ids))
        .order_by(revisions.c.id)
    )
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    return Lineage(
        revisions={RevisionId(row.id): revision_from(row) for row in rows},
        passed=frozenset(
            RevisionId(row.id)
            for row in rows
            if row.outcome is not None and row.outcome != Severity.HARD
        ),
    )


def holding_of(
    connection: Connection,
    campaign_id: CampaignId,
    variants: Iterable[Variant],
    stages: Sequence[Stage],
) -> tuple[Approval, ...]:
    """Every approval that was not undone, in order, as it counts now.

    The texts are read only when one was given for a text that has changed since.

    Args:
        variants: Those whose present text counts.
        stages: The tier's.
    """
    approvals = approvals_of(connection, campaign_id)
    current = {v.id: v.revision_id for v in variants if v.revision_id is not None}
    edited = {
        each.variant_id
        for each in approvals
        if current.get(each.variant_id, each.revision_id) != each.revision_id
    }
    if not edited:
        return approvals
    lineage = lineage_of(connection, edited)
    return holding(approvals, current, lineage.revisions, stages, passed=lineage.passed)


class Holding(Repository):
    def approvals(
        self,
        campaign_id: CampaignId,
        variants: Iterable[Variant],
        stages: Sequence[Stage],
    ) -> tuple[Approval, ...]:
        """As `holding_of`."""
        return holding_of(self.connection, campaign_id, variants, stages)

    def effects(
        self, campaign: Campaign, revision: Revision, stages: Sequence[Stage]
    ) -> tuple[Effect, ...]:
        """What a new revision does to the approvals of its variant, in order."""
        given = [
            each
            for each in approvals_of(self.connection, campaign.id)
            if each.variant_id == revision.variant_id
        ]
        if not given:
            return ()
        lineage = lineage_of(self.connection, [revision.variant_id])
        return effects(
            given, revision, lineage.revisions, stages, campaign.brief_channel
        )
