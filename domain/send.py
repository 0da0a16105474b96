"""Chunks: the unit of sending, one effect row each, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, NewType

from domain.campaign import CampaignId
from domain.sending import WaitsFor

ChunkId = NewType("ChunkId", int)

CHUNK_SIZE: Final = 1000
"""SendGrid: personalizations per request."""


class ChunkState(StrEnum):
    # of a plan that is not whole yet: nobody sees it, and nothing sends it
    HALF_PLANNED = "half_planned"
    # not handed over yet
    PLANNED = "planned"
    # committed before the call; after a crash it reads as unknown
    INTENT = "intent"
    SENT = "sent"
    # the call timed out or the process died: never resent blindly
    UNKNOWN = "unknown"
    # the ESP refused it and took nothing
    FAILED = "failed"
    # a rollback got there first
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    id: ChunkId
    campaign_id: CampaignId
    version: int
    step: int
    number: int
    size: int
    state: ChunkState
    # the ESP's batch id, made before the send so that it can be cancelled
    batch_id: str | None
    intent_at: datetime | None
    accepted_at: datetime | None
    accepted: int
    skipped: int
    reason: str | None
    # of those skipped, who have had as many mails as they may
    capped: int = 0
    # who could not be merged, as last tried
    unmerged: int = 0
    # since when the ESP has put it off; and of those skipped, for whom it did so too long
    put_off_at: datetime | None = None
    given_up: int = 0
    # where its recipients are, and with whom; empty while nothing asks
    time_zone: str = ""
    provider: str = ""
    # it does not leave before, and what it waits for
    not_before: datetime | None = None
    waits_for: WaitsFor | None = None
    # the ESP it was handed to; empty before that
    esp: str = ""
    # two people sent it again: whom the ESP reports of is left out
    may_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One person of an audience. Never logged, never a task argument."""

    id: int
    address: str
    address_hash: str
    first_name: str
    last_name: str
    company: str
    time_zone: str
    provider: str
    region: str = ""
    # what the list says of them beyond its own columns, by name, as text
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """The one mail a recipient may get from a campaign."""

    id: int
    recipient: Recipient
    variant_id: int
    revision_id: int


class DeliveryEvent(NamedTuple):
    """One normalised event of an ESP (anymail's vocabulary).

    A named tuple, because they come by the hundred thousand: a frozen dataclass takes
    four times as long to make.
    """

    event_id: str
    # accepted delivered deferred bounced rejected opened clicked complained unsubscribed
    type: str
    at: datetime
    send_id: int
    campaign_id: CampaignId
    is_hard: bool = False
    is_machine: bool = False
    url: str | None = None
