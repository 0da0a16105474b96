"""A campaign of two arms that is all out, and what its recipients did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.campaign import Campaign, State
from domain.variant import VariantState
from storage.sends import Cohort
from storage.store import Store
from tests.factories import add_campaign, hand_over, make_event, move, write_all

MINUTE = timedelta(minutes=1)
LINK = "https://northwind.example/demo"


def sent_arms(
    store: Store, *, per_arm: int = 300, state: State = State.SENT
) -> tuple[Campaign, dict[str, list[int]]]:
    """Return the campaign and the ids of each arm's mails, handed over just now."""
    campaign = add_campaign(store, recipients=2 * per_arm)
    arms = [
        store.variants.swap(
            store.variants.swap(variant, VariantState.IN_REVIEW),
            VariantState.APPROVED,
            is_arm=True,
        )
        for variant in write_all(store, campaign, "AB")
    ]
    keys = [key for key, *_ in store.audiences.mailable_keys(campaign.audience_id)]
    chunked = [
        (
            0,
            [
                {
                    "recipient_id": key,
                    "variant_id": arm.id,
                    "revision_id": arm.revision_id or 0,
                }
                for key in keys[at * per_arm : (at + 1) * per_arm]
            ],
        )
        for at, arm in enumerate(arms)
    ]
    cohort = Cohort(
        step=0,
        percent=100.0,
        planned=len(keys),
        reporting=len(keys),
        expands_itself=True,
    )
    store.sends.plan(campaign.id, [cohort], chunked)
    chunks = store.sends.chunks(campaign.id)
    ids = {
        arm.label: sorted(store.sends.addresses(chunk.id))
        for arm, chunk in zip(arms, chunks, strict=True)
    }
    for chunk in chunks:
        hand_over(store, chunk)
    return move(store, campaign, state, step_started_at=store.now), ids


def happened(
    store: Store,
    campaign: Campaign,
    ids: Sequence[int],
    kind: str,
    *,
    at: datetime,
    url: str | None = None,
    **facts: bool,
) -> None:
    events = [
        make_event(
            campaign,
            key,
            kind,
            at=at,
            url=url,
            event_id=f"{kind}{key}{at}{url}",
            **facts,
        )
        for key in ids
    ]
    store.events.add(events, bucket=MINUTE)
