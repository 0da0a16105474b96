"""Nobody has decided: those asked are reminded, others are told, tier C may pass."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from domain.campaign import Campaign, CampaignId, State
from domain.errors import Refused
from domain.lint import Severity
from domain.review import BY_ITSELF, Outcome, RequestId, ReviewRequest, Stage
from domain.variant import VariantState
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.asking import open_in_stage
from pipeline.record.pools import relieve
from pipeline.record.reviews import check_sendable, close, decide
from pipeline.record.stages import DESK, settle_stage
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
    stage = _open_stage(playbook, campaign)
    if stage is None:
        return None
    relieve(store, playbook, campaign, stage)
    later: list[datetime] = []
    now: list[ReviewRequest] = []
    for request in open_in_stage(store, campaign):
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
    stage = _open_stage(playbook, campaign)
    if stage is None:
        return None
    relieve(store, playbook, campaign, stage)
    due = _due(store, playbook, campaign, stage)
    if playbook.rules.may_pass_by_itself(campaign.tier, campaign.id):
        for request in _best_first(store, due):
            campaign = _pass(store, playbook, campaign, request.id)
        if campaign.state is not State.STAGED_REVIEW or campaign.stage != stage.name:
            return None
        due = _due(store, playbook, campaign, stage)
    if due and stage.escalation is not None:
        store.reviews.escalated([each.id for each in due])
        _tell(store, campaign, "escalated", stage, due, told=stage.escalation.to)
    elif due:
        return None
    waiting = open_in_stage(store, campaign)
    return min((playbook.rules.act_at(each, stage) for each in waiting), default=None)


def _open_stage(playbook: Playbook, campaign: Campaign) -> Stage | None:
    """The stage as the playbook has it; None when none is open, or it was taken out."""
    if campaign.state is not State.STAGED_REVIEW:
        return None
    stages = playbook.stages.get(campaign.tier, ())
    return next((each for each in stages if each.name == campaign.stage), None)


def _due(
    store: Store, playbook: Playbook, campaign: Campaign, stage: Stage
) -> list[ReviewRequest]:
    return [
        each
        for each in open_in_stage(store, campaign)
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
    store.variants.swap(variant, VariantState.APPROVED)
    return settle_stage(store, playbook, campaign, DESK)


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
