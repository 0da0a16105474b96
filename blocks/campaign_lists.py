"""Campaigns as lines of a list: Home, `/brief list`, `/desk status`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from blocks.text import count, line, plural, relative, who
from domain.campaign import FINAL, LIVE, State
from domain.views import CampaignLine

_WORDS: Final[Mapping[str, str]] = {
    State.AWAITING_BRAND_LEAD: "waiting for a brand lead",
    State.BRIEFED: "writing",
    State.DRAFTED: "linting",
    State.LINTED: "opening review",
    State.STAGED_REVIEW: "in review",
    State.APPROVED: "approved",
    State.SCHEDULED: "scheduled",
    State.ROLLED_BACK: "rolled back",
}


def state_words(campaign: CampaignLine) -> str:
    """The state as a person says it, such as `in copy review`."""
    if campaign.state is State.SENT and campaign.slot:
        return "shown"
    if campaign.state is State.STAGED_REVIEW and campaign.stage:
        return f"in {line(campaign.stage, 40)} review"
    return words(campaign.state)


def words(state: str) -> str:
    """A state's name as a person says it."""
    return _WORDS.get(state, line(state.replace("_", " "), 40))


def title(campaign: CampaignLine) -> str:
    return f"*#{campaign.id} {line(campaign.title, 100)}*"


def row(campaign: CampaignLine, now: datetime | None = None) -> str:
    """Number, title, state, size; numbers of mails once there are any."""
    parts = [
        f"{title(campaign)} {state_words(campaign)}",
        f"tier {line(campaign.tier, 5)}",
        f"in {line(campaign.slot, 40)}"
        if campaign.slot
        else plural(campaign.recipients, "recipient"),
    ]
    if campaign.state in LIVE or campaign.mails_out:
        parts.append(mails(campaign))
    if now is not None:
        parts.append(relative(campaign.updated_at, now))
    return " · ".join(parts)


def mails(campaign: CampaignLine) -> str:
    """Mails out and left, and complaints."""
    complaints = plural(campaign.complaints, "complaint")
    if campaign.slot:
        return f"seen by {plural(campaign.mails_out, 'visitor')}, {complaints}"
    left = "" if campaign.state in FINAL else f", {count(campaign.mails_left)} left"
    return f"{plural(campaign.mails_out, 'mail')} out{left}, {complaints}"


def place(channel: str, ts: str | None) -> str:
    """Where the card is, as far as Slack has it."""
    return f"<#{channel}>" if ts and channel else "card not posted yet"


def by(campaign: CampaignLine) -> str:
    return f"by {who(campaign.author)}"
