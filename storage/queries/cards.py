"""The campaign card: everything it shows, in any state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import Campaign, CampaignId, State
from domain.errors import Unknown
from domain.review import ReviewRequest, quota
from domain.variant import LIVE_VARIANT, Variant
from domain.views import (
    CampaignCard,
    Facts,
    ReviewView,
    VariantLine,
)
from storage.campaigns import campaign_from
from storage.queries.canary import canary_view, unknown_chunks
from storage.queries.copies import decision_from, decisions_about, writers
from storage.queries.records import incident_of
from storage.reviews import REQUESTS, request_from
from storage.sends import Mails, mails_of
from storage.tables import (
    briefs,
    campaigns,
    decisions,
    findings,
    lint_runs,
    review_requests,
    slack_messages,
    variants,
)
from storage.variants import variant_from


class _Written(NamedTuple):
    """A variant with what only its card's line needs."""

    variant: Variant
    hard: int
    soft: int
    regenerated_for: tuple[str, ...]
    is_arm: bool

    @property
    def line(self) -> VariantLine:
        return VariantLine(
            label=self.variant.label,
            state=self.variant.state,
            hard=self.hard,
            soft=self.soft,
            regenerated_for=self.regenerated_for,
            reason=self.variant.reason,
        )


def campaign_card(
    connection: Connection, campaign_id: CampaignId, facts: Facts
) -> CampaignCard:
    """Read a campaign's card.

    Raises:
        Unknown: There is no campaign with that number.
    """
    row = _campaign(connection, campaign_id)
    campaign = campaign_from(row)
    written = _variants(connection, campaign_id)
    decided = decisions_about(
        connection, decisions.c.campaign_id == campaign_id, is_current=True
    )
    writer_names, is_sample = writers(connection, campaign_id)
    mails = mails_of(connection, [campaign_id]).get(campaign_id) or Mails(
        out=0, left=campaign.audience_size, accepted=0, skipped=0
    )
    return CampaignCard(
        id=campaign.id,
        version=campaign.version,
        title=campaign.title,
        channel=str(row.body.get("channel", "email")),
        tier=campaign.tier,
        recipients=campaign.audience_size,
        state=campaign.state,
        author=campaign.author,
        slack_channel=row.slack_channel or campaign.channel,
        slack_ts=row.slack_ts,
        prompt=row.prompt,
        writers=writer_names,
        is_sample=is_sample,
        practice=facts.practice,
        variants_asked=int(row.body.get("variants", len(written))),
        variants=tuple(each.line for each in written),
        review=_review(connection, campaign, row.body, written, decided, facts=facts),
        decisions=tuple(decision_from(each) for each in decided),
        arms=tuple(each.variant.label for each in written if each.is_arm),
        arms_reason=row.arms_reason,
        canary=canary_view(
            connection,
            campaign,
            mails,
            policy=facts.canary,
            judgement=row.judgement,
        ),
        unknown_chunks=unknown_chunks(connection, campaign),
        incident=incident_of(connection, campaign.id, campaign.title),
        mails_out=mails.out,
        mails_left=mails.left,
        skipped=mails.skipped,
        suppressed_before=row.suppressed_before,
        reason=campaign.reason,
        paused_from=campaign.paused_from,
        moved_by=row.moved_by,
        moved_at=campaign.updated_at,
        send_at=campaign.send_at,
        created_at=campaign.created_at,
    )


def _campaign(connection: Connection, campaign_id: CampaignId) -> Row[Any]:
    row = connection.execute(
        sa.select(
            campaigns,
            briefs.c.body,
            slack_messages.c.channel.label("slack_channel"),
            slack_messages.c.ts.label("slack_ts"),
        )
        .join(briefs, briefs.c.id == campaigns.c.brief_id)
        .outerjoin(slack_messages, slack_messages.c.key == f"campaign:{campaign_id}")
        .where(campaigns.c.id == campaign_id)
    ).first()
    if row is None:
        raise Unknown(f"There is no campaign #{campaign_id}.")
    return row


def _variants(connection: Connection, campaign_id: CampaignId) -> list[_Written]:
    def found(severity: str) -> sa.Label[int]:
        return sa.func.count(
            sa.case((findings.c.severity == severity, findings.c.id))
        ).label(severity)

    query = (
        sa.select(variants, found("hard"), found("soft"))
        .outerjoin(lint_runs, lint_runs.c.revision_id == variants.c.revision_id)
        .outerjoin(findings, findings.c.lint_run_id == lint_runs.c.id)
        .where(variants.c.campaign_id == campaign_id)
        .group_by(variants.c.id)
        .order_by(variants.c.label)
    )
    return [
        _Written(
            variant=variant_from(row),
            hard=row.hard,
            soft=row.soft,
            regenerated_for=tuple(row.regenerated_for),
            is_arm=row.is_arm,
        )
        for row in connection.execute(query)
    ]


def _review(
    connection: Connection,
    campaign: Campaign,
    brief: Mapping[str, Any],
    written: Sequence[_Written],
    decided: Sequence[Row[Any]],
    *,
    facts: Facts,
) -> ReviewView | None:
    stages = facts.stages.get(campaign.tier, ())
    names = [stage.name for stage in stages]
    if campaign.state is not State.STAGED_REVIEW or campaign.stage not in names:
        return None
    stage = stages[names.index(campaign.stage)]
    asked = _open_requests(connection, campaign.id)
    roles = dict.fromkeys(request.role for request in asked)
    live = {w.variant.id for w in written if w.variant.state in LIVE_VARIANT}
    return ReviewView(
        stage=stage.name,
        number=names.index(stage.name) + 1,
        total=len(stages),
        role=stage.role,
        asked=tuple(
            dict.fromkeys(
                holder
                for role in roles
                for holder in facts.team.holders(role)
                if holder != campaign.author
            )
        ),
        due_at=min((request.due_at for request in asked), default=None),
        quota=quota(stage.name, stages, arms=int(brief.get("arms", 1))),
        approved=len(
            {
                each.variant_id
                for each in decided
                if each.is_approval
                and each.stage == stage.name
                and each.variant_id in live
            }
        ),
    )


def _open_requests(
    connection: Connection, campaign_id: CampaignId
) -> list[ReviewRequest]:
    query = REQUESTS.where(
        review_requests.c.campaign_id == campaign_id,
        review_requests.c.closed_at.is_(None),
    ).order_by(review_requests.c.id)
    return [request_from(row) for row in connection.execute(query)]
