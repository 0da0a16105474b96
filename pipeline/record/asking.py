"""A stage asks its role about each text, and by when it wants an answer."""

from __future__ import annotations

from collections.abc import Sequence

from domain.campaign import Campaign
from domain.review import ReviewRequest, Round, Stage
from domain.sla import due_at
from domain.variant import RevisionId, Variant, VariantId, VariantState
from pipeline.playbook import Playbook
from pipeline.record.pools import seat
from pipeline.record.standing import Standing
from storage.store import Store


def ask(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stages: Round,
    standing: Standing,
) -> None:
    """Ask each stage's role about each live text that the stage has not approved."""
    asked: dict[VariantId, Variant] = {}
    for stage in stages:
        asked |= _ask(store, playbook, campaign, stage, standing)
    for variant in asked.values():
        if variant.state is not VariantState.IN_REVIEW:
            store.variants.swap(variant, VariantState.IN_REVIEW)


def _ask(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    standing: Standing,
) -> dict[VariantId, Variant]:
    needed = _approvals_needed(store, playbook, campaign, stage)
    through = {variant.id for variant in standing.through(stage)}
    askable = (VariantState.LINTED, VariantState.APPROVED, VariantState.IN_REVIEW)
    fresh: set[RevisionId] = set()
    about: dict[VariantId, Variant] = {}
    for variant in standing.live:
        if (
            variant.id in through
            or variant.state not in askable
            or variant.revision_id is None
        ):
            continue
        is_asked = store.reviews.ask(
            campaign.id,
            variant.id,
            variant.revision_id,
            stage=stage.name,
            round_name=stage.round,
            role=stage.role,
            due_at=due_at(store.now, stage.sla, playbook.rules.hours),
            approvals_needed=needed,
        )
        if is_asked:
            fresh.add(variant.revision_id)
        about[variant.id] = variant
    asked = store.pools.questions(campaign.id, stage.name)
    seat(store, playbook, campaign, stage, asked, fresh=fresh)
    waiting = [each for each in asked if each.closed_at is None]
    _set_deadlines(store, playbook, campaign, stage, waiting)
    return about


def _approvals_needed(
    store: Store, playbook: Playbook, campaign: Campaign, stage: Stage
) -> int:
    if stage.name != playbook.stages[campaign.tier][-1].name:
        return stage.approvals
    brief = store.campaigns.brief(campaign.id)
    extra = playbook.rules.extra_approvers(brief, campaign.audience_size)
    return stage.approvals + extra


def _set_deadlines(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    waiting: Sequence[ReviewRequest],
) -> None:
    """Set the stage's deadlines by the requests that wait in it now."""
    reminders = [playbook.rules.remind_at(each, stage) for each in waiting]
    times = {
        "remind": [at for at in reminders if at is not None],
        "overdue": [playbook.rules.act_at(each, stage) for each in waiting],
    }
    for kind, due in times.items():
        if due:
            store.deadlines.bring_forward(campaign.id, kind, campaign.version, min(due))


def open_in_round(
    store: Store, campaign: Campaign, stage: Stage
) -> tuple[ReviewRequest, ...]:
    """What waits for a stage's answer; it rests while its round is not open."""
    return tuple(
        each
        for each in store.reviews.open_requests(campaign.id)
        if each.round == campaign.stage and each.stage == stage.name
    )
