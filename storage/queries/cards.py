"""The campaign card: everything it shows, in any state."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId, State
from domain.errors import Unknown
from domain.variant import Variant
from domain.views import (
    CampaignCard,
    Facts,
    VariantLine,
)
from storage.campaigns import campaign_from
from storage.exposures import live_in, shown_of
from storage.kept_back import kept_back
from storage.messages import card_key
from storage.queries.canary import asks, canary_view, unknown_chunks, wait_lines
from storage.queries.conversions import conversion_lines
from storage.queries.copies import writers
from storage.queries.decided import decision_lines
from storage.queries.freezes import frozen_campaign
from storage.queries.records import incident_of
from storage.queries.review import review_views
from storage.queries.strategy import BEFORE, STRATEGY_COLUMNS, strategy_view
from storage.seeds import seeds_of
from storage.sends import Mails, mails_of
from storage.tables import (
    briefs,
    campaigns,
    decisions,
    findings,
    lint_runs,
    slack_messages,
    strategy_decisions,
    strategy_waits,
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
    centre, facts = facts, facts.of(campaign.team)
    written = _variants(connection, campaign_id)
    decided = decision_lines(
        connection,
        decisions.c.campaign_id == campaign_id,
        facts.stages.get(campaign.tier, ()),
    )
    writer_names, is_sample = writers(connection, campaign_id)
    reach = shown_of if campaign.slot else mails_of
    mails = reach(connection, [campaign_id]).get(campaign_id) or Mails(
        out=0, left=campaign.audience_size, accepted=0, skipped=0
    )
    canary = canary_view(
        connection,
        campaign,
        mails,
        today=facts.canary,
        judgement=row.judgement,
        mute_esp=facts.mute_esp,
    )
    unknown = unknown_chunks(connection, campaign)
    return CampaignCard(
        id=campaign.id,
        version=campaign.version,
        title=campaign.title,
        channel=campaign.brief_channel,
        slot=campaign.slot,
        tier=campaign.tier,
        recipients=campaign.audience_size,
        state=campaign.state,
        author=campaign.author,
        team=campaign.team,
        team_name="" if facts is centre else facts.team.name,
        slack_channel=row.slack_channel or campaign.channel,
        slack_ts=row.slack_ts,
        prompt=row.prompt,
        writers=writer_names,
        is_sample=is_sample,
        practice=facts.practice,
        variants_asked=int(row.body.get("variants", len(written))),
        variants=tuple(each.line for each in written),
        strategy=strategy_view(row, facts),
        reviews=review_views(
            connection,
            campaign,
            row.body,
            [each.variant for each in written],
            facts,
        ),
        decisions=decided,
        arms=tuple(each.variant.label for each in written if each.is_arm),
        arms_reason=row.arms_reason,
        canary=canary,
        conversions=conversion_lines(
            connection,
            campaign_id,
            row.body,
            delivered=canary.delivered if canary else 0,
            planned=mails.out + mails.left,
        ),
        unknown_chunks=unknown,
        incident=incident_of(connection, campaign.id, campaign.title),
        mails_out=mails.out,
        mails_left=mails.left,
        skipped=mails.skipped,
        kept_back=kept_back(connection, campaign_id) if mails.out else 0,
        seeds_named=facts.seeds if campaign.brief_channel.is_mailed else 0,
        seeds=seeds_of(connection, campaign_id) if campaign.step_started_at else None,
        suppressed_before=row.suppressed_before,
        reason=campaign.reason,
        paused_from=campaign.paused_from,
        moved_by=row.moved_by,
        moved_at=campaign.updated_at,
        send_at=campaign.send_at,
        created_at=campaign.created_at,
        tier_reason=row.tier_reason,
        frozen=frozen_campaign(connection, campaign, facts.esp),
        waits=wait_lines(connection, campaign),
        capped=mails.capped,
        given_up=mails.given_up,
        slot_live=live_in(connection, campaign.slot) if campaign.slot else None,
        asks=asks(connection, campaign)
        if unknown or campaign.state is State.HELD
        else (),
    )


def _campaign(connection: Connection, campaign_id: CampaignId) -> Row[Any]:
    row = connection.execute(
        sa.select(
            campaigns,
            briefs.c.body,
            *STRATEGY_COLUMNS,
            slack_messages.c.channel.label("slack_channel"),
            slack_messages.c.ts.label("slack_ts"),
        )
        .join(briefs, briefs.c.id == campaigns.c.brief_id)
        .outerjoin(strategy_decisions, strategy_decisions.c.brief_id == briefs.c.id)
        .outerjoin(strategy_waits, strategy_waits.c.brief_id == briefs.c.id)
        .outerjoin(BEFORE, BEFORE.c.id == briefs.c.parent_id)
        .outerjoin(slack_messages, slack_messages.c.key == card_key(campaign_id))
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
