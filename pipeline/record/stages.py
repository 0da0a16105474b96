"""Rounds of review: opened, passed, reopened, and what the last one lets through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.campaign import Actor, Campaign, CampaignId, Event
from domain.canary_limits import to_pin
from domain.review import (
    AND,
    BY_ITSELF,
    Outcome,
    Round,
    quota,
    rounds,
)
from domain.variant import Variant, VariantState
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.asking import ask
from pipeline.record.freezes import stops
from pipeline.record.standing import Standing, standing_of
from storage.store import Store

DESK = Actor.machine(BY_ITSELF)


def open_review(store: Store, playbook: Playbook, campaign_id: CampaignId) -> Campaign:
    """Open the first round and ask its roles about every variant."""
    campaign = store.campaigns.get(campaign_id)
    playbook = playbook.of(campaign.team)
    first = rounds(playbook.stages[campaign.tier])[0]
    campaign = _move(store, campaign, Event.REVIEW_OPENED, first, DESK)
    ask(store, playbook, campaign, first, standing_of(store, playbook, campaign))
    return campaign


def ask_again(store: Store, playbook: Playbook, campaign: Campaign) -> None:
    """After an edit or a rewrite: ask about the new text, from the first round on.

    Stages whose approval holds for the new text are not asked.
    """
    playbook = playbook.of(campaign.team)
    stages = playbook.stages[campaign.tier]
    standing = standing_of(store, playbook, campaign)
    now_open = standing.open_round(stages)
    for variant in standing.through_all(now_open or rounds(stages)[-1]):
        if variant.state is VariantState.LINTED:
            # nobody has to be asked, but only what is in review becomes approved
            reviewed = store.variants.swap(variant, VariantState.IN_REVIEW)
            store.variants.swap(reviewed, VariantState.APPROVED)
    if not now_open or _goes_on(store, playbook, campaign, now_open, standing):
        # a rewrite that did not come, or an edit that gave a text back, left
        # nothing to ask here
        settle_round(store, playbook, campaign, DESK)
        return
    if now_open[0].round != campaign.stage:
        campaign = _move(store, campaign, Event.REVIEW_REOPENED, now_open, DESK)
    ask(store, playbook, campaign, now_open, standing)


def _goes_on(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    now_open: Round,
    standing: Standing,
) -> bool:
    """Whether the campaign's own round is through, or has let enough through."""
    names = [each[0].round for each in rounds(playbook.stages[campaign.tier])]
    name = now_open[0].round
    if campaign.stage in names and names.index(name) > names.index(campaign.stage):
        return True
    return name == campaign.stage and standing.is_full(
        now_open, _room(store, playbook, campaign, name)
    )


def _arms(store: Store, campaign: Campaign) -> int:
    return int(str(store.campaigns.brief(campaign.id).get("arms") or 1))


def _room(
    store: Store, playbook: Playbook, campaign: Campaign, round_name: str
) -> int | None:
    stages = playbook.stages[campaign.tier]
    return quota(round_name, stages, arms=_arms(store, campaign))


def has_room(
    store: Store, playbook: Playbook, campaign: Campaign, round_name: str
) -> bool:
    """Whether a round may let one more variant through."""
    playbook = playbook.of(campaign.team)
    stages = playbook.round(campaign.tier, round_name)
    room = _room(store, playbook, campaign, round_name)
    return not standing_of(store, playbook, campaign).is_full(stages, room)


def settle_round(
    store: Store, playbook: Playbook, campaign: Campaign, actor: Actor
) -> Campaign:
    """Shelve what the round has no room for, and pass it when all is decided."""
    playbook = playbook.of(campaign.team)
    stages = playbook.stages[campaign.tier]
    current = playbook.round(campaign.tier, campaign.stage or stages[0].round)
    standing = standing_of(store, playbook, campaign)
    through = standing.through_all(current)
    arms = _arms(store, campaign)
    room = quota(current[0].round, stages, arms=arms)
    if room is not None and len(through) >= room:
        _shelve(store, campaign, standing.live, keep=through, room=room)
        standing = replace(standing, live=through)
    now_open = standing.open_round(stages)
    if not now_open:
        why = _arms_reason(current, arms)
        approved = _approve_campaign(
            store, playbook, campaign, actor, standing.live, why=why
        )
        # the approval counts; only the mails wait
        stops(store, playbook, approved)
        return approved
    name = now_open[0].round
    if name == campaign.stage:
        refresh_card(store, campaign, f"d{store.audit.last_seq(campaign.id)}")
        return campaign
    names = [each[0].round for each in rounds(stages)]
    # its own round, put together otherwise by the playbook since, has not passed
    has_passed = names.index(name) > names.index(current[0].round)
    labels = [variant.label for variant in standing.live]
    if has_passed:
        campaign = _move(
            store,
            campaign,
            Event.STAGE_PASSED,
            now_open,
            actor,
            passed=current[0].round,
            variants=labels,
        )
    else:
        campaign = _move(
            store, campaign, Event.REVIEW_REOPENED, now_open, actor, variants=labels
        )
    if standing.is_full(now_open, quota(name, stages, arms=arms)):
        # approvals that hold have filled it before anybody was asked
        return settle_round(store, playbook, campaign, actor)
    ask(store, playbook, campaign, now_open, standing)
    return campaign


def _move(
    store: Store,
    campaign: Campaign,
    event: Event,
    to: Round,
    actor: Actor,
    **more: object,
) -> Campaign:
    """Move the campaign into a round, with its roles on the record."""
    name = to[0].round
    roles = AND.join(dict.fromkeys(stage.role for stage in to))
    return advance(
        store,
        campaign.id,
        event,
        actor=actor,
        stage=name,
        detail={**more, "stage": name, "role": roles},
    )


def _arms_reason(last: Round, arms: int) -> str:
    roles = dict.fromkeys(stage.role.replace("_", " ") for stage in last)
    role = AND.join(roles)
    return f"approved in every stage, last by {role}; the brief asked for {arms}"


def _approve_campaign(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    actor: Actor,
    chosen: Sequence[Variant],
    *,
    why: str,
) -> Campaign:
    """The last round is through: what it approved are the arms.

    The limits that it will be judged by are pinned with it.
    """
    limits = to_pin(
        playbook.canary, playbook.sending, recipients=campaign.audience_size
    )
    pinned = store.canary_pins.pin(campaign.id, limits)
    store.variants.set_arms([variant.id for variant in chosen])
    return advance(
        store,
        campaign.id,
        Event.APPROVED,
        actor=actor,
        stage=None,
        arms_reason=why,
        detail={
            "passed": campaign.stage,
            "arms": [v.label for v in chosen],
            "limits": pinned,
        },
    )


def _shelve(
    store: Store,
    campaign: Campaign,
    live: Sequence[Variant],
    *,
    keep: Sequence[Variant],
    room: int,
) -> None:
    kept = {variant.id for variant in keep}
    for variant in live:
        if variant.id in kept:
            continue
        lets = "stages let" if AND in str(campaign.stage) else "stage lets"
        reason = f"The {campaign.stage} {lets} {room} through, and others were chosen."
        for request in store.reviews.open_requests(campaign.id, variant_id=variant.id):
            store.reviews.close(request, Outcome.WITHDRAWN)
        store.variants.swap(variant, VariantState.SHELVED, reason=reason)
        store.audit.append(
            campaign.id,
            "variant_shelved",
            actor=DESK.id,
            detail={
                "variant": variant.label,
                "stage": campaign.stage,
                "reason": reason,
            },
        )
