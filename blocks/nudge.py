"""What is said when nobody decides: a reminder to those asked, a call on others."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from blocks.message import Message, context, message, section
from blocks.text import clock, due, everyone, joined, line, plain, who
from domain.campaign import CampaignId
from domain.review import BY_ITSELF
from domain.views import DecisionLine, Nudge, ReviewView

_THEN: Final = "What passes lint is approved by itself then, if nobody decides."
_WHEN_DUE: Final = (
    "What passes lint is approved by itself when it is due, if nobody decides."
)
_SPOT_CHECK: Final = (
    "Drawn for a spot check: it never passes by itself, a person decides."
)


def reminded(
    campaign_id: CampaignId,
    title: str,
    review: ReviewView,
    nudge: Nudge,
    *,
    now: datetime,
) -> Message:
    """The one reminder; it mentions only those who are asked."""
    stage = line(review.stage, 40)
    asked = everyone(review.asked)
    who_reviews = f"{asked}: your" if review.asked else "Nobody is asked yet: the"
    then = f" {_THEN}" if review.passes_by_itself else ""
    text = (
        f"#{campaign_id} {plain(title, 100)}: {plain(review.stage, 40)} review"
        " is still open"
    )
    return message(
        f"{asked} {text}" if review.asked else text,
        [
            section(
                f"{who_reviews} {stage} review of {_variants(nudge)} is still open,"
                f" {due(nudge.due_at, now)}.{then}"
            )
        ],
    )


def escalated(
    campaign_id: CampaignId,
    title: str,
    review: ReviewView,
    nudge: Nudge,
    *,
    channel: str | None,
    now: datetime,
) -> Message:
    """Somebody else is asked to step in; those asked are named by role, not pinged.

    Args:
        channel: Where the campaign's card is, for whoever is told elsewhere.
    """
    told = everyone(review.escalated_to)
    named = f"#{campaign_id} {line(title, 100)}"
    role = line(review.role.replace("_", " "), 40)
    text = f"#{campaign_id} {plain(title, 100)}: {plain(review.stage, 40)} review waits"
    return message(
        f"{told} {text}",
        [
            section(
                f"{told}: nobody has decided {_variants(nudge)} of {named} in"
                f" {line(review.stage, 40)} review, {due(nudge.due_at, now)}."
                f" Whoever holds the role {role} can; find somebody who has the time."
            ),
            context(f"Its card is in <#{line(channel, 30)}>" if channel else ""),
        ],
    )


def decider(actor: str) -> str:
    """Who decided, by mention; where nobody acted it passed by itself."""
    return "itself" if actor == BY_ITSELF else who(actor)


def carried(decision: DecisionLine) -> str:
    """What an approval of an earlier revision adds to its line."""
    number = decision.holds_from
    return "" if number is None else f", for revision {number}, still holds"


def standing(review: ReviewView) -> str:
    """What the campaign card says about it, in sentences."""
    said = []
    if review.approvals_needed > 1:
        said.append(f"Each text needs {review.approvals_needed} people's approval.")
    if review.escalated is not None and review.escalated_to:
        at = clock(review.escalated.at)
        said.append(f"Escalated to {everyone(review.escalated_to)}, {at}.")
    elif review.reminded is not None:
        said.append(f"Reminded {clock(review.reminded.at)}.")
    if review.passes_by_itself and review.escalated is None:
        said.append(_WHEN_DUE)
    if review.is_spot_checked:
        said.append(_SPOT_CHECK)
    return " ".join(said)


def _variants(nudge: Nudge) -> str:
    noun = "variant" if len(nudge.labels) == 1 else "variants"
    return f"{noun} {joined(line(each, 5) for each in nudge.labels)}"
