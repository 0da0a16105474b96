"""Campaigns brought as far as a row needs them, by the functions that do it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from domain.brief import parse_brief
from domain.campaign import Actor, CampaignId, Event
from domain.channel import Channel
from domain.lint import decide
from domain.review import RequestId
from domain.variant import Copy, Origin
from pipeline import record
from pipeline.advance import advance
from pipeline.playbook import Playbook
from storage.sends import Cohort
from storage.store import Store

MARKETER: Final = "U0MARKETER"
COPY_EDITOR: Final = "U0COPYONE"
ON_CALL: Final = "U0ONCALL"
AUDIENCE: Final = "bench"

COPY: Final = Copy(
    subject="Still weighing the demo?",
    preheader="Two things other teams asked",
    body="Hello {{ first_name | default: 'there' }},\n\nSetup takes two working days.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnItsWay:
    """A campaign whose canary is out: its id and the ids of its mails."""

    campaign_id: CampaignId
    sends: range


def add_audience(store: Store, size: int, *, key: str = AUDIENCE) -> None:
    audience = store.audiences.replace(key, f"The {key} list", source_sha256=key)
    store.audiences.add_recipients(audience, _recipients(key, size))
    store.audiences.settle_size(audience)


def _recipients(key: str, size: int) -> Iterable[dict[str, Any]]:
    for number in range(size):
        address = f"reader{number}@{key}.example"
        yield {
            "address": address,
            "address_hash": hashlib.sha256(address.encode()).hexdigest(),
            "first_name": "Ada",
            "last_name": "",
            "company": "",
            "region": "",
            "time_zone": "Europe/Berlin",
            "locale": "en",
            "provider": "other",
            "has_consent": True,
        }


def in_review(store: Store, playbook: Playbook, **values: Any) -> list[RequestId]:
    """A campaign whose only variant the copy editors are asked about."""
    campaign_id = briefed(store, playbook, **values)
    for variant in store.variants.of(campaign_id):
        record.drafted(store, variant, COPY, Origin(endpoint="bench", model="bench"))
    for variant in store.variants.of(campaign_id):
        record.linted(
            store, playbook, variant, decide((), playbook.policies[Channel.EMAIL])
        )
    record.open_review(store, playbook, campaign_id)
    return [each.id for each in store.reviews.open_requests(campaign_id)]


def briefed(store: Store, playbook: Playbook, **values: Any) -> CampaignId:
    """A campaign whose only variant is still to be written."""
    brief = parse_brief(
        {
            "title": "Recover stalled demos",
            "objective": "Get people back to the demo",
            "audience": AUDIENCE,
            "key_message": "Setup takes two working days",
            "cta_url": "https://northwind.example/demo",
            "variants": 1,
            "arms": 1,
            "tier": "B",
        }
        | values
    )
    return record.brief(store, playbook, brief, author=MARKETER, source="shell").id


def on_its_way(store: Store, playbook: Playbook, size: int) -> OnItsWay:
    """A campaign in its canary, with every mail of it planned.

    Args:
        size: Recipients, taken from the front of the list; one mail each. With 0
            the ladder is there, and nothing to send.
    """
    request, *_ = in_review(store, playbook)
    campaign_id = store.reviews.get(request).campaign_id
    actor = Actor.machine("bench")
    for event in (Event.APPROVED, Event.SCHEDULED):
        advance(store, campaign_id, event, actor=actor)
    _plan(store, campaign_id, size)
    advance(
        store,
        campaign_id,
        Event.CANARY_STARTED,
        actor=actor,
        step=0,
        step_started_at=store.now,
        decides_at=store.now + playbook.canary.window,
    )
    last = store.connection.exec_driver_sql("SELECT max(id) FROM sends").scalar() or 0
    return OnItsWay(campaign_id=campaign_id, sends=range(last - size + 1, last + 1))


def _plan(store: Store, campaign_id: CampaignId, size: int) -> None:
    """One step with everybody in it; or two, without a mail in either."""
    (variant,) = store.variants.of(campaign_id)
    rows = [
        {
            "recipient_id": recipient,
            "variant_id": variant.id,
            "revision_id": variant.revision_id or 0,
        }
        for recipient in range(1, size + 1)
    ]
    steps = [(0, size, 100.0)] if rows else [(0, 10, 1.0), (1, 990, 100.0)]
    ladder = [
        Cohort(
            step=step,
            percent=percent,
            planned=planned,
            reporting=planned,
            expands_itself=False,
        )
        for step, planned, percent in steps
    ]
    store.sends.plan(campaign_id, ladder, [(0, rows)] if rows else [])
