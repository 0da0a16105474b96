"""Taking a decision back: for a minute, and only while nothing was built on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType

from domain.campaign import CampaignId, State
from domain.errors import AlreadyDecided, NotYourTurn, Overtaken, Refused
from domain.review import BY_ITSELF, RequestId
from domain.variant import RevisionId, Variant, VariantId, VariantState

DecisionId = NewType("DecisionId", int)

UNDO_FOR: Final = timedelta(seconds=60)
"""How long a slip can be taken back: a person's minute, so practice time is no shorter."""

UNDOABLE: Final = frozenset(
    {State.STAGED_REVIEW, State.APPROVED, State.SCHEDULED, State.REJECTED}
)
"""No mail is out in these, and nothing but decisions led from review to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One person's answer to a review request."""

    id: DecisionId
    request_id: RequestId
    campaign_id: CampaignId
    variant_id: VariantId
    revision_id: RevisionId
    stage: str
    actor: str
    is_approval: bool
    decided_at: datetime


def check_may_undo(
    actor: str,
    decision: Decision,
    *,
    since: Sequence[Decision],
    state: State,
    revision_id: RevisionId | None,
    now: datetime,
) -> None:
    """Refuse to take a decision back that is not one's own, or not the last word.

    Args:
        actor: Slack user id of the person who clicked.
        since: Later decisions on the campaign that stand.
        state: The campaign's state now.
        revision_id: The variant's present text; None while it is being rewritten.

    Raises:
        NotYourTurn: Another person decided.
        AlreadyDecided: Somebody else has decided on the campaign since.
        Overtaken: The text has changed, or the campaign has gone on.
        Refused: The minute is over, or the same person decided about the variant again.
    """
    if actor != decision.actor:
        raise NotYourTurn(
            f"Only <@{decision.actor}>, who decided, can take this decision back."
        )
    other = next((each for each in since if each.actor != actor), None)
    if other is not None:
        raise AlreadyDecided(
            f"{_named(other.actor)} has decided in the {other.stage} stage since,"
            " so your decision stands."
        )
    again = next((e for e in since if e.variant_id == decision.variant_id), None)
    if again is not None:
        raise Refused(
            "You have decided about the same variant since,"
            f" in the {again.stage} stage; take that back first."
        )
    if state not in UNDOABLE:
        raise Overtaken(
            f"The campaign is {state.replace('_', ' ')} now, so your decision stands."
        )
    if revision_id != decision.revision_id:
        raise Overtaken(
            "The text has been changed since your decision,"
            " so there is nothing to take back."
        )
    if now - decision.decided_at >= UNDO_FOR:
        raise Refused(
            f"A decision can be taken back for {UNDO_FOR.total_seconds():.0f} seconds;"
            " they are over, so it stands."
        )


def text_decided_about(variant: Variant) -> RevisionId | None:
    """The variant's text as reviewers know it; None while another one is on its way."""
    if variant.state in (VariantState.BRIEFED, VariantState.DRAFTED):
        return None
    return variant.revision_id


def can_undo(
    decision: Decision,
    *,
    since: Sequence[Decision],
    state: State,
    revision_id: RevisionId | None,
    now: datetime,
) -> bool:
    """Whether the decider could take it back at `now`: what a card offers."""
    if decision.actor == BY_ITSELF:
        return False
    try:
        check_may_undo(
            decision.actor,
            decision,
            since=since,
            state=state,
            revision_id=revision_id,
            now=now,
        )
    except Refused:
        return False
    return True


def _named(actor: str) -> str:
    return "The desk" if actor == BY_ITSELF else f"<@{actor}>"
