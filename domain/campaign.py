"""What a campaign is, which states it passes, and the only moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from domain.channel import Channel
from domain.errors import MoveNotAllowed

CampaignId = NewType("CampaignId", int)


class State(StrEnum):
    AWAITING_BRAND_LEAD = "awaiting_brand_lead"
    BRIEFED = "briefed"
    DRAFTED = "drafted"
    LINTED = "linted"
    STAGED_REVIEW = "staged_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    CANARY = "canary"
    EXPANDING = "expanding"
    SENT = "sent"
    HELD = "held"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    PARKED = "parked"


class Event(StrEnum):
    STRATEGY_APPROVED = "strategy_approved"
    CHANGES_ASKED = "changes_asked"
    BRIEF_CHANGED = "brief_changed"
    DRAFTED = "drafted"
    LINTED = "linted"
    REVIEW_OPENED = "review_opened"
    STAGE_PASSED = "stage_passed"
    REVIEW_REOPENED = "review_reopened"
    DECISION_UNDONE = "decision_undone"
    APPROVED = "approved"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"
    CANARY_STARTED = "canary_started"
    EXPANDED = "expanded"
    EXTENDED = "extended"
    HELD = "held"
    SENT = "sent"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"
    PARKED = "parked"
    RETRIED = "retried"


SENDING: Final = frozenset({State.CANARY, State.EXPANDING})
"""The gate is open in these states and shut in all others."""

BEFORE_SENDING: Final = frozenset(
    {
        State.AWAITING_BRAND_LEAD,
        State.BRIEFED,
        State.DRAFTED,
        State.LINTED,
        State.STAGED_REVIEW,
        State.APPROVED,
        State.SCHEDULED,
    }
)
LIVE: Final = frozenset({State.SCHEDULED, State.CANARY, State.EXPANDING, State.HELD})
"""What `/rollback` offers: mail is leaving, or would leave without another decision."""

FINAL: Final = frozenset(
    {State.SENT, State.ROLLED_BACK, State.REJECTED, State.CANCELLED}
)

_STRAIGHT: Final[Mapping[tuple[State, Event], State]] = {
    (State.AWAITING_BRAND_LEAD, Event.STRATEGY_APPROVED): State.BRIEFED,
    (State.AWAITING_BRAND_LEAD, Event.CHANGES_ASKED): State.AWAITING_BRAND_LEAD,
    (State.AWAITING_BRAND_LEAD, Event.BRIEF_CHANGED): State.AWAITING_BRAND_LEAD,
    (State.BRIEFED, Event.DRAFTED): State.DRAFTED,
    (State.DRAFTED, Event.LINTED): State.LINTED,
    (State.LINTED, Event.REVIEW_OPENED): State.STAGED_REVIEW,
    (State.STAGED_REVIEW, Event.STAGE_PASSED): State.STAGED_REVIEW,
    (State.STAGED_REVIEW, Event.REVIEW_REOPENED): State.STAGED_REVIEW,
    # within its minute a decision is taken back, with all that followed from it
    (State.STAGED_REVIEW, Event.DECISION_UNDONE): State.STAGED_REVIEW,
    (State.APPROVED, Event.DECISION_UNDONE): State.STAGED_REVIEW,
    (State.SCHEDULED, Event.DECISION_UNDONE): State.STAGED_REVIEW,
    (State.REJECTED, Event.DECISION_UNDONE): State.STAGED_REVIEW,
    (State.STAGED_REVIEW, Event.APPROVED): State.APPROVED,
    (State.STAGED_REVIEW, Event.REJECTED): State.REJECTED,
    (State.APPROVED, Event.SCHEDULED): State.SCHEDULED,
    (State.SCHEDULED, Event.CANARY_STARTED): State.CANARY,
    (State.CANARY, Event.EXPANDED): State.EXPANDING,
    (State.EXPANDING, Event.EXPANDED): State.EXPANDING,
    (State.HELD, Event.EXPANDED): State.EXPANDING,
    (State.CANARY, Event.EXTENDED): State.CANARY,
    (State.EXPANDING, Event.EXTENDED): State.EXPANDING,
    (State.CANARY, Event.HELD): State.HELD,
    (State.EXPANDING, Event.HELD): State.HELD,
    # a list so short that its canary was everyone
    (State.CANARY, Event.SENT): State.SENT,
    (State.EXPANDING, Event.SENT): State.SENT,
    (State.APPROVED, Event.ROLLED_BACK): State.ROLLED_BACK,
    (State.SCHEDULED, Event.ROLLED_BACK): State.ROLLED_BACK,
    (State.CANARY, Event.ROLLED_BACK): State.ROLLED_BACK,
    (State.EXPANDING, Event.ROLLED_BACK): State.ROLLED_BACK,
    (State.HELD, Event.ROLLED_BACK): State.ROLLED_BACK,
    # only what a slot shows: mails that are all out cannot be taken back
    (State.SENT, Event.ROLLED_BACK): State.ROLLED_BACK,
    (State.PARKED, Event.ROLLED_BACK): State.ROLLED_BACK,
}

MOVES: Final[Mapping[tuple[State, Event], State | None]] = {
    **_STRAIGHT,
    **{(state, Event.CANCELLED): State.CANCELLED for state in BEFORE_SENDING},
    **{
        (state, Event.PARKED): State.PARKED
        for state in State
        if state not in FINAL | {State.PARKED, State.HELD}
    },
    (State.PARKED, Event.CANCELLED): State.CANCELLED,
    # None: back to where it was (`paused_from`).
    (State.HELD, Event.EXTENDED): None,
    (State.PARKED, Event.RETRIED): None,
}
"""The whole workflow. A pair that is not here is refused."""

PAUSES: Final = frozenset({State.HELD, State.PARKED})
"""States that remember where they came from."""


def move(
    state: State,
    event: Event,
    *,
    paused_from: State | None = None,
    is_mailed: bool = True,
) -> State:
    """Return the state after `event`.

    Args:
        state: The campaign's state now.
        event: What happened.
        paused_from: Where a held or parked campaign came from.
        is_mailed: False for what is shown in a slot, which can stop being shown.

    Raises:
        MoveNotAllowed: The pair is not in `MOVES`, or mail has already left and
            the event would pretend otherwise (a parked send cannot be cancelled,
            only rolled back).
    """
    if (state, event) not in MOVES:
        raise MoveNotAllowed(state, event)
    if is_mailed and (state, event) == (State.SENT, Event.ROLLED_BACK):
        raise MoveNotAllowed(state, event)
    if (
        state is State.PARKED
        and event is Event.CANCELLED
        and paused_from not in BEFORE_SENDING
    ):
        raise MoveNotAllowed(state, event)
    after = MOVES[state, event]
    if after is not None:
        return after
    if paused_from is None:
        raise MoveNotAllowed(state, event)
    return paused_from


def first_state(tier: str) -> State:
    """Where a new campaign begins: tier A waits for a brand lead before any writing."""
    return State.AWAITING_BRAND_LEAD if tier == "A" else State.BRIEFED


class ActorKind(StrEnum):
    PERSON = "person"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it: a Slack user, a shell user, or a part of Copydesk."""

    id: str
    kind: ActorKind = ActorKind.PERSON

    @classmethod
    def machine(cls, name: str) -> Actor:
        return cls(id=name, kind=ActorKind.MACHINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One row of the workflow."""

    id: CampaignId
    version: int
    state: State
    # The review stage by name while in review; None otherwise.
    stage: str | None
    # Ladder step: 0 is the canary, the last is everyone.
    step: int
    paused_from: State | None
    # Why it is held, parked, rejected or cancelled, in a sentence.
    reason: str | None
    brief_id: int
    title: str
    tier: str
    author: str
    # key of the team of its own that it is of; empty: the centre's
    team: str
    # Slack's channel, where its card is
    channel: str
    # what its copy is for, and the slot that shows it; no slot for mail
    brief_channel: Channel
    slot: str
    audience_id: int
    # Recipients who can be mailed: consent given, not suppressed, at briefing time. Of
    # copy that is no mail, the people it is written for.
    audience_size: int
    send_at: datetime | None
    step_started_at: datetime | None
    decides_at: datetime | None
    created_at: datetime
    updated_at: datetime
