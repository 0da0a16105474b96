"""Seed mails: what the team's own mailboxes get of a campaign, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.campaign import CampaignId

SEEDS_MOST: Final = 20
"""Addresses that `canary.yaml` may name: the team, not a list."""

# ESP webhooks carry it as text of at most 18 digits
FIRST_SEND_ID: Final = 9 * 10**17
"""Send ids of seed mails begin here, where no recipient's mail ever gets.

An event about one is about no mail that is known, so nothing counts or acts on it.
"""


class SeedState(StrEnum):
    # not handed over yet
    PLANNED = "planned"
    # committed before the calls; after a crash it reads as unknown
    INTENT = "intent"
    SENT = "sent"
    # a call was not answered, or the process died: never sent again
    UNKNOWN = "unknown"
    # none of them left, and none will
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedMails:
    """All seed mails of one campaign: one effect, whose fate is known or is not.

    Attributes:
        seeds: Mailboxes of the team.
        mails: One for each seed and arm; 0 before they are merged.
        accepted: Those of them that the ESP said it took.
        reason: Why it is unknown, failed, or not all of them.
    """

    id: int
    campaign_id: CampaignId
    version: int
    state: SeedState
    seeds: int
    mails: int
    accepted: int
    intent_at: datetime | None
    reason: str | None
