"""Comments and suggestions as the thread shows them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId, State
from domain.comment import CommentId
from domain.variant import Copy
from domain.views import CommentLine, Facts, SuggestionView
from storage.comments import suggestion_from
from storage.tables import (
    campaigns,
    comments,
    revisions,
    slack_messages,
    suggestions,
    variants,
)


def comments_to_post(
    connection: Connection, campaign_id: CampaignId
) -> tuple[CommentLine, ...]:
    """Comments that are not in the thread yet, in order."""
    key = sa.literal("comment:") + sa.cast(comments.c.id, sa.Text)
    query = (
        sa.select(
            comments,
            variants.c.label,
            revisions.c.number,
        )
        .join(variants, variants.c.id == comments.c.variant_id)
        .join(revisions, revisions.c.id == comments.c.revision_id)
        .where(
            comments.c.campaign_id == campaign_id,
            ~sa.exists().where(
                slack_messages.c.key == key, slack_messages.c.state == "posted"
            ),
        )
        .order_by(comments.c.id)
    )
    return tuple(
        CommentLine(
            id=CommentId(row.id),
            variant_label=row.label,
            revision_number=row.number,
            author=row.author,
            quote=row.quote,
            text=row.text,
            created_at=row.created_at,
        )
        for row in connection.execute(query)
    )


def suggestions_of(
    connection: Connection, campaign_id: CampaignId, facts: Facts
) -> tuple[SuggestionView, ...]:
    """The campaign's suggestions, decided or not, in order."""
    query = (
        sa.select(
            suggestions,
            variants.c.label,
            revisions.c.number,
            revisions.c.subject.label("old_subject"),
            revisions.c.preheader.label("old_preheader"),
            revisions.c.body.label("old_body"),
            campaigns.c.state.label("campaign_state"),
            campaigns.c.stage,
            campaigns.c.tier,
            campaigns.c.author.label("campaign_author"),
        )
        .join(variants, variants.c.id == suggestions.c.variant_id)
        .join(revisions, revisions.c.id == suggestions.c.revision_id)
        .join(campaigns, campaigns.c.id == suggestions.c.campaign_id)
        .where(suggestions.c.campaign_id == campaign_id)
        .order_by(suggestions.c.id)
    )
    found = []
    for row in connection.execute(query):
        this = suggestion_from(row)
        roles = [s.role for s in facts.stages.get(row.tier, ()) if s.name == row.stage]
        reviewers = [user for role in roles for user in facts.team.holders(role)]
        owners = dict.fromkeys([row.campaign_author, *reviewers])
        found.append(
            SuggestionView(
                id=this.id,
                campaign_id=this.campaign_id,
                campaign_state=State(row.campaign_state),
                variant_label=row.label,
                revision_number=row.number,
                author=this.author,
                before=Copy(
                    subject=row.old_subject,
                    preheader=row.old_preheader,
                    body=row.old_body,
                ),
                after=this.text,
                comment=this.comment,
                state=this.state,
                decided_by=this.decided_by,
                decided_at=this.decided_at,
                owners=tuple(user for user in owners if user != this.author),
            )
        )
    return tuple(found)
