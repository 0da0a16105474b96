"""A tier A brief before anything is written: who may approve it, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.brief_fields import FIELDS
from domain.campaign import CampaignId
from domain.errors import NotYourTurn
from domain.review import Team

BRAND_LEAD: Final = "brand_lead"
"""The role that approves a strategy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefVersion:
    """One exact brief of a campaign, immutable; a change makes the next one.

    Attributes:
        id: The brief's row, which the buttons of a strategy carry.
        number: 1 for the brief as it was first given.
    """

    id: int
    campaign_id: CampaignId
    number: int
    sha256: str
    body: Mapping[str, object]
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyDecision:
    """What a brand lead decided about one brief version.

    Attributes:
        reason: What should change; None for an approval.
    """

    brief_id: int
    actor: str
    is_approval: bool
    reason: str | None
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyWait:
    """How long one brief version has waited for a brand lead; a new version's is new.

    Attributes:
        escalated_at: The last time somebody was asked to step in.
    """

    brief_id: int
    asked_at: datetime
    due_at: datetime
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None


def brand_leads(team: Team, *, author: str) -> tuple[str, ...]:
    """User ids that may decide about this author's brief, in file order."""
    return tuple(user for user in team.holders(BRAND_LEAD) if user != author)


def check_may_decide(actor: str, *, team: Team, author: str) -> None:
    """Refuse a strategy decision by anyone but a brand lead who did not write it.

    Args:
        actor: Slack user id of the person who clicked.
        author: Who wrote the brief.

    Raises:
        NotYourTurn: Says which rule blocked and who can decide instead.
    """
    others = ", ".join(f"<@{user}>" for user in brand_leads(team, author=author))
    can = f" {others} can." if others else " Nobody else holds that role yet."
    team.check_not_barred(actor)
    if not team.has_role(actor, BRAND_LEAD):
        raise NotYourTurn(f"Only a brand lead can decide about the strategy.{can}")
    if actor == author:
        raise NotYourTurn(
            "You wrote the brief, so another brand lead has to decide"
            f" (separation of duties).{can}"
        )


def check_may_change(actor: str, *, author: str) -> None:
    """Refuse a change of the brief by anyone but its author.

    Raises:
        NotYourTurn: Names the author.
    """
    if actor != author:
        raise NotYourTurn(
            f"Only <@{author}>, who wrote the brief, can change it."
            " Clone the brief to start a campaign of your own."
        )


def changed_fields(
    before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[str, ...]:
    """Names of the fields that differ, in the order of the brief's table."""
    return tuple(
        spec.name
        for spec in FIELDS
        if before.get(spec.name, spec.default) != after.get(spec.name, spec.default)
    )
