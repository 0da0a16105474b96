"""A stage asks its role about each text, and by when it wants an answer."""

from __future__ import annotations

from collections.abc import Sequence

from domain.campaign import Campaign
from domain.review import ReviewRequest, Stage
from domain.sla import due_at
from domain.variant import RevisionId, VariantState
from pipeline.playbook import Playbook
from pipeline.record.pools import seat
from pipeline.record.standing import Standing
from storage.store import Store


def ask(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    standing: Standing,
) -> None:
    """Ask the stage's role about each live text it has not approved yet."""
    needed = _approvals_needed(store, playbook, campaign, stage)
    through = {variant.id for variant in standing.through(stage)}
    askable = (VariantState.LINTED, VariantState.APPROVED, VariantState.IN_REVIEW)
    fresh: set[RevisionId] = set()
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
            role=stage.role,
            due_at=due_at(store.now, stage.sla, playbook.rules.hours),
            approvals_needed=needed,
        )
        if is_asked:
            fresh.add(variant.revision_id)
        if variant.state is not VariantState.IN_REVIEW:
            store.variants.swap(variant, VariantState.IN_REVIEW)
    asked = store.pools.questions(campaign.id, stage.name)
    seat(store, playbook, campaign, stage, asked, fresh=fresh)
    waiting = [each for each in asked if each.closed_at is None]
    _set_deadlines(store, playbook, campaign, stage, waiting)


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


def open_in_stage(store: Store, campaign: Campaign) -> tuple[ReviewRequest, ...]:
    """What waits for an answer; a later stage's question rests while it is not open."""
    return tuple(
        each
        for each in store.reviews.open_requests(campaign.id)
        if each.stage == campaign.stage
    )
