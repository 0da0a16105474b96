"""A parked campaign goes on where it was, after an engineer looked."""

from __future__ import annotations

from domain.campaign import Actor, ActorKind, Campaign, CampaignId, Event, State
from domain.variant import VariantState
from pipeline.advance import advance
from pipeline.playbook import Playbook
from pipeline.record.canary import settle_step
from pipeline.record.roles import require_own_team, require_role
from pipeline.record.stages import ask_again
from pipeline.record.waiting import await_brand_lead
from pipeline.record.words import settle_writing
from storage.store import Store


def retry(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: Actor
) -> Campaign:
    """Return a parked campaign to where it was, with its jobs queued afresh.

    Raises:
        MoveNotAllowed: It is not parked.
        NotYourTurn: The person has no role on the campaign's team.
    """
    if actor.kind is ActorKind.PERSON:
        require_role(playbook.everyone, actor.id)
        require_own_team(playbook, store.campaigns.lock(campaign_id), actor.id)
    campaign = advance(store, campaign_id, Event.RETRIED, actor=actor)
    store.outbox.revive(campaign_id)
    for variant in store.variants.of(campaign_id):
        if variant.state is VariantState.FAILED:
            again = store.variants.swap(variant, VariantState.BRIEFED, reason=None)
            store.outbox.add("write", again.id, again.version, campaign_id)
    _catch_up(store, playbook, campaign)
    return store.campaigns.get(campaign_id)


def _catch_up(store: Store, playbook: Playbook, campaign: Campaign) -> None:
    """Do what other jobs' ends would have done, had it not been parked then."""
    if campaign.state is State.AWAITING_BRAND_LEAD:
        await_brand_lead(store, playbook, campaign)
    if campaign.state is State.STAGED_REVIEW:
        ask_again(store, playbook, campaign)
    settle_writing(store, campaign)
    settle_step(store, playbook, campaign.id)
