"""What ESPs report and recipients ask: counted, suppressed and judged at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from domain.campaign import SENDING, Campaign, CampaignId, State
from domain.canary_clicks import is_too_soon
from domain.send import DeliveryEvent
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.canary import WATCHED, first_heard, judge_due
from storage.events import Added
from storage.store import Store

_SUPPRESSES: Final = {
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    "bounced_hard": "bounced",
}
"""Metric to the reason for which its recipient is never mailed again."""


_ENDED_IS_SLOWER: Final = 5
"""How much more rarely the card of a campaign changes that sends no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What a webhook's batch came to.

    Attributes:
        new: Events not seen before.
        ignored: Events about mails that are not ours.
        halted: Campaigns whose gate this batch shut.
    """

    new: int
    ignored: int
    halted: tuple[CampaignId, ...]


def esp_events(
    store: Store, playbook: Playbook, events: Sequence[DeliveryEvent]
) -> Ingested:
    """Store a batch, suppress who asked for silence, and judge each campaign.

    All in the caller's transaction: when the webhook gets its 2xx, a breach has shut
    the gate.
    """
    known = _told_apart(store, playbook, store.events.known(events))
    if not known:
        return Ingested(new=0, ignored=len(events), halted=())
    campaigns = {event.campaign_id for event in known}
    silent = {each for each in campaigns if store.events.pulse(each) is None}
    added = store.events.add(known, bucket=playbook.bucket)
    for campaign_id in sorted(silent & added.campaigns):
        first_heard(store, playbook, campaign_id)
    halted = [
        campaign_id
        for campaign_id in sorted(added.campaigns)
        if _take_in(store, playbook, campaign_id, added)
    ]
    return Ingested(
        new=added.new, ignored=len(events) - len(known), halted=tuple(halted)
    )


def told_at_hand_over(
    store: Store,
    playbook: Playbook,
    campaign_id: CampaignId,
    *,
    bounced: Collection[int],
    deferred: Collection[int],
) -> None:
    """Count what the ESP answered of single mails as if its webhook had said it.

    A bounce that it reports as well counts once. It is no sign that the webhook works.

    Args:
        bounced: Send ids whose address there is not.
        deferred: Send ids that it has put off until we gave up.
    """
    kinds = (("bounced", bounced), ("deferred", deferred))
    events = [
        DeliveryEvent(
            event_id=f"handover:{kind}:{send_id}",
            type=kind,
            at=store.now,
            send_id=send_id,
            campaign_id=campaign_id,
            is_hard=kind == "bounced",
        )
        for kind, send_ids in kinds
        for send_id in sorted(send_ids)
    ]
    if events:
        added = store.events.add(events, bucket=playbook.bucket, is_report=False)
        _take_in(store, playbook, campaign_id, added)


def unsubscribe(store: Store, send_id: int) -> CampaignId:
    """Suppress the recipient of a mail because they pressed unsubscribe; idempotent.

    Raises:
        Unknown: There was no such mail.
    """
    campaign_id, _recipient = store.sends.campaign_of(send_id)
    if store.audiences.suppress_senders({send_id: "unsubscribed"}, campaign_id):
        store.events.count_one(campaign_id, "unsubscribed", send_id)
    return campaign_id


def _told_apart(
    store: Store, playbook: Playbook, events: list[DeliveryEvent]
) -> list[DeliveryEvent]:
    """Call a click a machine's that came before a person could have read the mail."""
    human_after = playbook.canary.human_after
    clicks = [e for e in events if e.type == "clicked" and not e.is_machine]
    if not clicks:
        return events
    sent = store.sends.sent_at({e.send_id for e in clicks})
    soon = {
        e.event_id
        for e in clicks
        if e.send_id in sent and is_too_soon(e.at, sent[e.send_id], human_after)
    }
    if not soon:
        return events
    return [e._replace(is_machine=True) if e.event_id in soon else e for e in events]


def _take_in(
    store: Store, playbook: Playbook, campaign_id: CampaignId, added: Added
) -> bool:
    """Act on one campaign's news; True when its gate was shut by them."""
    reasons = {
        send_id: _SUPPRESSES[metric]
        for campaign, metric, send_id in added.firsts
        if campaign == campaign_id and metric in _SUPPRESSES
    }
    store.audiences.suppress_senders(reasons, campaign_id)
    before = store.campaigns.lock(campaign_id)
    if any(campaign == campaign_id for campaign, _metric, _send in added.firsts):
        refresh_live_card(store, playbook, before)
    if before.state not in WATCHED:
        return False
    judge_due(store, playbook, campaign_id)
    after = store.campaigns.lock(campaign_id)
    return after.state is not before.state and after.state not in SENDING


def refresh_live_card(store: Store, playbook: Playbook, campaign: Campaign) -> None:
    """Queue one card per interval, however many events arrive in it."""
    if campaign.state not in SENDING | {State.HELD, State.SENT, State.ROLLED_BACK}:
        return
    # nobody waits for the numbers of what has ended; Slack takes 50 updates a minute
    is_live = campaign.state in SENDING
    every = playbook.card_every * (1 if is_live else _ENDED_IS_SLOWER)
    interval = int(store.now.timestamp() // every.total_seconds())
    refresh_card(store, campaign, f"t{interval}", after=every)
