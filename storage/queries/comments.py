"""Comments and suggestions as the thread shows them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId, State
from domain.channel import Channel
from domain.comment import CommentId
from domain.review import round_named
from domain.variant import Copy
from domain.views import CommentLine, Facts, SuggestionView
from storage.comments import suggestion_from
from storage.tables import (
    campaigns,
    comments,
    review_requests,
    revisions,
    slack_messages,
    suggestions,
    variants,
)

_ASSIGNED: Final = (
    sa.select(
        review_requests.c.variant_id,
        review_requests.c.role,
        review_requests.c.assignee,
    )
    .join(campaigns, campaigns.c.id == review_requests.c.campaign_id)
    .where(
        review_requests.c.campaign_id == sa.bindparam("campaign_id"),
        review_requests.c.assignee.is_not(None),
        review_requests.c.closed_at.is_(None),
        review_requests.c.round == campaigns.c.stage,
    )
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
    """The campaign's suggestions, decided or not, in order.

    Each is put to the brief's author and to whom its variant's open question is
    assigned; to everyone of the role while it is assigned to nobody else.
    """
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
            campaigns.c.brief_channel,
            campaigns.c.tier,
            campaigns.c.team,
            campaigns.c.author.label("campaign_author"),
        )
        .join(variants, variants.c.id == suggestions.c.variant_id)
        .join(revisions, revisions.c.id == suggestions.c.revision_id)
        .join(campaigns, campaigns.c.id == suggestions.c.campaign_id)
        .where(suggestions.c.campaign_id == campaign_id)
        .order_by(suggestions.c.id)
    )
    assigned = {
        (row.variant_id, row.role): row.assignee
        for row in connection.execute(_ASSIGNED, {"campaign_id": campaign_id})
    }
    found = []
    for row in connection.execute(query):
        this = suggestion_from(row)
        own = facts.of(row.team)
        now_open = round_named(own.stages.get(row.tier, ()), row.stage)
        roles = [stage.role for stage in now_open]
        owners = dict.fromkeys([row.campaign_author])
        for role in roles:
            holders = own.team.holders(role)
            one = assigned.get((this.variant_id, role))
            is_theirs = one in holders and one != this.author
            owners |= dict.fromkeys([one] if is_theirs else holders)
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
                channel=Channel(row.brief_channel),
            )
        )
    return tuple(found)
