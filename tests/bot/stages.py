"""Campaigns brought as far as a test needs them, by the functions that do it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.brief import parse_brief
from domain.campaign import Actor, CampaignId, Event
from domain.channel import Channel
from domain.lint import decide
from domain.review import Ask, RequestId
from domain.variant import Copy, Origin
from pipeline import record
from pipeline.advance import advance
from pipeline.playbook import Playbook
from storage.sends import Cohort
from storage.store import Store
from tests.bot.bot_lab import MARA, make_values

COPY = Copy(
    subject="Still weighing the demo?",
    preheader="Two things other teams asked",
    body="Hello {{ first_name | default: 'there' }},\n\nSetup takes two working days.",
)


def asking(playbook: Playbook, ask: Ask) -> Playbook:
    """The playbook with this way of asking in every stage."""
    stages = {
        tier: tuple(replace(stage, ask=ask) for stage in row)
        for tier, row in playbook.stages.items()
    }
    return replace(playbook, stages=stages)


def briefed(store: Store, playbook: Playbook, **values: Any) -> CampaignId:
    brief = parse_brief(make_values(variants=2, **values))
    return record.brief(store, playbook, brief, author=MARA, source="modal").id


def in_review(store: Store, playbook: Playbook, **values: Any) -> list[RequestId]:
    """Two variants, written and linted; returns the first stage's open requests."""
    return reviewed(store, playbook, briefed(store, playbook, **values))


def reviewed(
    store: Store, playbook: Playbook, campaign_id: CampaignId
) -> list[RequestId]:
    """Write and lint each variant of a brief, and open its review."""
    for variant in store.variants.of(campaign_id):
        record.drafted(store, variant, COPY, Origin(endpoint="test", model="test"))
    for variant in store.variants.of(campaign_id):
        record.linted(
            store, playbook, variant, decide((), playbook.policies[Channel.EMAIL])
        )
    record.open_review(store, playbook, campaign_id)
    return [each.id for each in store.reviews.open_requests(campaign_id)]


def scheduled(store: Store, playbook: Playbook) -> CampaignId:
    """Approved and waiting for its time; nothing planned yet."""
    in_review(store, playbook)
    campaign_id = CampaignId(1)
    for event in (Event.APPROVED, Event.SCHEDULED):
        advance(store, campaign_id, event, actor=Actor.machine("test"))
    return campaign_id


def sending(store: Store, playbook: Playbook) -> CampaignId:
    """Forty mails planned in one step, and the canary under way."""
    campaign_id = scheduled(store, playbook)
    variant = store.variants.of(campaign_id)[0]
    rows = [
        {
            "recipient_id": recipient,
            "variant_id": variant.id,
            "revision_id": variant.revision_id or 0,
        }
        for recipient in range(1, 41)
    ]
    whole = Cohort(
        step=0, percent=100.0, planned=40, reporting=40, expands_itself=False
    )
    store.sends.plan(campaign_id, [whole], [(0, rows)])
    advance(store, campaign_id, Event.CANARY_STARTED, actor=Actor.machine("test"))
    return campaign_id
