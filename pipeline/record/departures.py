"""Whether a chunk may leave now, until when it waits, and whom it leaves out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo

from domain.cadence import at_cap
from domain.campaign import Campaign
from domain.cohort import reports_complaints
from domain.send import Chunk, ChunkState
from domain.send_window import SendWindow, burst_at, next_allowed
from domain.sending import WaitsFor
from domain.warm_up import WarmUp, wait_until
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.freezes import stops
from storage.store import Store
from storage.time_zones import zone_named


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Who has had as many mails as they may.

    Attributes:
        reporting: How many of them are at providers that report complaints.
    """

    send_ids: frozenset[int] = frozenset()
    reporting: int = 0


def held_back(
    store: Store, playbook: Playbook, campaign: Campaign, chunk: Chunk
) -> bool:
    """Whether a planned chunk of a locked campaign stays here for now.

    It is queued again for when it may leave; behind a freeze, when that is over.
    """
    return stops(store, playbook, campaign) is not None or _put_off(
        store, playbook, campaign, chunk, chunk.size
    )


def leaves(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    chunk: Chunk,
    *,
    ready: Collection[int],
) -> LeftOut | None:
    """Whom a chunk that leaves now leaves out; None when it stays, as by `held_back`.

    The freeze's lock comes before the limits', as wherever both are taken.

    Args:
        ready: Send ids of the mails that are merged.
    """
    if stops(store, playbook, campaign) is not None:
        return None
    left_out = _capped(store, playbook, chunk, ready)
    size = len(set(ready) - left_out.send_ids)
    is_put_off = _put_off(store, playbook, campaign, chunk, size)
    return None if is_put_off else left_out


def _put_off(
    store: Store, playbook: Playbook, campaign: Campaign, chunk: Chunk, size: int
) -> bool:
    found = _waits(store, playbook, campaign, chunk, size)
    if found is None:
        return False
    until, why = found
    # a new version, so that older jobs of the chunk find that it has moved on
    put_off = store.sends.swap(
        chunk, ChunkState.PLANNED, not_before=until, waits_for=why
    )
    store.outbox.add(
        "send", put_off.id, put_off.version, campaign.id, after=until - store.now
    )
    refresh_card(store, campaign, f"{why}{int(until.timestamp())}")
    return True


def _waits(
    store: Store, playbook: Playbook, campaign: Campaign, chunk: Chunk, size: int
) -> tuple[datetime, WaitsFor] | None:
    sending = playbook.sending
    if sending.window is not None:
        opens = _window_opens(store, sending.window, campaign, chunk)
        if opens > store.now:
            return opens, WaitsFor.WINDOW
    if sending.warm_up is not None:
        tomorrow = _allowance_is_used(store, sending.warm_up, chunk, size)
        if tomorrow is not None:
            return tomorrow, WaitsFor.WARM_UP
    return None


def _window_opens(
    store: Store, window: SendWindow, campaign: Campaign, chunk: Chunk
) -> datetime:
    """When the chunk may leave; a canary as one burst, where its zones have an hour."""
    if chunk.step == 0 == campaign.step:
        names = store.sends.time_zones(campaign.id, step=0)
        burst = burst_at(store.now, (_zone(each, window) for each in names), window)
        if burst is not None:
            return burst
    return next_allowed(store.now, _zone(chunk.time_zone, window), window)


def _zone(name: str, window: SendWindow) -> tzinfo:
    return zone_named(name) or window.default_zone


def _allowance_is_used(
    store: Store, warm_up: WarmUp, chunk: Chunk, size: int
) -> datetime | None:
    """When the next day's allowance begins, if today's has no room for the chunk."""
    store.sends.hold_counts()
    first_at = store.sends.first_intent_at()
    today = warm_up.today(first_at, store.now)
    waits = [
        wait_until(
            size,
            used=store.sends.left_since(today, provider=key),
            ramp=warm_up.ramps[key],
            first_at=first_at,
            now=store.now,
            day=warm_up.day,
        )
        for key in warm_up.applying(chunk.provider)
    ]
    return max((each for each in waits if each is not None), default=None)


def _capped(
    store: Store, playbook: Playbook, chunk: Chunk, ready: Collection[int]
) -> LeftOut:
    """Whom of the chunk the cadence cap leaves out.

    Counted in the transaction that intends the call: no two chunks count at once.
    """
    cap = playbook.sending.cap
    if cap is None:
        return LeftOut()
    store.sends.hold_counts()
    had = store.sends.had(chunk.id, since=store.now - cap.span)
    send_ids = at_cap(had, cap).intersection(ready)
    providers = store.sends.providers(chunk.id, send_ids) if send_ids else ()
    return LeftOut(send_ids=send_ids, reporting=sum(map(reports_complaints, providers)))
