"""A freeze is over: what waited for it goes on where it was, by itself."""

from __future__ import annotations

from domain.campaign import FINAL, SENDING, Actor, CampaignId, State
from pipeline.advance import open_gate, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.canary import judge_after_freeze, start
from pipeline.record.freezes import stops
from storage.store import Store


def go_on(store: Store, playbook: Playbook, campaign_id: CampaignId) -> bool:
    """Let a campaign go on that waited for a freeze; False when it waits still.

    Safe to repeat: chunks that left already are not planned any more.
    """
    campaign = store.campaigns.lock(campaign_id)
    has_ended = campaign.state in FINAL
    if not has_ended and stops(store, playbook, campaign) is not None:
        return False
    waited_for, had_passed = store.freezes.go_on(campaign_id)
    if has_ended or not waited_for:
        return True
    store.audit.append(
        campaign_id,
        "thawed",
        actor=Actor.machine("clock").id,
        detail={"freezes": waited_for},
    )
    because = f"thaw{store.audit.last_seq(campaign_id)}"
    refresh_card(store, campaign, because)
    if campaign.state is State.SCHEDULED:
        if campaign.send_at is None or campaign.send_at <= store.now:
            start(store, playbook, campaign_id)
    elif campaign.state in SENDING:
        open_gate(store, campaign, because=because)
        judge_after_freeze(store, playbook, campaign, had_passed=had_passed)
    return True
