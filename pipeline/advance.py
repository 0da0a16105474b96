"""The only function that changes a campaign's state, and what each state sets going."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from domain.campaign import (
    FINAL,
    PAUSES,
    SENDING,
    Actor,
    Campaign,
    CampaignId,
    Event,
    State,
    move,
)
from domain.review import Outcome
from domain.seeds import SeedState
from storage.store import Store

JOBS: Final[Mapping[State, tuple[str, ...]]] = {
    State.AWAITING_BRAND_LEAD: ("card",),
    State.BRIEFED: ("card",),
    State.DRAFTED: ("card",),
    State.LINTED: ("card", "review"),
    State.STAGED_REVIEW: ("card",),
    State.APPROVED: ("card", "schedule"),
    State.SCHEDULED: ("card",),
    State.CANARY: ("card",),
    State.EXPANDING: ("card",),
    State.SENT: ("card",),
    State.HELD: ("card",),
    State.ROLLED_BACK: ("card",),
    State.REJECTED: ("card",),
    State.CANCELLED: ("card",),
    State.PARKED: ("card",),
}
"""What is queued on entering a state. Every state has an entry; all begin with card."""


def advance(
    store: Store,
    campaign_id: CampaignId,
    event: Event,
    *,
    actor: Actor,
    reason: str | None = None,
    detail: Mapping[str, object] | None = None,
    **changes: object,
) -> Campaign:
    """Apply `event` and queue the jobs the new state calls for.

    The caller's transaction commits; the relay publishes.

    Args:
        reason: Why, in a sentence; shown on the card while the state lasts.
        detail: What the audit trail should say besides.
        changes: Further columns of the campaign that belong to this move.

    Raises:
        MoveNotAllowed: The campaign is not waiting for this event.
        Unknown: There is no such campaign.
    """
    campaign = store.campaigns.lock(campaign_id)
    after = move(
        campaign.state,
        event,
        paused_from=campaign.paused_from,
        is_mailed=campaign.brief_channel.is_mailed,
    )
    moved = store.campaigns.swap(
        campaign,
        after,
        moved_by=actor.id,
        reason=reason,
        paused_from=campaign.state if after in PAUSES else None,
        **changes,
    )
    store.audit.append(
        campaign_id,
        event,
        actor=actor.id,
        before=campaign.state,
        after=after,
        detail={**({"reason": reason} if reason else {}), **(detail or {})},
    )
    for task in JOBS[after]:
        store.outbox.add(task, campaign_id, moved.version, campaign_id)
    if after is State.SCHEDULED and moved.send_at is not None:
        store.deadlines.set(campaign_id, "start", moved.version, moved.send_at)
    if after in SENDING:
        open_gate(store, moved)
    if after in FINAL:
        _withdraw_requests(store, campaign_id)
    return moved


def open_gate(store: Store, campaign: Campaign, *, because: str = "") -> None:
    """Queue every chunk that may go now, the seeds, and when the step is judged.

    Args:
        because: What it is opened again for, without a move of the campaign.
    """
    # a resumed campaign queues the same versions again
    suffix = f":{campaign.version}{because}"
    seeds = store.seeds.of(campaign.id)
    if seeds is not None and seeds.state is SeedState.PLANNED:
        store.outbox.add("seeds", seeds.id, seeds.version, campaign.id, suffix=suffix)
    store.outbox.add_sends(campaign.id, up_to_step=campaign.step, suffix=suffix)
    if campaign.decides_at is not None:
        store.deadlines.set(campaign.id, "judge", campaign.version, campaign.decides_at)


def _withdraw_requests(store: Store, campaign_id: CampaignId) -> None:
    for request in store.reviews.open_requests(campaign_id):
        store.reviews.close(request, Outcome.WITHDRAWN)


def refresh_card(
    store: Store, campaign: Campaign, because: str, *, after: timedelta = timedelta(0)
) -> None:
    """Queue the cards again for a fact that is no transition."""
    store.outbox.add(
        "card",
        campaign.id,
        campaign.version,
        campaign.id,
        after=after,
        suffix=f":{because}",
    )
