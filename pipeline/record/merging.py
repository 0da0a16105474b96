"""What became of merging: who read a fallback for privacy; who looked at whose preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.campaign import Actor, CampaignId
from domain.personalize import Fallback
from domain.send import Chunk
from domain.variant import RevisionId
from pipeline.playbook import Playbook
from pipeline.record.briefs import require_role
from storage.kept_back import KEPT_BACK, is_kept
from storage.queries.crowds import Sampled, sampled_recipient
from storage.store import Store

PREVIEWED: Final = "previewed"
_REASONS: Final = {
    Fallback.RARE: "too_rare",
    Fallback.REGION: "by_region",
    Fallback.PRIVATE: "private",
}


def merged(
    store: Store,
    chunk: Chunk,
    *,
    failed: int,
    with_fallback: int,
    reasons: Mapping[Fallback, int],
    actor: Actor,
) -> None:
    """Keep how many of a chunk could not be merged, or read a fallback for privacy.

    Args:
        reasons: Recipients by why; one may have two reasons.
    """
    store.campaigns.lock(chunk.campaign_id)
    detail: dict[str, object] = {
        "chunk": chunk.number,
        "with_fallback": with_fallback,
        **({"not_merged": failed} if failed else {}),
        **{_REASONS[why]: count for why, count in sorted(reasons.items())},
    }
    # while the ESP is away a chunk is merged again and again
    if not is_kept(store.connection, chunk.campaign_id, detail):
        store.audit.append(chunk.campaign_id, KEPT_BACK, actor=actor.id, detail=detail)


def preview_as(
    store: Store,
    playbook: Playbook,
    revision_id: RevisionId,
    number: int,
    *,
    actor: str,
) -> Sampled:
    """Let somebody of the campaign's team read a text as a recipient would.

    The record says who looked and as which recipient, without any of their values.

    Raises:
        NotYourTurn: The person has no role in the campaign's team.
        Unknown: The list has no such recipient.
    """
    revision = store.variants.revision(revision_id)
    variant = store.variants.get(revision.variant_id)
    campaign = store.campaigns.lock(CampaignId(variant.campaign_id))
    require_role(playbook.of(campaign.team).team, actor)
    sampled = sampled_recipient(store.connection, campaign.id, number, now=store.now)
    store.audit.append(
        campaign.id,
        PREVIEWED,
        actor=actor,
        detail={
            "variant": variant.label,
            "revision": revision.number,
            "recipient": sampled.recipient.id,
        },
    )
    return sampled
