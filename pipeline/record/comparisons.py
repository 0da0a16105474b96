"""A comparison is put in the thread: the wish is kept here, the card job posts it."""

from __future__ import annotations

from domain.campaign import CampaignId
from domain.errors import Refused, Unknown
from domain.variant import RevisionId
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.roles import require_role
from storage.comparisons import COMPARED, posted_comparisons
from storage.store import Store


def post_comparison(
    store: Store,
    playbook: Playbook,
    campaign_id: CampaignId,
    left: RevisionId,
    right: RevisionId,
    *,
    actor: str,
) -> bool:
    """Have a picture of two revisions posted in the thread, once; anyone with a role may.

    Returns:
        Whether it is news; the same two columns are never posted a second time.

    Raises:
        NotYourTurn: The person has no role.
        Unknown: A revision is not of this campaign.
        Refused: Both columns show the same revision.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.lock(campaign_id)
    if left == right:
        raise Refused("Both columns show the same text, so there is nothing to post.")
    sides = {"left": left, "right": right}
    detail = {side: _named(store, campaign_id, each) for side, each in sides.items()}
    before = posted_comparisons(store.connection, campaign_id)
    if any((each.left, each.right) == (left, right) for each in before):
        return False
    store.audit.append(campaign_id, COMPARED, actor=actor, detail=detail)
    refresh_card(store, campaign, f"comparison{left}.{right}")
    return True


def _named(
    store: Store, campaign_id: CampaignId, revision_id: RevisionId
) -> dict[str, object]:
    revision = store.variants.revision(revision_id)
    variant = store.variants.get(revision.variant_id)
    if variant.campaign_id != campaign_id:
        raise Unknown("This campaign has no such revision.")
    return {"variant": variant.label, "revision": revision.number, "id": revision_id}
