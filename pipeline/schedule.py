"""Plan who gets an approved campaign in which step, once, and set its start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from domain.campaign import Actor, Campaign, CampaignId, Event
from domain.cohort import Assignment, arm_of, assign, chunks, reports_complaints
from domain.errors import Overtaken, TryLater
from domain.segment import FilterInvalid
from domain.send import CHUNK_SIZE
from domain.variant import Variant
from domain.warm_up import WarmUp, day_of
from pipeline.advance import advance
from pipeline.playbook import Playbook
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage.sends import Cohort, Place
from storage.store import Store


def schedule(deps: Deps, campaign_id: int, version: int) -> None:
    """Fix cohorts, chunks and one send per recipient, and wait for the send time.

    Raises:
        Overtaken: The campaign has moved on.
    """
    number = CampaignId(campaign_id)
    try:
        shown, keys = deps.database.look(lambda store: _people(store, number))
    except FilterInvalid as error:
        _park(deps, number, version, f"Its segment cannot be read any more. {error}")
        return
    if not keys:
        # everybody has asked for silence since the brief: a person has to see that
        _park(deps, number, version, _NOBODY_LEFT)
        return
    zones = _time_zones(deps, number)
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
        segment = store.audiences.get(campaign.audience_id)
        if store.audiences.shown(segment.list_id, hold=True) != shown:
            raise TryLater("The list was imported anew while it was read.")
        _plan(
            store,
            campaign,
            keys,
            assignment,
            _Places(
                deps.playbook,
                zones,
                now=store.now,
                first_at=store.sends.first_intent_at(),
                batch_size=deps.esp.capabilities.batch_size,
            ),
        )
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
                **store.audiences.chosen_by(segment),
            },
        )


def _time_zones(deps: Deps, number: CampaignId) -> Mapping[int, str]:
    """Where each recipient is; not asked while nothing depends on it."""
    if deps.playbook.sending.window is None:
        return {}
    return deps.database.look(
        lambda store: store.audiences.time_zones(
            store.campaigns.get(number).audience_id
        )
    )


class _Places:
    """By what the playbook's limits divide recipients into chunks."""

    def __init__(
        self,
        playbook: Playbook,
        zones: Mapping[int, str],
        *,
        now: datetime,
        first_at: datetime | None,
        batch_size: int,
    ) -> None:
        self._zones, self._batch_size = zones, batch_size
        self._warm_up = playbook.sending.warm_up or WarmUp()
        self._today = day_of(first_at, now, self._warm_up.day)

    def of(self, recipient_id: int, provider: str) -> tuple[str, str]:
        """Time zone and provider, as far as a limit asks for them."""
        limited = provider if provider in self._warm_up.providers else ""
        return self._zones.get(recipient_id, ""), limited

    def most(self, provider: str) -> int:
        """Mails of a chunk: what the ESP takes, and the smallest day to come lets out."""
        least = (
            self._warm_up.ramps[key].least_from(self._today)
            for key in self._warm_up.applying(provider)
        )
        limits = (CHUNK_SIZE, self._batch_size)
        return min([*limits, *(each for each in least if each is not None)])


def _people(store: Store, number: CampaignId) -> tuple[int, list[tuple[int, str, str]]]:
    """Which import the list shows, and who of it can be mailed now."""
    audience_id = store.campaigns.get(number).audience_id
    list_id = store.audiences.get(audience_id).list_id
    return store.audiences.shown(list_id), store.audiences.mailable_keys(audience_id)


def _park(deps: Deps, number: CampaignId, version: int, reason: str) -> None:
    with deps.database.begin() as store:
        if store.campaigns.lock(number).version != version:
            raise Overtaken(f"Campaign #{number} has moved on.")
        advance(
            store,
            number,
            Event.PARKED,
            actor=Actor.machine("scheduler"),
            reason=reason,
        )


_NOBODY_LEFT: Final = "Nobody in the segment can be mailed any more. Cancel it, or import a list and retry."


def _plan(
    store: Store,
    campaign: Campaign,
    keys: Sequence[tuple[int, str, str]],
    assignment: Assignment,
    places: _Places,
) -> None:
    # here and not at the undo: taking a long list's plan back outlasts a click
    store.sends.discard_plan(campaign.id)
    arms = {variant.label: variant for variant in store.variants.arms(campaign.id)}
    # one variant per chunk: what its mails share travels once
    rows: dict[tuple[int, int, str, str], list[dict[str, int]]] = defaultdict(list)
    reporting: dict[int, int] = defaultdict(int)
    for recipient_id, address, provider in keys:
        step = assignment.step_of[address]
        reporting[step] += reports_complaints(provider)
        row = _row(campaign, recipient_id, address, arms)
        zone, limited = places.of(recipient_id, provider)
        rows[step, row["variant_id"], zone, limited].append(row)
    groups = [
        (step, group, Place(time_zone=zone, provider=limited))
        for (step, _variant, zone, limited), members in sorted(rows.items())
        for group in chunks(members, places.most(limited))
    ]
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
        [(step, group) for step, group, _place in groups],
        [place for _step, _group, place in groups],
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
