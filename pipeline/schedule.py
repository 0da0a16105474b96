"""Plan who gets an approved campaign in which step, once, and set its start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from domain.campaign import Actor, Campaign, CampaignId, Event
from domain.cohort import Assignment, arm_of, assign, chunks, reports_complaints
from domain.errors import Overtaken
from domain.send import CHUNK_SIZE
from domain.variant import Variant
from pipeline.advance import advance
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage.sends import Cohort
from storage.store import Store


def schedule(deps: Deps, campaign_id: int, version: int) -> None:
    """Fix cohorts, chunks and one send per recipient, and wait for the send time.

    Raises:
        Overtaken: The campaign has moved on.
    """
    number = CampaignId(campaign_id)
    keys = deps.database.look(
        lambda store: store.audiences.mailable_keys(
            store.campaigns.get(number).audience_id
        )
    )
    if not keys:
        _nobody_left(deps, number, version)
        return
    # hashing a large list takes a while, so no transaction is open meanwhile
    assignment = assign(
        {address: provider for _id, address, provider in keys},
        salt=f"campaign-{number}",
        ladder=deps.playbook.ladder,
    )
    with deps.database.begin() as store:
        campaign = store.campaigns.lock(number)
        if campaign.version != version:
            raise Overtaken(f"Campaign #{number} has moved on.")
        _plan(store, campaign, keys, assignment)
        start_at = max(campaign.send_at or store.now, store.now)
        advance(
            store,
            number,
            Event.SCHEDULED,
            actor=Actor.machine("scheduler"),
            send_at=start_at,
            detail={
                "recipients": len(keys),
                "steps": [step.size for step in assignment.steps],
                "send_at": start_at,
            },
        )


def _nobody_left(deps: Deps, number: CampaignId, version: int) -> None:
    """Everybody has asked for silence since the brief: a person has to see that."""
    with deps.database.begin() as store:
        if store.campaigns.lock(number).version != version:
            raise Overtaken(f"Campaign #{number} has moved on.")
        advance(
            store,
            number,
            Event.PARKED,
            actor=Actor.machine("scheduler"),
            reason="Nobody in the segment can be mailed any more. Cancel it, or import"
            " a list and retry.",
        )


def _plan(
    store: Store,
    campaign: Campaign,
    keys: Sequence[tuple[int, str, str]],
    assignment: Assignment,
) -> None:
    # here and not at the undo: taking a long list's plan back outlasts a click
    store.sends.discard_plan(campaign.id)
    arms = {variant.label: variant for variant in store.variants.arms(campaign.id)}
    # one variant per chunk: what its mails share travels once
    rows: dict[tuple[int, int], list[dict[str, int]]] = defaultdict(list)
    reporting: dict[int, int] = defaultdict(int)
    for recipient_id, address, provider in keys:
        step = assignment.step_of[address]
        reporting[step] += reports_complaints(provider)
        row = _row(campaign, recipient_id, address, arms)
        rows[step, row["variant_id"]].append(row)
    store.sends.plan(
        campaign.id,
        [
            Cohort(
                step=step.step,
                percent=step.percent,
                planned=step.size,
                reporting=reporting[step.step],
                expands_itself=step.expands_alone,
            )
            for step in assignment.steps
        ],
        [
            (step, group)
            for (step, _variant), members in sorted(rows.items())
            for group in chunks(members, CHUNK_SIZE)
        ],
    )


def _row(
    campaign: Campaign,
    recipient_id: int,
    address_hash: str,
    arms: Mapping[str, Variant],
) -> dict[str, int]:
    arm = arms[arm_of(address_hash, sorted(arms), f"campaign-{campaign.id}")]
    if arm.revision_id is None:
        raise Overtaken(f"Variant {arm.label} has no text.")
    return {
        "recipient_id": recipient_id,
        "variant_id": arm.id,
        "revision_id": arm.revision_id,
    }


TASK: Final = Task(name="schedule", queue="send", run=schedule)
