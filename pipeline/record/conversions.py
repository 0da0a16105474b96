"""What the sender's own pages report: attributed by link, counted once, shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.campaign import CampaignId
from domain.conversion import Conversion
from pipeline.playbook import Playbook
from pipeline.record.events import refresh_live_card
from pipeline.tokens import event_hash, read_link_id
from storage.conversions import Attributed
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What a batch of conversions came to.

    Attributes:
        new: Counted now.
        known: Reported before.
        unknown: With a link that is none of this desk's.
    """

    new: int
    known: int
    unknown: int


def conversions(
    store: Store,
    playbook: Playbook,
    found: Sequence[Conversion],
    *,
    secret: str,
    source: str,
    actor: str | None = None,
) -> Converted:
    """Count what was not known yet; late arrivals count as the others do.

    Args:
        secret: The desk's own, which made the link ids.
        source: webhook or file.
        actor: The person who brought a file in: that is on the record.
    """
    ours = _attributed(store, found, secret)
    new = store.conversions.add(ours, source=source)
    for campaign_id, n in sorted(new.items()):
        campaign = store.campaigns.lock(campaign_id)
        refresh_live_card(store, playbook, campaign)
        if actor is not None:
            detail: dict[str, object] = {"n": n, "source": source}
            store.audit.append(
                campaign_id, "conversions_imported", actor=actor, detail=detail
            )
    counted = sum(new.values())
    return Converted(
        new=counted, known=len(ours) - counted, unknown=len(found) - len(ours)
    )


def _attributed(
    store: Store, found: Sequence[Conversion], secret: str
) -> list[Attributed]:
    links = {each.link: read_link_id(secret, each.link) for each in found}
    campaigns = {link[0] for link in links.values() if link is not None}
    variants = store.conversions.variants_of(campaigns)
    ours = []
    for each in found:
        link = links[each.link]
        variant = variants.get(link) if link is not None else None
        if link is not None and variant is not None:
            ours.append(
                Attributed(
                    campaign_id=CampaignId(link[0]),
                    variant_id=variant,
                    kind=each.kind,
                    event_hash=event_hash(secret, each.external_id),
                    at=each.at,
                    value=each.value,
                )
            )
    return ours
