"""Plan a campaign that is shown in a slot: its steps, each so many visitors."""

from __future__ import annotations

from typing import Final

from domain.campaign import Actor, Campaign, CampaignId, Event
from domain.channel import Slot
from domain.errors import Overtaken, Refused
from domain.exposure import steps
from pipeline.advance import advance
from pipeline.slot_text import shown
from pipeline.wiring import Deps
from storage.queries.slots import slot_version
from storage.sends import Cohort
from storage.store import Store

_SCHEDULER: Final = Actor.machine("scheduler")


def plan_in_slot(deps: Deps, campaign_id: CampaignId, version: int) -> None:
    """Fix the steps, and wait for the start; park it if it could not be shown.

    Raises:
        Overtaken: The campaign has moved on.
    """
    with deps.database.begin() as store:
        campaign = store.campaigns.lock(campaign_id)
        if campaign.version != version:
            raise Overtaken(f"Campaign #{campaign_id} has moved on.")
        try:
            slot = _slot(deps, campaign)
            _check_texts(deps, store, campaign_id)
        except Refused as error:
            advance(
                store, campaign_id, Event.PARKED, actor=_SCHEDULER, reason=str(error)
            )
            return
        plan = _steps(slot)
        store.exposures.plan(campaign_id, plan)
        start_at = max(campaign.send_at or store.now, store.now)
        advance(
            store,
            campaign_id,
            Event.SCHEDULED,
            actor=_SCHEDULER,
            send_at=start_at,
            detail={
                "slot": slot.key,
                "steps": [each.planned for each in plan],
                "send_at": start_at,
            },
        )


def _slot(deps: Deps, campaign: Campaign) -> Slot:
    found = deps.playbook.slots.get(campaign.slot)
    if found is None or found.channel is not campaign.brief_channel:
        raise Refused(
            f"slots.yaml has no slot {campaign.slot} for this copy any more."
            " Put it back and retry, or cancel."
        )
    return found


def _check_texts(deps: Deps, store: Store, campaign_id: CampaignId) -> None:
    """Fill every text now, so that no visitor's page meets one that cannot be.

    Raises:
        Refused: Names the variant, and why it cannot be shown.
    """
    version = slot_version(store.connection, campaign_id)
    for arm in version.arms:
        try:
            shown(
                arm,
                version.channel,
                campaign_id=campaign_id,
                footer=deps.playbook.footer,
                secret=deps.settings.secret_key.get_secret_value(),
            )
        except Refused as error:
            raise Refused(f"Variant {arm.label} cannot be shown. {error}") from error


def _steps(slot: Slot) -> list[Cohort]:
    return [
        Cohort(
            step=each.step,
            percent=each.percent,
            planned=each.planned,
            # a site can tell of every visitor
            reporting=each.planned,
            # the judge holds a step that is too small to see complaints
            expands_itself=True,
        )
        for each in steps(slot)
    ]
