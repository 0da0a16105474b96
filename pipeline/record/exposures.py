"""What sites report of a slot's visitors: proven, counted once, and judged at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from domain.campaign import CampaignId, State
from domain.channel import Slot
from domain.errors import Refused
from domain.exposure import (
    COUNTED,
    EVENTS_MOST,
    Reported,
    SiteEvent,
    Token,
    check_fits,
    read_event,
)
from domain.send import DeliveryEvent
from pipeline.playbook import Playbook
from pipeline.record.canary import WATCHED, judge_due, settle_step
from pipeline.record.events import refresh_live_card
from pipeline.slot_keys import read_token
from storage.events import Added, metric_of
from storage.store import Store

_SHOWN: Final = COUNTED[Reported.EXPOSED].type


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a site's post came to.

    Attributes:
        new: Reports that changed a count.
        known: Reports of what had been reported of that visitor before.
        refused: Number of the event in the post, from 1, and what is wrong with it.
        halted: Campaigns whose gate this post shut.
    """

    new: int
    known: int
    refused: tuple[tuple[int, str], ...]
    halted: tuple[CampaignId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proven:
    event: SiteEvent
    token: Token


def check_post(body: object) -> Sequence[object]:
    """The events of a posted body.

    Raises:
        Refused: It is not an object with at most 500 events, and nothing else.
    """
    found = body.get("events") if isinstance(body, Mapping) and len(body) == 1 else None
    if not isinstance(found, list) or len(found) > EVENTS_MOST:
        raise Refused(
            f'The body must be {{"events": [...]}} with at most {EVENTS_MOST} events.'
        )
    return found


def site_events(
    store: Store,
    playbook: Playbook,
    slot: Slot,
    items: Sequence[object],
    *,
    secret: str,
) -> Taken:
    """Count a post's reports, and judge each campaign they are about.

    All in the caller's transaction: when the site gets its answer, a breach has shut
    the gate. One wrong report does not keep the others from counting, else whoever
    slips one in could mask a rollback. A visitor counts once of each kind, under
    whatever ids it is reported, so posting again changes nothing.

    Args:
        secret: The desk's own, which made the tokens.
    """
    proven, refused = _proven(store, slot, items, secret)
    # before any exposure is written: on Postgres that holds the campaign's row as well,
    # and two posts would wait for each other
    for number in sorted({each.token.campaign_id for each in proven}):
        store.campaigns.lock(number)
    ids = store.exposures.meet([each.token for each in proven])
    reported = [_counted(each, ids) for each in proven]
    shown = [_shown(each) for each in reported if each.type != _SHOWN]
    added = store.events.add([*reported, *shown], bucket=playbook.bucket)
    keys = {(e.campaign_id, metric_of(e), e.send_id) for e in reported}
    new = len(keys & added.firsts)
    halted = tuple(
        number
        for number in sorted(added.campaigns)
        if _take_in(store, playbook, number, added)
    )
    _hear(store, slot)
    return Taken(new=new, known=len(proven) - new, refused=refused, halted=halted)


def _proven(
    store: Store, slot: Slot, items: Sequence[object], secret: str
) -> tuple[list[_Proven], tuple[tuple[int, str], ...]]:
    """The reports that are about answers of ours for this slot, and why others are not."""
    found: list[tuple[int, _Proven]] = []
    refused: list[tuple[int, str]] = []
    for number, raw in enumerate(items, start=1):
        try:
            event = read_event(raw, now=store.now)
            token = read_token(secret, event.token)
            check_fits(event, token, now=store.now)
        except Refused as error:
            refused.append((number, str(error)))
            continue
        found.append((number, _Proven(event=event, token=token)))
    slots = store.exposures.slots_of({each.token.campaign_id for _, each in found})
    strangers = [
        (number, "token: it was given out for another slot.")
        for number, each in found
        if slots.get(each.token.campaign_id) != slot.key
    ]
    numbers = {number for number, _ in strangers}
    proven = [each for number, each in found if number not in numbers]
    return proven, tuple(sorted([*refused, *strangers]))


def _counted(each: _Proven, ids: Mapping[tuple[int, str], int]) -> DeliveryEvent:
    """The report as the judge's counters know it, about an exposure for a mail."""
    token, kind = each.token, COUNTED[each.event.type]
    return DeliveryEvent(
        event_id=each.event.id,
        type=kind.type,
        at=each.event.at,
        send_id=ids[token.campaign_id, token.visitor],
        campaign_id=token.campaign_id,
        is_hard=kind.is_hard,
    )


def _shown(event: DeliveryEvent) -> DeliveryEvent:
    """Who says anything of it has seen it, whether or not that was posted."""
    return event._replace(
        event_id=f"{event.event_id}:exposed", type=_SHOWN, is_hard=False
    )


def _take_in(
    store: Store, playbook: Playbook, campaign_id: CampaignId, added: Added
) -> bool:
    """Act on one campaign's news; True when its gate was shut by them."""
    before = store.campaigns.lock(campaign_id)
    if any(campaign == campaign_id for campaign, _metric, _id in added.firsts):
        refresh_live_card(store, playbook, before)
    if before.state is State.ROLLED_BACK:
        incident = store.incidents.of(campaign_id)
        late = store.exposures.reported_since(campaign_id, incident.opened_at)
        store.incidents.note(incident.id, leaked=late)
    if before.state not in WATCHED:
        return False
    # a breach first: a step that is full must not hide it
    judge_due(store, playbook, campaign_id)
    settle_step(store, playbook, campaign_id)
    after = store.campaigns.lock(campaign_id).state
    return after is not before.state and after in (State.HELD, State.ROLLED_BACK)


def _hear(store: Store, slot: Slot) -> None:
    """An empty post says that nothing went wrong, which silence does not."""
    number = store.exposures.trying(slot.key)
    if number is not None:
        store.events.hear(number)
