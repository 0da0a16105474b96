"""What became of merging: who read a fallback for privacy; who looked at whose preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.campaign import Actor, ActorKind, CampaignId
from domain.personalize import Fallback
from domain.send import Chunk, Recipient
from domain.variant import RevisionId
from pipeline.playbook import Playbook
from pipeline.record.roles import require_role
from storage.kept_back import KEPT_BACK, is_kept
from storage.queries.crowds import (
    Sampled,
    recipient_by_address,
    sampled_recipient,
)
from storage.store import Store

PREVIEWED: Final = "previewed"
PREVIEW_MISSED: Final = "preview_found_nobody"
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
    store.sends.note_unmerged(chunk.id, failed)
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
    campaign_id, text = _looked_at(store, playbook, revision_id, Actor(id=actor))
    sampled = sampled_recipient(store.connection, campaign_id, number, now=store.now)
    found = {**text, "recipient": sampled.recipient.id}
    store.audit.append(campaign_id, PREVIEWED, actor=actor, detail=found)
    return sampled


def preview_by_address(
    store: Store,
    playbook: Playbook,
    revision_id: RevisionId,
    address_hash: str,
    *,
    actor: Actor,
) -> Recipient | None:
    """Let somebody of the campaign's team read a text as one of its list would.

    Whoever is in a shell may as well. The record says who looked and as which
    recipient; that nobody was found is on it too, so that nobody tries out addresses
    unseen.

    Args:
        address_hash: The address itself goes no further than where it was typed.

    Returns:
        None: The campaign would mail nobody at that address, whoever else knows it.

    Raises:
        NotYourTurn: The person has no role in the campaign's team.
        Unknown: There is no such revision.
    """
    campaign_id, text = _looked_at(store, playbook, revision_id, actor)
    found = recipient_by_address(
        store.connection, campaign_id, address_hash, now=store.now
    )
    if found is None:
        store.audit.append(campaign_id, PREVIEW_MISSED, actor=actor.id, detail=text)
        return None
    detail = {**text, "recipient": found.id}
    store.audit.append(campaign_id, PREVIEWED, actor=actor.id, detail=detail)
    return found


def _looked_at(
    store: Store, playbook: Playbook, revision_id: RevisionId, actor: Actor
) -> tuple[CampaignId, dict[str, object]]:
    """Which campaign's text it is, and how the record names it."""
    revision = store.variants.revision(revision_id)
    variant = store.variants.get(revision.variant_id)
    campaign = store.campaigns.lock(CampaignId(variant.campaign_id))
    if actor.kind is ActorKind.PERSON:
        require_role(playbook.of(campaign.team).team, actor.id)
    return campaign.id, {"variant": variant.label, "revision": revision.number}
