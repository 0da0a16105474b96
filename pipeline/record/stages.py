"""Stages of review: opened, passed, reopened, and what the last one lets through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.campaign import Actor, Campaign, CampaignId, Event
from domain.review import (
    BY_ITSELF,
    Outcome,
    Stage,
    quota,
)
from domain.variant import Variant, VariantState
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.asking import ask
from pipeline.record.standing import Standing, standing_of
from storage.store import Store

DESK = Actor.machine(BY_ITSELF)


def open_review(store: Store, playbook: Playbook, campaign_id: CampaignId) -> Campaign:
    """Open the first stage and ask its role about every variant."""
    campaign = store.campaigns.get(campaign_id)
    stage = playbook.stages[campaign.tier][0]
    campaign = advance(
        store,
        campaign_id,
        Event.REVIEW_OPENED,
        actor=DESK,
        stage=stage.name,
        detail={"stage": stage.name, "role": stage.role},
    )
    ask(store, playbook, campaign, stage, standing_of(store, playbook, campaign))
    return campaign


def ask_again(store: Store, playbook: Playbook, campaign: Campaign) -> None:
    """After an edit or a rewrite: ask about the new text, from the first stage on.

    Stages whose approval holds for the new text are not asked.
    """
    stages = playbook.stages[campaign.tier]
    standing = standing_of(store, playbook, campaign)
    stage = standing.open_stage(stages)
    for variant in standing.through(stage or stages[-1]):
        if variant.state is VariantState.LINTED:
            # nobody has to be asked, but only what is in review becomes approved
            reviewed = store.variants.swap(variant, VariantState.IN_REVIEW)
            store.variants.swap(reviewed, VariantState.APPROVED)
    if stage is None or _goes_on(store, playbook, campaign, stage, standing):
        # a rewrite that did not come, or an edit that gave a text back, left
        # nothing to ask here
        settle_stage(store, playbook, campaign, DESK)
        return
    if stage.name != campaign.stage:
        campaign = advance(
            store,
            campaign.id,
            Event.REVIEW_REOPENED,
            actor=DESK,
            stage=stage.name,
            detail={"stage": stage.name, "role": stage.role},
        )
    ask(store, playbook, campaign, stage, standing)


def _goes_on(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    standing: Standing,
) -> bool:
    """Whether the campaign's own stage is through, or has let enough through."""
    names = [each.name for each in playbook.stages[campaign.tier]]
    if campaign.stage in names and names.index(stage.name) > names.index(
        campaign.stage
    ):
        return True
    return stage.name == campaign.stage and standing.is_full(
        stage, _room(store, playbook, campaign, stage)
    )


def _room(
    store: Store, playbook: Playbook, campaign: Campaign, stage: Stage
) -> int | None:
    arms = int(str(store.campaigns.brief(campaign.id).get("arms") or 1))
    return quota(stage.name, playbook.stages[campaign.tier], arms=arms)


def has_room(
    store: Store, playbook: Playbook, campaign: Campaign, stage_name: str
) -> bool:
    """Whether a stage may let one more variant through."""
    stage = playbook.stage(campaign.tier, stage_name)
    room = _room(store, playbook, campaign, stage)
    return not standing_of(store, playbook, campaign).is_full(stage, room)


def settle_stage(
    store: Store, playbook: Playbook, campaign: Campaign, actor: Actor
) -> Campaign:
    """Shelve what the stage has no room for, and pass the stage when all is decided."""
    stages = playbook.stages[campaign.tier]
    stage = playbook.stage(campaign.tier, campaign.stage or stages[0].name)
    standing = standing_of(store, playbook, campaign)
    through = standing.through(stage)
    arms = int(str(store.campaigns.brief(campaign.id).get("arms") or 1))
    room = quota(stage.name, stages, arms=arms)
    if room is not None and len(through) >= room:
        _shelve(store, campaign, standing.live, keep=through, room=room, stage=stage)
        standing = replace(standing, live=through)
    open_stage = standing.open_stage(stages)
    if open_stage is None:
        why = _arms_reason(stage, arms)
        return _approve_campaign(store, campaign, actor, standing.live, why)
    if open_stage.name == stage.name:
        refresh_card(store, campaign, f"d{store.audit.last_seq(campaign.id)}")
        return campaign
    names = [each.name for each in stages]
    is_back = names.index(open_stage.name) < names.index(stage.name)
    campaign = advance(
        store,
        campaign.id,
        Event.REVIEW_REOPENED if is_back else Event.STAGE_PASSED,
        actor=actor,
        stage=open_stage.name,
        detail={
            **({} if is_back else {"passed": stage.name}),
            "stage": open_stage.name,
            "role": open_stage.role,
            "variants": [v.label for v in standing.live],
        },
    )
    if standing.is_full(open_stage, quota(open_stage.name, stages, arms=arms)):
        # approvals that hold have filled it before anybody was asked
        return settle_stage(store, playbook, campaign, actor)
    ask(store, playbook, campaign, open_stage, standing)
    return campaign


def _arms_reason(stage: Stage, arms: int) -> str:
    role = stage.role.replace("_", " ")
    return f"approved in every stage, last by {role}; the brief asked for {arms}"


def _approve_campaign(
    store: Store,
    campaign: Campaign,
    actor: Actor,
    chosen: Sequence[Variant],
    why: str,
) -> Campaign:
    """The last stage is through: what it approved are the arms."""
    store.variants.set_arms([variant.id for variant in chosen])
    return advance(
        store,
        campaign.id,
        Event.APPROVED,
        actor=actor,
        stage=None,
        arms_reason=why,
        detail={"passed": campaign.stage, "arms": [v.label for v in chosen]},
    )


def _shelve(
    store: Store,
    campaign: Campaign,
    live: Sequence[Variant],
    *,
    keep: Sequence[Variant],
    room: int,
    stage: Stage,
) -> None:
    kept = {variant.id for variant in keep}
    for variant in live:
        if variant.id in kept:
            continue
        reason = f"The {stage.name} stage lets {room} through, and others were chosen."
        for request in store.reviews.open_requests(campaign.id, variant_id=variant.id):
            store.reviews.close(request, Outcome.WITHDRAWN)
        store.variants.swap(variant, VariantState.SHELVED, reason=reason)
        store.audit.append(
            campaign.id,
            "variant_shelved",
            actor=DESK.id,
            detail={"variant": variant.label, "stage": stage.name, "reason": reason},
        )
