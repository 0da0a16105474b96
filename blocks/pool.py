"""What is said about who is asked: a change of hands, and a pool in which nobody is."""

from __future__ import annotations

from datetime import datetime

from blocks.message import Message, message, section
from blocks.text import capital, due, everyone, line, plain, who
from domain.campaign import CampaignId
from domain.pool import Assignment
from domain.review import BY_ITSELF
from domain.views import ReviewView


def assigned(
    campaign_id: CampaignId,
    title: str,
    review: ReviewView,
    change: Assignment,
    *,
    now: datetime,
) -> Message:
    """Who is asked since a change; it mentions them, and whoever changed it."""
    stage = line(review.stage, 40)
    when = f", {due(review.due_at, now)}" if review.due_at is not None else ""
    by_desk = change.actor == BY_ITSELF
    before = _because(change) if by_desk else ""
    if change.after is None:
        said = f"{everyone(review.asked)}: the {stage} review is asked of all of you"
        said += "" if by_desk else f", says {who(change.actor)}"
    elif by_desk:
        said = f"{who(change.after)}: the {stage} review is yours now"
    elif change.after == change.actor:
        said = f"{who(change.actor)} has taken the {stage} review"
    else:
        said = (
            f"{who(change.after)}: {who(change.actor)} asks you for the {stage} review"
        )
    named = everyone(review.asked if change.after is None else (change.after,))
    text = f"#{campaign_id} {plain(title, 100)}: {plain(review.stage, 40)} review asked"
    return message(f"{named} {text}".strip(), [section(f"{said}{when}{before}.")])


def _because(change: Assignment) -> str:
    if change.reason is None or change.before is None:
        return ""
    return f"; whoever was asked before {line(change.reason, 100)}"


def nobody_here(campaign_id: CampaignId, title: str, review: ReviewView) -> Message:
    """A loud word to whoever steps in when a stage is overdue, where there is one."""
    told = everyone(review.escalated_to) if review.escalated_to else ""
    find = f" {told}: find somebody who has the time, or give another person the role."
    words = empty(review.role)
    text = f"#{campaign_id} {plain(title, 100)}: {plain(_nobody(review.role), 100)}"
    return message(
        f"{told} {text}".strip(),
        [section(f"{words}{find if told else ''}")],
    )


def empty(role: str) -> str:
    """What the cards say while all who hold a role are out of office, or nobody does."""
    return (
        f"*{capital(line(_nobody(role), 100))}.* Everybody in it is out of office, or"
        " nobody holds the role now."
    )


def _nobody(role: str) -> str:
    return f"nobody in the {role.replace('_', ' ')} pool is here"
