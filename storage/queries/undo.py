"""Decisions that can be taken back, and those that were."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId, State
from domain.review import Outcome
from domain.undo import (
    UNDO_FOR,
    UNDOABLE,
    Decision,
    DecisionId,
    can_undo,
    text_decided_about,
)
from domain.variant import RevisionId, Variant
from domain.views import UndoLine, UndoneLine, WithdrawnLine
from storage.decisions import STANDS, decision_from
from storage.tables import decisions, review_requests, undone_decisions, variants


def undo_of(connection: Connection, variant: Variant, state: State) -> UndoLine | None:
    """The newest decision about a variant, when it can be taken back.

    Whether its minute is over is for the reader of `until` to see.
    """
    if state not in UNDOABLE:
        return None
    query = (
        sa.select(decisions)
        .where(decisions.c.campaign_id == variant.campaign_id, STANDS)
        .order_by(decisions.c.id)
    )
    made = [decision_from(row) for row in connection.execute(query)]
    about = [each for each in made if each.variant_id == variant.id]
    if not about or not _is_last_word(about[-1], made, variant, state):
        return None
    return UndoLine(
        decision_id=about[-1].id,
        actor=about[-1].actor,
        until=about[-1].decided_at + UNDO_FOR,
    )


def _is_last_word(
    decision: Decision, made: list[Decision], variant: Variant, state: State
) -> bool:
    return can_undo(
        decision,
        since=[each for each in made if each.id > decision.id],
        state=state,
        revision_id=text_decided_about(variant),
        now=decision.decided_at,
    )


def withdrawn_from(
    connection: Connection, revision_id: RevisionId | None
) -> tuple[WithdrawnLine, ...]:
    """Stages whose question about this text was withdrawn by an undo, in order."""
    query = (
        sa.select(review_requests)
        .where(
            review_requests.c.revision_id == revision_id,
            review_requests.c.outcome == Outcome.TAKEN_BACK,
        )
        .order_by(review_requests.c.id)
    )
    return tuple(
        WithdrawnLine(
            stage=row.stage, role=row.role, actor=row.decided_by, at=row.closed_at
        )
        for row in connection.execute(query)
    )


def undone(connection: Connection, campaign_id: CampaignId) -> tuple[UndoneLine, ...]:
    """Decisions on the campaign that were taken back, in the order of their making."""
    query = (
        sa.select(
            decisions,
            undone_decisions.c.undone_at,
            variants.c.label.label("variant_label"),
        )
        .join(undone_decisions, undone_decisions.c.decision_id == decisions.c.id)
        .join(variants, variants.c.id == decisions.c.variant_id)
        .where(decisions.c.campaign_id == campaign_id)
        .order_by(decisions.c.id)
    )
    return tuple(
        UndoneLine(
            decision_id=DecisionId(row.id),
            stage=row.stage,
            variant_label=row.variant_label,
            actor=row.actor,
            is_approval=row.is_approval,
            undone_at=row.undone_at,
        )
        for row in connection.execute(query)
    )


def withdrawn(
    connection: Connection, campaign_id: CampaignId
) -> tuple[WithdrawnLine, ...]:
    """The campaign's stages that wait for a decision which was taken back."""
    query = (
        sa.select(
            review_requests.c.stage,
            review_requests.c.role,
            review_requests.c.decided_by,
            sa.func.max(review_requests.c.closed_at).label("closed_at"),
            sa.func.max(review_requests.c.assignee).label("assignee"),
        )
        .where(
            review_requests.c.campaign_id == campaign_id,
            review_requests.c.outcome == Outcome.TAKEN_BACK,
        )
        .group_by(
            review_requests.c.stage,
            review_requests.c.role,
            review_requests.c.decided_by,
        )
        .order_by(sa.func.min(review_requests.c.id))
    )
    return tuple(
        WithdrawnLine(
            stage=row.stage,
            role=row.role,
            actor=row.decided_by,
            at=row.closed_at,
            assignee=row.assignee,
        )
        for row in connection.execute(query)
    )
