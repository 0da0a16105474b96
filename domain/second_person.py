"""Acts that take two people: one asks, another confirms, and neither is the author."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.campaign import CampaignId
from domain.errors import NotYourTurn


class Act(StrEnum):
    # of a held campaign
    EXPAND = "expand"
    EXTEND = "extend"
    # of a chunk that nobody knows the fate of
    SEND_AGAIN = "send_again"


ACT_WORDS: Final = {
    Act.EXPAND: "Expand",
    Act.EXTEND: "Extend",
    Act.SEND_AGAIN: "Send again",
}
"""By the button that asks and confirms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one person has asked for, and until when another may confirm it.

    Attributes:
        row_id: The campaign or the chunk it acts on.
        row_version: The version that was seen: once the row moves on, it is void.
    """

    id: int
    campaign_id: CampaignId
    act: Act
    row_id: int
    row_version: int
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    confirmed_by: str | None


def check_not_author(act: Act, *, actor: str, author: str) -> None:
    """Setting something risky going is never the author's, as first or as second.

    Raises:
        NotYourTurn: The person wrote the brief.
    """
    if actor == author:
        raise NotYourTurn(
            "You wrote the brief, so two other people have to ask for and confirm"
            f" {ACT_WORDS[act]} (separation of duties)."
        )


def confirms(ask: Ask | None, *, actor: str, now: datetime, asker_may: bool) -> bool:
    """Whether this press is the second person's; else it is a first one.

    Args:
        ask: What was asked for last, if anything.
        asker_may: Whether the first person could still ask now: who has lost their
            role meanwhile has not asked.

    Raises:
        NotYourTurn: The same person pressed twice.
    """
    if ask is None or ask.confirmed_by is not None:
        return False
    if now >= ask.expires_at or not asker_may:
        return False
    if ask.asked_by == actor:
        raise NotYourTurn(
            f"You asked for {ACT_WORDS[ask.act]} already. A second person, not the"
            f" author, has to confirm it before {ask.expires_at:%H:%M} UTC."
        )
    return True
