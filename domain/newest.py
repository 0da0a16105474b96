"""What a click was about, and where the newest card of that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.campaign import CampaignId


class Noun(StrEnum):
    """The kinds of row that a button, a menu or a form names."""

    CAMPAIGN = "campaign"
    BRIEF = "brief"
    VARIANT = "variant"
    REVISION = "revision"
    REQUEST = "request"
    DECISION = "decision"
    SUGGESTION = "suggestion"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlace:
    """A card that is in Slack.

    Attributes:
        variant_label: The variant whose card it is; None: the campaign's own.
    """

    campaign_id: CampaignId
    variant_label: str | None
    channel: str
    ts: str
