"""A brand lead decides about a tier A brief, before anything is written."""

from __future__ import annotations

from domain.campaign import Actor, Campaign, CampaignId, Event
from domain.errors import AlreadyDecided
from domain.strategy import BriefVersion, StrategyDecision, check_may_decide
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.briefs import begin_writing, waiting_brief
from pipeline.record.roles import require_role
from storage.store import Store


def approve_strategy(
    store: Store, playbook: Playbook, brief_id: int, *, actor: str
) -> Campaign:
    """Approve exactly this brief version, and have its variants written.

    Args:
        brief_id: The brief version on the card that was clicked.

    Raises:
        AlreadyDecided: Says who was faster, and when.
        Overtaken: The brief has been changed, or the campaign has moved on.
        NotYourTurn: The person is no brand lead, or wrote the brief.
    """
    version = _decidable(store, playbook, brief_id, actor)
    store.strategy.decide(version, actor=actor, is_approval=True)
    channel = store.campaigns.get(version.campaign_id).brief_channel
    campaign = advance(
        store,
        version.campaign_id,
        Event.STRATEGY_APPROVED,
        actor=Actor(id=actor),
        detail=_about(version),
        # what will be written with, should the playbook have changed meanwhile
        prompt=playbook.prompt(channel).name,
        policy_hash=playbook.policy(channel).hash,
    )
    begin_writing(store, campaign)
    return campaign


def ask_for_changes(
    store: Store, playbook: Playbook, brief_id: int, *, actor: str, reason: str
) -> Campaign:
    """Give the brief back to its author, who reads the reason on the card.

    Raises:
        AlreadyDecided, Overtaken, NotYourTurn: As for `approve_strategy`.
    """
    version = _decidable(store, playbook, brief_id, actor)
    store.strategy.decide(version, actor=actor, is_approval=False, reason=reason)
    return advance(
        store,
        version.campaign_id,
        Event.CHANGES_ASKED,
        actor=Actor(id=actor),
        reason=reason,
        detail=_about(version),
    )


def look_again(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> None:
    """Draw the card anew, as when the team has changed; anyone with a role may.

    Raises:
        NotYourTurn: The person has no role.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.get(campaign_id)
    refresh_card(store, campaign, f"look{int(store.now.timestamp())}")


def _decidable(
    store: Store, playbook: Playbook, brief_id: int, actor: str
) -> BriefVersion:
    """Lock, re-read, and check that this person may decide about this brief now."""
    campaign = store.campaigns.lock_for_brief(brief_id)
    decision = store.strategy.decision(brief_id)
    if decision is not None and campaign.brief_id == brief_id:
        raise _decided(campaign, decision)
    version = waiting_brief(store, campaign, brief_id)
    team = playbook.of(campaign.team).team
    check_may_decide(actor, team=team, author=campaign.author)
    return version


def _decided(campaign: Campaign, decision: StrategyDecision) -> AlreadyDecided:
    when = decision.decided_at
    stamp = f"<!date^{int(when.timestamp())}^{{time}}|{when:%H:%M} UTC>"
    if decision.is_approval:
        return AlreadyDecided(
            f"The strategy of #{campaign.id} was already approved by"
            f" <@{decision.actor}> at {stamp}."
        )
    return AlreadyDecided(
        f"<@{decision.actor}> already asked for changes to the brief of"
        f" #{campaign.id} at {stamp}; its author changes it first."
    )


def _about(version: BriefVersion) -> dict[str, object]:
    return {"brief_version": version.number, "brief": version.sha256}
