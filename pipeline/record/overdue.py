"""Nobody has decided: those asked are reminded, others are told, tier C may pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain.campaign import Campaign, CampaignId, State
from domain.errors import Refused
from domain.lint import Severity
from domain.review import (
    BY_ITSELF,
    Outcome,
    RequestId,
    ReviewRequest,
    Round,
    Stage,
    round_named,
)
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.asking import open_in_round
from pipeline.record.pools import relieve
from pipeline.record.reviews import check_sendable, close, decide, passed
from pipeline.record.stages import DESK, settle_round
from pipeline.record.waiting import brand_lead_overdue, remind_brand_lead
from storage.store import Store

NOBODY_ACTED: Final = "Nobody had decided when it was due."


def remind(
    store: Store, playbook: Playbook, campaign_id: CampaignId
) -> datetime | None:
    """Remind those asked about what is half due; once each.

    What is overdue already is left to `overdue`: after an outage one message is enough.

    Returns:
        When there is somebody to remind next; None when there is nobody.
    """
    campaign = store.campaigns.lock(campaign_id)
    playbook = playbook.of(campaign.team)
    if campaign.state is State.AWAITING_BRAND_LEAD:
        return remind_brand_lead(store, playbook, campaign)
    later = [
        _remind(store, playbook, campaign, stage)
        for stage in _open_round(playbook, campaign)
    ]
    return min((at for at in later if at is not None), default=None)


def _remind(
    store: Store, playbook: Playbook, campaign: Campaign, stage: Stage
) -> datetime | None:
    relieve(store, playbook, campaign, stage)
    later: list[datetime] = []
    now: list[ReviewRequest] = []
    for request in open_in_round(store, campaign, stage):
        at = playbook.rules.remind_at(request, stage)
        if at is None or request.due_at <= store.now:
            continue
        if at <= store.now:
            now.append(request)
        else:
            later.append(at)
    if now:
        store.reviews.reminded([each.id for each in now])
        _tell(store, campaign, "reminded", stage, now)
    return min(later, default=None)


def overdue(
    store: Store, playbook: Playbook, campaign_id: CampaignId
) -> datetime | None:
    """Let what may pass by itself pass, and ask others to step in for the rest.

    Returns:
        When to look again; None when nothing is left to wait for.
    """
    campaign = store.campaigns.lock(campaign_id)
    playbook = playbook.of(campaign.team)
    if campaign.state is State.AWAITING_BRAND_LEAD:
        return brand_lead_overdue(store, playbook, campaign)
    name, later = campaign.stage, []
    for stage in _open_round(playbook, campaign):
        relieve(store, playbook, campaign, stage)
        campaign = _let_pass(store, playbook, campaign, stage)
        if campaign.state is not State.STAGED_REVIEW or campaign.stage != name:
            return None
        later.append(_escalate(store, playbook, campaign, stage))
    return min((at for at in later if at is not None), default=None)


def _let_pass(
    store: Store, playbook: Playbook, campaign: Campaign, stage: Stage
) -> Campaign:
    if playbook.rules.may_pass_by_itself(campaign.tier, campaign.id):
        due = _due(store, playbook, campaign, stage)
        for request in _best_first(store, due):
            campaign = _pass(store, playbook, campaign, request.id)
    return campaign


def _escalate(
    store: Store, playbook: Playbook, campaign: Campaign, stage: Stage
) -> datetime | None:
    due = _due(store, playbook, campaign, stage)
    if due and stage.escalation is None:
        return None
    if due and stage.escalation is not None:
        store.reviews.escalated([each.id for each in due])
        _tell(store, campaign, "escalated", stage, due, told=stage.escalation.to)
    waiting = open_in_round(store, campaign, stage)
    return min((playbook.rules.act_at(each, stage) for each in waiting), default=None)


def _open_round(playbook: Playbook, campaign: Campaign) -> Round:
    """The round as the playbook has it; empty when none is open, or it was taken out."""
    if campaign.state is not State.STAGED_REVIEW:
        return ()
    return round_named(playbook.stages.get(campaign.tier, ()), campaign.stage)


def _due(
    store: Store, playbook: Playbook, campaign: Campaign, stage: Stage
) -> list[ReviewRequest]:
    return [
        each
        for each in open_in_round(store, campaign, stage)
        if playbook.rules.act_at(each, stage) <= store.now
    ]


def _best_first(store: Store, due: Sequence[ReviewRequest]) -> list[ReviewRequest]:
    """What has no findings first: the stage may have room for a few only."""
    return sorted(
        due,
        key=lambda each: (
            store.variants.lint_outcome(each.revision_id) == Severity.SOFT,
            each.id,
        ),
    )


def _pass(
    store: Store, playbook: Playbook, campaign: Campaign, request_id: RequestId
) -> Campaign:
    """Approve in nobody's name what one person could have approved.

    A text that fails lint waits for a person, and so does one that needs several: it
    was found riskier than its tier.
    """
    request = store.reviews.get(request_id)
    if request.closed_at is not None or request.approvals_needed > 1:
        return campaign
    variant = store.variants.get(request.variant_id)
    revision = store.variants.revision(request.revision_id)
    try:
        check_sendable(store, playbook, campaign, variant, revision)
    except Refused:
        return campaign
    close(store, request, variant, Outcome.APPROVED, actor=BY_ITSELF)
    decide(
        store,
        playbook,
        request,
        variant,
        revision,
        actor=BY_ITSELF,
        outcome=Outcome.APPROVED,
        reason=NOBODY_ACTED,
    )
    passed(store, request, variant)
    return settle_round(store, playbook, campaign, DESK)


def _tell(
    store: Store,
    campaign: Campaign,
    event: str,
    stage: Stage,
    about: Sequence[ReviewRequest],
    **more: object,
) -> None:
    """Put it on the record, and have the cards say it."""
    labels = [store.variants.get(each.variant_id).label for each in about]
    store.audit.append(
        campaign.id,
        event,
        actor=BY_ITSELF,
        detail={
            "stage": stage.name,
            "role": stage.role,
            "variants": sorted(labels),
            "due_at": min(each.due_at for each in about).isoformat(),
            **more,
        },
    )
    refresh_card(store, campaign, f"{event}{store.audit.last_seq(campaign.id)}")
