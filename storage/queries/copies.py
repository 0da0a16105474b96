"""Variants and their revisions as they are read: text, origin, findings, decisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId, State
from domain.channel import Channel, part_name
from domain.errors import Unknown
from domain.review import ReviewRequest
from domain.variant import Copy, Origin, Revision, RevisionId, VariantId
from domain.views import (
    DecisionLine,
    Facts,
    FindingLine,
    QuestionView,
    RevisionView,
    VariantCard,
)
from storage import tables
from storage.queries.decided import decision_lines
from storage.queries.pools import asked_of
from storage.queries.undo import undo_of, withdrawn_from
from storage.reviews import REQUESTS, request_from
from storage.tables import (
    campaigns,
    decisions,
    findings,
    lint_runs,
    review_requests,
    variants,
)
from storage.variants import origin_from, revision_from, variant_from

SAMPLE_WRITER: Final = "sample writer"


# Shared with the campaign card ------------------------------------------------


def writers(
    connection: Connection, campaign_id: CampaignId
) -> tuple[tuple[str, ...], bool]:
    """Who wrote the present texts, and whether any is a sample.

    A text edited by hand counts for the writer of the text that was edited.
    """
    query = (
        sa.select(
            tables.revisions.c.id,
            tables.revisions.c.parent_id,
            tables.revisions.c.origin,
            variants.c.revision_id.label("current"),
        )
        .join(variants, variants.c.id == tables.revisions.c.variant_id)
        .where(variants.c.campaign_id == campaign_id)
        .order_by(variants.c.label, tables.revisions.c.number)
    )
    texts = list[Row[Any]](connection.execute(query))
    rows = {row.id: row for row in texts}
    written = [_writer(rows, row.id) for row in rows.values() if row.id == row.current]
    names = dict.fromkeys(
        SAMPLE_WRITER if origin.is_sample else origin.model
        for origin in written
        if origin.is_sample or origin.model
    )
    return (
        tuple(name for name in names if name),
        any(origin.is_sample for origin in written),
    )


def _writer(rows: dict[int, Row[Any]], revision_id: int) -> Origin:
    row = rows[revision_id]
    origin = origin_from(row.origin)
    while origin.editor is not None and not origin.is_sample and row.parent_id in rows:
        row = rows[row.parent_id]
        origin = origin_from(row.origin)
    return origin


# A variant's message ------------------------------------------------------------


def variant_ids(
    connection: Connection, campaign_id: CampaignId
) -> tuple[VariantId, ...]:
    """The campaign's variants by label."""
    query = (
        sa.select(variants.c.id)
        .where(variants.c.campaign_id == campaign_id)
        .order_by(variants.c.label)
    )
    return tuple(VariantId(key) for key in connection.execute(query).scalars())


def variant_card(
    connection: Connection, variant_id: VariantId, facts: Facts
) -> VariantCard:
    """Read a variant's message.

    Raises:
        Unknown: There is no such variant.
    """
    row = _variant(connection, variant_id)
    facts = facts.of(row.team)
    variant = variant_from(row)
    current = _current(connection, variant.revision_id)
    decided = decision_lines(
        connection,
        # by the campaign's index; a variant's decisions have none of their own
        sa.and_(
            decisions.c.campaign_id == variant.campaign_id,
            decisions.c.variant_id == variant_id,
        ),
        facts.stages.get(row.tier, ()),
    )
    return VariantCard(
        campaign_id=variant.campaign_id,
        campaign_title=row.campaign_title,
        campaign_state=State(row.campaign_state),
        tier=row.tier,
        variant_id=variant.id,
        version=variant.version,
        label=variant.label,
        state=variant.state,
        revision_id=variant.revision_id,
        revision_number=current.number if current else 0,
        text=current.text if current else None,
        origin=current.origin if current else None,
        findings=_findings(connection, [current.id])[current.id] if current else (),
        questions=tuple(
            _question(connection, asked, decided, facts, author=row.author)
            for asked in _open_requests(connection, variant.revision_id)
        ),
        decisions=decided,
        regenerations=variant.regenerations,
        instruction=variant.instruction,
        reason=variant.reason,
        undo=undo_of(connection, variant, State(row.campaign_state)),
        withdrawn=withdrawn_from(connection, variant.revision_id),
        channel=Channel(row.brief_channel),
    )


def _variant(connection: Connection, variant_id: VariantId) -> Row[Any]:
    row = connection.execute(
        sa.select(
            variants,
            campaigns.c.title.label("campaign_title"),
            campaigns.c.state.label("campaign_state"),
            campaigns.c.tier,
            campaigns.c.team,
            campaigns.c.author,
            campaigns.c.brief_channel,
        )
        .join(campaigns, campaigns.c.id == variants.c.campaign_id)
        .where(variants.c.id == variant_id)
    ).first()
    if row is None:
        raise Unknown("There is no such variant.")
    return row


def _current(connection: Connection, revision_id: RevisionId | None) -> Revision | None:
    if revision_id is None:
        return None
    row = connection.execute(
        sa.select(tables.revisions).where(tables.revisions.c.id == revision_id)
    ).first()
    return None if row is None else revision_from(row)


def _question(
    connection: Connection,
    asked: ReviewRequest,
    decided: Sequence[DecisionLine],
    facts: Facts,
    *,
    author: str,
) -> QuestionView:
    approved_by = tuple(
        each.actor for each in decided if each.is_approval and each.stage == asked.stage
    )
    pool = asked_of(connection, [asked], facts.team, author=author, but=approved_by)
    return QuestionView(
        request_id=asked.id,
        stage=asked.stage,
        role=asked.role,
        asked=pool.users,
        due_at=asked.due_at,
        approvals_needed=asked.approvals_needed,
        approved_by=approved_by,
        is_pool_empty=pool.is_pool_empty,
    )


def _open_requests(
    connection: Connection, revision_id: RevisionId | None
) -> tuple[ReviewRequest, ...]:
    """The open questions about this very text, in the order of their stages."""
    rows = connection.execute(
        REQUESTS.where(
            review_requests.c.revision_id == revision_id,
            review_requests.c.closed_at.is_(None),
            # reopened at an earlier stage, a later stage's question rests
            sa.exists().where(
                tables.campaigns.c.id == review_requests.c.campaign_id,
                tables.campaigns.c.stage == review_requests.c.round,
            ),
        ).order_by(review_requests.c.id)
    )
    return tuple(request_from(row) for row in rows)


def _findings(
    connection: Connection, revision_ids: Collection[int]
) -> dict[int, tuple[FindingLine, ...]]:
    """What lint found per revision, in the order of the text."""
    query = (
        sa.select(findings, lint_runs.c.revision_id, campaigns.c.brief_channel)
        .join(lint_runs, lint_runs.c.id == findings.c.lint_run_id)
        .join(tables.revisions, tables.revisions.c.id == lint_runs.c.revision_id)
        .join(variants, variants.c.id == tables.revisions.c.variant_id)
        .join(campaigns, campaigns.c.id == variants.c.campaign_id)
        .where(lint_runs.c.revision_id.in_(revision_ids))
        .order_by(findings.c.id)
    )
    found: dict[int, list[FindingLine]] = {key: [] for key in revision_ids}
    for row in connection.execute(query):
        found[row.revision_id].append(
            FindingLine(
                rule=row.rule,
                severity=row.severity,
                field=part_name(Channel(row.brief_channel), row.field).lower(),
                message=row.message,
                quote=row.quote,
            )
        )
    return {key: tuple(lines) for key, lines in found.items()}


# Revisions ------------------------------------------------------------------------


def revision(connection: Connection, revision_id: RevisionId) -> RevisionView:
    """Read a revision beside its parent.

    Raises:
        Unknown: There is none with that id.
    """
    found = _revisions(connection, tables.revisions.c.id == revision_id)
    if not found:
        raise Unknown("There is no such revision.")
    return found[0]


def revisions(
    connection: Connection, variant_id: VariantId
) -> tuple[RevisionView, ...]:
    """All revisions of a variant, the first one first."""
    return _revisions(connection, tables.revisions.c.variant_id == variant_id)


def _revisions(
    connection: Connection, where: sa.ColumnElement[bool]
) -> tuple[RevisionView, ...]:
    parent = tables.revisions.alias()
    query = (
        sa.select(
            tables.revisions,
            variants.c.campaign_id,
            variants.c.label,
            campaigns.c.brief_channel,
            parent.c.id.label("has_parent"),
            parent.c.subject.label("parent_subject"),
            parent.c.preheader.label("parent_preheader"),
            parent.c.body.label("parent_body"),
        )
        .join(variants, variants.c.id == tables.revisions.c.variant_id)
        .join(campaigns, campaigns.c.id == variants.c.campaign_id)
        .outerjoin(parent, parent.c.id == tables.revisions.c.parent_id)
        .where(where)
        .order_by(tables.revisions.c.number)
    )
    rows = connection.execute(query).all()
    found = _findings(connection, [row.id for row in rows])
    return tuple(_revision_view(row, found[row.id]) for row in rows)


def _revision_view(row: Row[Any], found: tuple[FindingLine, ...]) -> RevisionView:
    this = revision_from(row)
    return RevisionView(
        campaign_id=CampaignId(row.campaign_id),
        variant_id=this.variant_id,
        variant_label=row.label,
        revision_id=this.id,
        number=this.number,
        text=this.text,
        origin=this.origin,
        parent=_parent(row),
        created_at=this.created_at,
        findings=found,
        channel=Channel(row.brief_channel),
    )


def _parent(row: Row[Any]) -> Copy | None:
    if row.has_parent is None:
        return None
    return Copy(
        subject=row.parent_subject,
        preheader=row.parent_preheader,
        body=row.parent_body,
    )
