"""Many texts of the lowest tier are approved in one go, each on its own."""

from __future__ import annotations

from domain.campaign import Campaign
from domain.errors import Refused
from domain.queue_order import LOWEST_TIER
from domain.review import RequestId
from pipeline.playbook import Playbook
from pipeline.record.reviews import approve
from storage.store import Store


def approve_passing(
    store: Store, playbook: Playbook, request_id: RequestId, *, actor: str
) -> Campaign:
    """Approve one of the texts that were listed to be approved together.

    Raises:
        Refused: The campaign is not of the lowest tier, or as for `approve`.
    """
    campaign = store.campaigns.lock_for(request_id)
    if campaign.tier != LOWEST_TIER:
        raise Refused(
            f"#{campaign.id} is tier {campaign.tier}; only tier {LOWEST_TIER} is"
            " approved together, so look at it by itself."
        )
    return approve(store, playbook, request_id, actor=actor)
